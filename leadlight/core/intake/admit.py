"""Whether a call becomes an event, and which."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from leadlight.core.ids import is_generic, visitor_id
from leadlight.core.intake.calls import Call, Context, Scalar
from leadlight.core.intake.drops import Drop
from leadlight.core.intake.landings import token_in
from leadlight.core.intake.oddities import WEBDRIVER
from leadlight.core.intake.pages import campaign_of, page_of
from leadlight.core.intake.times import put_right, skew
from leadlight.core.privacy.forwarding import FOR_EXAMPLES, bare_address
from leadlight.core.privacy.levels import COMPANY_ONLY, IDENTIFIED, NONE, impersonal, step_of_consent
from leadlight.core.privacy.policy import Policy
from leadlight.core.privacy.secrets_in_text import holds_email, without_emails
from leadlight.core.records import PAGE_ENGAGED, Channel, Engagement, Event, EventType, Page
from leadlight.core.sites.settings import SiteSettings

ID_CHARACTERS = 200
"""Of an anonymous id or user id: an e-mail address takes up to 254 but none in use comes near; indexes take no more."""

EVENT_ID_CHARACTERS = 100
"""Of a message id; the longest that a known library makes has 62. A longer one is replaced by its hash, so that
repeats are still recognised."""

NAME_CHARACTERS = 256
AGENT_CHARACTERS = 1_024
LOCALE_CHARACTERS = 64
LIBRARY_CHARACTERS = 128

LONGEST_ENGAGED_MS = 24 * 3600 * 1000
"""Nobody reads one page longer; a larger value is cut to it."""

USER_PREFIX = "user:"
"""Before the user id where it stands for the anonymous id that server events lack."""

LONGEST_GENERIC_CHARACTERS = 20
"""No id that stands for everything is longer, so most need no look."""

REMEMBERED_VISITORS = 16_384

_TYPES = {kind.value: kind for kind in EventType}
_PAGE, _TRACK, _IDENTIFY, _GROUP, _ALIAS = (
    EventType.PAGE,
    EventType.TRACK,
    EventType.IDENTIFY,
    EventType.GROUP,
    EventType.ALIAS,
)
_NOTHING: dict[str, Any] = {}


UNDECIDED = Policy("", SiteSettings())
"""Of a site whose owner has decided nothing."""


class Whereabouts(Struct, frozen=True, gc=False):
    """What follows from where a visitor is. The address itself never leaves memory."""

    address: str | None = None  # None: nobody knows it
    sealed: str | None = None  # the address as it may be stored; None without a key to seal it with
    step: int = IDENTIFIED  # what the site and the country allow to be known
    excluded: bool = False  # in a network that the owner leaves out


NOWHERE = Whereabouts()

Locate = Callable[[str | None], Whereabouts]
Pseudonym = Callable[[str, str | None, str | None], str]
"""The anonymous id of a visitor who leaves nothing behind: from site, address and agent, for one day."""

TooFast = Callable[[str], bool]
"""Counts one event of a visitor; whether it comes faster than people send."""


class Arrival(Struct, frozen=True, gc=False):
    """What a post says about all of its calls."""

    site: str
    received_at: datetime  # UTC, whole milliseconds
    channel: Channel
    error: timedelta | None = None  # of the sender's clock: what to add to its times
    agent: str | None = None  # of the browser that posted; None for a server's post
    refusal: Drop | None = None  # why none of its calls is taken
    policy: Policy = UNDECIDED
    where: Whereabouts = NOWHERE  # of the browser that posted, or of nobody
    locate: Locate | None = (
        None  # tells of a stated `context.ip`; None for browsers, which have an address of their own
    )
    secret: bool = False  # posted with a secret key: `context.ip` is believed
    cookie_id: str | None = None  # the visitor's id in the first-party cookie
    pseudonym: Pseudonym | None = None
    too_fast: TooFast | None = None
    oddities: tuple[str, ...] = ()  # of the headers, in a browser's post


def admit(call: Call, arrival: Arrival) -> Event | Drop:
    """The event that a call becomes, or why it becomes none."""
    kind = _TYPES.get(call.type or "")
    if kind is None:
        return Drop.UNKNOWN_TYPE
    if arrival.refusal is not None:
        return arrival.refusal
    policy, context, where = arrival.policy, call.context, arrival.where
    agent = arrival.agent
    step, cookieless = where.step, False
    if context is not None:
        agent = context.userAgent or agent
        if context.ip is not None:
            where = _stated_place(context, arrival)
            step = where.step
        if context.consent is not None and (allowed := step_of_consent(context.consent)) < step:
            if allowed == NONE:
                return Drop.NO_CONSENT
            step = allowed
        cookieless = context.cookieless is True
    if where.excluded:
        return Drop.EXCLUDED_NETWORK
    if step == NONE:
        return Drop.PRIVACY_NONE

    given_anonymous_id, given_user_id = _id(call.anonymousId), _id(call.userId)
    if len(given_anonymous_id) > ID_CHARACTERS or len(given_user_id) > ID_CHARACTERS:
        return Drop.ID_TOO_LONG
    if policy.excludes_people and (step != IDENTIFIED or _is_only_a_person(given_anonymous_id, arrival)):
        excluded = _excluded(call, given_user_id, policy)
        if excluded is not None:
            return excluded
    sent_at = call.sentAt
    event_id = _event_id(call)  # before anything is taken out of the call: a retry is the same event
    if cookieless or step != IDENTIFIED or not given_anonymous_id:
        named = _named(kind, given_anonymous_id, given_user_id, agent, where, arrival, step, cookieless=cookieless)
        if isinstance(named, Drop):
            return named
        given_anonymous_id, given_user_id = named
    identity = _identity(arrival.site, given_anonymous_id, given_user_id)
    if isinstance(identity, Drop):
        return identity
    visitor, anonymous_id, user_id = identity
    if kind is _TRACK and not call.event:
        return Drop.NO_NAME

    received_at = arrival.received_at
    error = arrival.error if sent_at is None else skew(sent_at, received_at)
    timestamp = call.timestamp if call.timestamp is not None else call.originalTimestamp
    occurred_at = put_right(timestamp, received_at=received_at, error=error) or received_at

    properties = call.properties or _NOTHING
    engagement = None
    if kind is _TRACK and call.event == PAGE_ENGAGED:
        engagement = _engagement(properties, received_at, error)
        if engagement is None:
            return Drop.BAD_ENGAGEMENT
        properties = _NOTHING
    elif kind is _GROUP:
        properties = {"group_id": _id(call.groupId)}
    elif kind is _ALIAS:
        properties = {"previous_id": _id(call.previousId)}
    cleaner = policy.cleaner_at(step)
    link = _link(properties, context) if step == IDENTIFIED else None
    page, address = page_of(properties, context, stated=kind is _PAGE, cleaner=cleaner)
    if page is not None and policy.excluded_paths is not None and policy.excluded_paths(page.path):
        return Drop.EXCLUDED_PATH
    if properties:
        properties = cleaner.properties(properties)
    name, traits = _name(kind, call, properties), _traits(kind, call)
    if traits:
        traits = cleaner.properties(traits)
    if step != IDENTIFIED:
        properties, traits = impersonal(properties), _NOTHING
        name = without_emails(name) if name else name
        page = _impersonal_page(page)

    locale = timezone = library = None
    demo = imported = False
    if context is not None:
        locale, timezone = context.locale, context.timezone
        library = _library(context)
        demo = context.leadlight_demo is True
        imported = context.leadlight_import is True and arrival.secret
    return Event(  # by place, in the order of its fields: by name it costs five times as much
        arrival.site,
        visitor,
        event_id,
        kind,
        anonymous_id,
        occurred_at,
        received_at,
        arrival.channel,
        name[:NAME_CHARACTERS] if name else None,
        user_id,
        page,
        engagement,
        properties,
        traits,
        campaign_of(context, address),
        agent[:AGENT_CHARACTERS] if agent else None,
        locale[:LOCALE_CHARACTERS] if locale else None,
        timezone[:LOCALE_CHARACTERS] if timezone else None,
        library,
        address.click_ids,
        where.sealed,
        demo,
        imported,
        not imported and arrival.too_fast is not None and arrival.too_fast(visitor),  # automated
        link,
        arrival.oddities if context is None or context.webdriver is None else _driven(context, arrival),
    )


def _driven(context: Context, arrival: Arrival) -> tuple[str, ...]:
    """The oddities with the page's own word that a program drives its browser."""
    told = context.webdriver is True and arrival.channel is Channel.BROWSER
    return (*arrival.oddities, WEBDRIVER) if told else arrival.oddities


def _stated_place(context: Context, arrival: Arrival) -> Whereabouts:
    """Where the sender says that its visitor is, if it is to be believed; of demo visitors, if the place is invented."""
    if arrival.locate is None or type(context.ip) is not str:
        return arrival.where
    address = bare_address(context.ip)
    if arrival.secret or (context.leadlight_demo is True and address is not None and FOR_EXAMPLES.holds(address)):
        return arrival.locate(address)
    return arrival.where


def _is_only_a_person(anonymous_id: str, arrival: Arrival) -> bool:
    """Whether a call belongs to no browser: a server's, about one of its users."""
    return not anonymous_id and arrival.channel is Channel.SERVER


def _excluded(call: Call, user_id: str, policy: Policy) -> Drop | None:
    """Whether the call says that it is about somebody whom the owner leaves out.

    Not asked of a browser where people may be known: by what it says here it is kept apart, with all that it did before.
    """
    stated: list[Any] = [user_id]
    if call.traits and call.type != _GROUP:
        stated.append(call.traits.get("email"))
    if call.context is not None and call.context.traits:
        stated.append(call.context.traits.get("email"))
    for email in stated:
        if type(email) is str and (reason := policy.excluded_person(email)) is not None:
            return reason
    return None


def _named(
    kind: EventType,
    anonymous_id: str,
    user_id: str,
    agent: str | None,
    where: Whereabouts,
    arrival: Arrival,
    step: int,
    *,
    cookieless: bool,
) -> tuple[str, str] | Drop:
    """The anonymous id and user id by which the visitor may be known at this step of the ladder."""
    if step != IDENTIFIED:
        if kind in (_IDENTIFY, _ALIAS):
            return Drop.PERSON_REFUSED
        only_a_person = bool(user_id) and is_generic(anonymous_id)
        user_id = ""
        if holds_email(anonymous_id):
            anonymous_id = ""
    else:
        only_a_person = False
    browser = arrival.channel is Channel.BROWSER
    if cookieless or step == COMPANY_ONLY:
        tellable = browser or where.address is not None  # of a server's agent alone, one id would stand for everybody
        agent = agent[:AGENT_CHARACTERS] if agent else None
        anonymous_id = arrival.pseudonym(arrival.site, where.address, agent) if arrival.pseudonym and tellable else ""
    elif not anonymous_id and arrival.cookie_id is not None:
        anonymous_id = arrival.cookie_id
    if not anonymous_id and only_a_person:
        return Drop.PERSON_REFUSED
    return anonymous_id, user_id


def _impersonal_page(page: Page | None) -> Page | None:
    if page is None or (title := without_emails(page.title)) == page.title:
        return page
    return Page(page.url, page.path, title, page.referrer, page.search)


def bounded_event_id(given: str) -> str:
    """The id under which repeats are recognised: as given, or its hash if it is too long for an index."""
    return given if len(given) <= EVENT_ID_CHARACTERS else "sha256-" + sha256(given.encode()).hexdigest()


def _event_id(call: Call) -> str:
    given = _id(call.messageId)
    if len(given) > LONGEST_GENERIC_CHARACTERS or not is_generic(given):
        return bounded_event_id(given)
    call.sentAt = None  # a retry is sent later, and is the same event
    return "sha256-" + sha256(encode(call, order="deterministic")).hexdigest()


def _id(value: Scalar) -> str:
    if type(value) is str:
        return value.strip()
    return "" if value is None else str(value)


@lru_cache(REMEMBERED_VISITORS)
def _identity(site: str, anonymous_id: str, user_id: str) -> tuple[str, str, str | None] | Drop:
    """Visitor, anonymous id and user id. An id that stands for everybody counts as missing."""
    known = None if is_generic(user_id) else user_id
    if is_generic(anonymous_id):
        if known is None:
            return Drop.NO_IDENTITY
        anonymous_id = USER_PREFIX + known
    return visitor_id(site, anonymous_id), anonymous_id, known


def _engagement(properties: dict[str, Any], received_at: datetime, error: timedelta | None) -> Engagement | None:
    view, engaged_ms = properties.get("page_view_id"), properties.get("engaged_ms")
    if not isinstance(view, str) or not view.strip():
        return None
    if not isinstance(engaged_ms, int | float) or isinstance(engaged_ms, bool) or engaged_ms < 0:
        return None
    active_until = put_right(properties.get("active_until"), received_at=received_at, error=error)
    if active_until is None:
        return None
    scroll = properties.get("scroll_percent")
    if not isinstance(scroll, int | float) or isinstance(scroll, bool):
        scroll = 0
    return Engagement(
        page_view_id=bounded_event_id(view.strip()),
        engaged_ms=int(min(engaged_ms, LONGEST_ENGAGED_MS)),
        active_until=active_until,
        scroll_percent=int(min(max(scroll, 0), 100)),
        touched=properties.get("touched") is True,
    )


def _link(properties: dict[str, Any], context: Context | None) -> str | None:
    """The token of the link that led to the page, before it is taken out of the page's address. A referrer's token is of
    the page before: it led there."""
    told = context.page if context is not None else None
    get = properties.get
    return token_in(get("url"), get("search"), *((told.url, told.search, told.path) if told is not None else ()))


def _name(kind: EventType, call: Call, properties: dict[str, Any]) -> str | None:
    if kind is _TRACK:
        return call.event
    if call.name:
        return call.name
    stated = properties.get("name")
    return stated if isinstance(stated, str) else None


def _traits(kind: EventType, call: Call) -> dict[str, Any]:
    """What the call says about the person; of a `group` call, about the group."""
    if call.traits and kind in (_IDENTIFY, _GROUP):
        return call.traits
    if kind is not _GROUP and call.context is not None and call.context.traits:
        return call.context.traits
    return _NOTHING


def _library(context: Context) -> str | None:
    library = context.library
    if library is None or not library.name:
        return None
    return (
        f"{library.name} {library.version}"[:LIBRARY_CHARACTERS]
        if library.version
        else library.name[:LIBRARY_CHARACTERS]
    )

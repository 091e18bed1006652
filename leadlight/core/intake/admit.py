"""Whether a call becomes an event, and which."""

from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from leadlight.core.ids import is_generic, visitor_id
from leadlight.core.intake.calls import Call, Context, Scalar
from leadlight.core.intake.drops import Drop
from leadlight.core.intake.pages import campaign_of, page_of
from leadlight.core.intake.times import put_right, skew
from leadlight.core.records import PAGE_ENGAGED, Channel, Engagement, Event, EventType

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


class Arrival(Struct, frozen=True, gc=False):
    """What a post says about all of its calls."""

    site: str
    received_at: datetime  # UTC, whole milliseconds
    channel: Channel
    error: timedelta | None = None  # of the sender's clock: what to add to its times
    agent: str | None = None  # of the browser that posted; None for a server's post
    consent: bool = True  # False: the browser asked not to be followed


def admit(call: Call, arrival: Arrival) -> Event | Drop:
    """The event that a call becomes, or why it becomes none."""
    kind = _TYPES.get(call.type or "")
    if kind is None:
        return Drop.UNKNOWN_TYPE
    if not arrival.consent:
        return Drop.NO_CONSENT
    given_anonymous_id, given_user_id = _id(call.anonymousId), _id(call.userId)
    if len(given_anonymous_id) > ID_CHARACTERS or len(given_user_id) > ID_CHARACTERS:
        return Drop.ID_TOO_LONG
    identity = _identity(arrival.site, given_anonymous_id, given_user_id)
    if isinstance(identity, Drop):
        return identity
    visitor, anonymous_id, user_id = identity
    if kind is _TRACK and not call.event:
        return Drop.NO_NAME

    received_at, context = arrival.received_at, call.context
    error = arrival.error if call.sentAt is None else skew(call.sentAt, received_at)
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
    page = page_of(properties, context, stated=kind is _PAGE)

    agent = locale = timezone = library = None
    demo = imported = False
    if context is not None:
        agent, locale, timezone = context.userAgent, context.locale, context.timezone
        library = _library(context)
        demo = context.leadlight_demo is True
        imported = context.leadlight_import is True
    agent = agent or arrival.agent
    name = _name(kind, call, properties)
    return Event(
        site=arrival.site,
        visitor=visitor,
        id=_event_id(call),
        type=kind,
        anonymous_id=anonymous_id,
        occurred_at=occurred_at,
        received_at=received_at,
        channel=arrival.channel,
        name=name[:NAME_CHARACTERS] if name else None,
        user_id=user_id,
        page=page,
        engagement=engagement,
        properties=properties,
        traits=_traits(kind, call),
        campaign=campaign_of(context, page),
        user_agent=agent[:AGENT_CHARACTERS] if agent else None,
        locale=locale[:LOCALE_CHARACTERS] if locale else None,
        timezone=timezone[:LOCALE_CHARACTERS] if timezone else None,
        library=library,
        demo=demo,
        imported=imported,
    )


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
    )


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

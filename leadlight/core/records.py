"""What travels through the log: one JSON record for each event, self-contained at every step.

Readers ignore unknown fields; within v1 no field changes its meaning.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field
from msgspec.json import Decoder, Encoder

EVENTS_TOPIC = "leadlight.events.v1"
IDENTIFIED_TOPIC = "leadlight.identified.v1"

RECIPIENT_PREFIX = "recipient:"
"""Before the contact's id: the anonymous id of whoever followed a link made for that person, mail scanners too."""

PAGE_ENGAGED = "Page Engaged"
"""The name of the `track` call in which the snippet reports engaged time."""


class EventType(StrEnum):
    """The Segment call that an event came in as."""

    PAGE = "page"
    SCREEN = "screen"
    TRACK = "track"
    IDENTIFY = "identify"
    GROUP = "group"
    ALIAS = "alias"


class Channel(StrEnum):
    """Who posted: a browser about itself, or a server library on its users' behalf."""

    BROWSER = "browser"
    SERVER = "server"


class Page(Struct, frozen=True, gc=False, omit_defaults=True):
    """The page an event happened on. `path` begins with a slash; `referrer` is empty on a direct arrival."""

    url: str = ""
    path: str = ""
    title: str = ""
    referrer: str = ""
    search: str = ""


class Engagement(Struct, frozen=True, gc=False):
    """How long a page view was really looked at, cumulative: repeats and losses are harmless."""

    page_view_id: str
    engaged_ms: int  # 0 or more
    active_until: datetime  # corrected like `occurred_at`, never after `received_at`
    scroll_percent: int = 0  # 0-100, deepest
    touched: bool = False  # a pointer, a key or a scroll that the browser itself vouches for: a sign of a human


class Event(Struct, frozen=True, omit_defaults=True):
    """One received fact, as the collector admitted it.

    `occurred_at` is skew-corrected and never after `received_at`; both are UTC with millisecond precision.
    `engagement` is set for `Page Engaged` calls only, which are no activities.
    """

    site: str
    visitor: str
    id: str
    type: EventType
    anonymous_id: str
    occurred_at: datetime
    received_at: datetime
    channel: Channel = Channel.BROWSER
    name: str | None = None
    user_id: str | None = None
    page: Page | None = None
    engagement: Engagement | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    campaign: dict[str, str] = field(default_factory=dict)  # source, medium, name, term, content
    user_agent: str | None = None
    locale: str | None = None
    timezone: str | None = None
    library: str | None = None
    click_ids: dict[str, str] = field(default_factory=dict)  # gclid, msclkid ...: which advertisement was clicked
    address: str | None = None  # the visitor's IP address, sealed with the key of the day; None where nobody knows it
    demo: bool = False  # sent by `leadlight demo`, removable
    imported: bool = False  # out of a file about the past: never alerts
    automated: bool = False  # its visitor was faster than people are: kept apart, not scored
    link: str | None = None  # the token of the tracked link or mailing that led to this page, taken out of its address
    oddities: tuple[str, ...] = ()  # what is wrong with the request's headers for the browser that its agent names
    v: int = 1

    @property
    def is_activity(self) -> bool:
        """Whether the visitor did something: page, screen and track calls, but not reports of engaged time."""
        return self.engagement is None and self.type in (EventType.PAGE, EventType.SCREEN, EventType.TRACK)

    @property
    def of_recipient(self) -> bool:
        """Whether the event is of a link made for one person being followed: kept as a fact, and nobody's visit. Only the
        page that it leads to may show a human."""
        return self.anonymous_id.startswith(RECIPIENT_PREFIX)


class Agent(Struct, frozen=True, gc=False, omit_defaults=True):
    """What the visitor browses with, in words for people: `laptop or desktop`, `Firefox 131`, `Windows 10`."""

    device: str | None = None
    browser: str | None = None
    system: str | None = None


class Network(Struct, frozen=True, gc=False, omit_defaults=True):
    """What is known of the connection that an event came over, as far as it may be kept. No full address is."""

    kind: str = field(default="unknown", name="class")  # isp, mobile, hosting, vpn, business ...
    rule: str = ""  # which knowledge decided the class
    asn: int | None = None
    name: str | None = None  # of the network's operator
    block: str | None = None  # 203.0.113.0/24, 2001:db8:7::/48
    host: str | None = None  # keyed hash of the address, of its /64 in IPv6: the same connection again, and no way back


class Place(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where a connection comes from, and how exactly that is known."""

    country: str | None = None  # ISO 3166-1 alpha-2
    region: str | None = None
    city: str | None = None
    accuracy_km: int | None = None  # the radius within which it is likely


class Click(Struct, frozen=True, omit_defaults=True):
    """A tracked link that was made for one person: a provisional introduction until the landing page shows a human."""

    contact: str  # id
    email: str  # normalised
    link: str  # which link it was: a hash of its token
    campaign: str | None = None
    suspect: tuple[str, ...] = ()  # why a machine may have followed it: scanner_network, head_request ...
    landed: bool = True  # at this event's page; else it was only led on at the door
    role: bool = False  # the address is an office's, not one person's
    company_domain: str | None = None  # that the address speaks of
    company_name: str | None = None


class ContactClaim(Struct, frozen=True, omit_defaults=True):
    """An event's word on who the visitor is, from the moment it occurred."""

    id: str
    email: str  # normalised
    method: str  # "form", "identify", "server", "user_id"; a followed link introduces by "tracked_link", once confirmed
    confidence: float  # 0-1
    traits: dict[str, str] = field(default_factory=dict)  # name, phone, job_title, company
    evidence: dict[str, str] = field(default_factory=dict)
    role: bool = False  # the address is an office's, not one person's: info@, sales@


class CompanyClaim(Struct, frozen=True, omit_defaults=True):
    """An event's word on which company the visitor belongs to."""

    id: str
    domain: str
    name: str
    method: str  # one of `core.identity.companies.methods.Method`
    confidence: float  # 0-1
    evidence: dict[str, str] = field(default_factory=dict)


class Identified(Struct, frozen=True, omit_defaults=True):
    """An event with everything that could be found out about its sender. Self-contained: nothing needs to be looked up."""

    event: Event
    agent: Agent = Agent()
    bot_reasons: tuple[str, ...] = ()  # empty: a person, as far as anybody can tell
    contact: ContactClaim | None = None
    company: CompanyClaim | None = None
    network: Network = Network()
    place: Place = Place()
    click: Click | None = None
    machine_evidence: tuple[str, ...] = ()  # KIND:DETAIL; short of a named machine it takes two kinds to make a bot
    v: int = 1


_encoder = Encoder()
_event_decoder = Decoder(Event)
_identified_decoder = Decoder(Identified)


def encode(record: Event | Identified) -> bytes:
    return _encoder.encode(record)


def decode_event(value: bytes) -> Event:
    """Raises msgspec.DecodeError for anything that is not an event record."""
    return _event_decoder.decode(value)


def decode_identified(value: bytes) -> Identified:
    """Raises msgspec.DecodeError for anything that is not an identified record."""
    return _identified_decoder.decode(value)


def key_of(event: Event) -> bytes:
    """The partition key: everything of one visitor keeps its order."""
    return f"{event.site}:{event.visitor}".encode()

"""What readers are given: the JSON of the feed, of webhooks and of the console, as types. Unknown is null."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, field

Time = Annotated[datetime, Meta(tz=True)]


class Location(Struct, frozen=True, gc=False):
    """Where the visitor's connection comes from."""

    country: str | None = None
    region: str | None = None
    city: str | None = None
    accuracy_km: int | None = None  # the radius within which it is likely
    accuracy: str | None = None  # the same for people: "city level, about 50 km"; "country only"


class Agent(Struct, frozen=True, gc=False):
    """What the visitor browses with, in words for people."""

    device: str | None = None
    browser: str | None = None
    system: str | None = None


class Network(Struct, frozen=True, gc=False):
    """The connection that the visitor used last: whose it is, what kind of network that is, and what decided it."""

    asn: int | None
    name: str | None
    kind: str = field(name="class")  # isp, mobile, hosting, vpn, relay, security_proxy, education, government, business
    rule: str


class ContactRef(Struct, frozen=True):
    """The person who introduced themselves in this browser, last."""

    id: str
    email: str
    name: str | None = None
    phone: str | None = None
    job_title: str | None = None
    method: str | None = None  # how it is known that it is them: identify, form, tracked_link
    confidence: float | None = None  # 0-1
    evidence: dict[str, Any] = {}
    role: bool = False  # the address is an office's, such as info@ or sales@, not one person's


class FirmographicsSource(Struct, frozen=True):
    """Who said something of a company, when, and what of it is shown."""

    source: str  # own_list, provider:NAME
    as_of: Time
    fields: list[str]


class Firmographics(Struct, frozen=True):
    """What is known of a company, from the owner's own list or from paid services."""

    industry: str | None = None
    size: str | None = None  # people: 140, 51-200
    country: str | None = None  # ISO 3166-1 alpha-2 where it can be told
    website: str | None = None
    account: str | None = None  # what the owner calls it: a tier, a kind of customer
    owner: str | None = None  # who looks after it
    note: str | None = None
    sources: list[FirmographicsSource] = []


class CompanyRef(Struct, frozen=True):
    """The organisation matched, how, and how surely (0-1)."""

    id: str
    domain: str
    name: str
    method: str | None
    confidence: float | None
    evidence: dict[str, Any] = {}
    firmographics: Firmographics | None = None  # null: nothing is known but the name


class Signal(Struct, frozen=True, gc=False):
    """A buying sign and how often it was given."""

    kind: str
    count: int
    first_at: Time
    last_at: Time


class Reason(Struct, frozen=True, gc=False):
    """One line of a score's explanation. `points` are current ones, which add up to the score before it is rounded."""

    rule: str
    points: float
    at: Time
    text: str


class Visitor(Struct, frozen=True):
    """One browser on one site, and how interested it is now."""

    id: str
    site: str
    anonymous_id: str
    bot: bool
    first_seen_at: Time | None  # null until the first page, screen or track call
    last_seen_at: Time | None
    updated_at: Time
    visits: int
    page_views: int
    activities: int
    engaged_seconds: int
    elapsed_seconds: int
    score: int  # 0-100
    intent: str  # cold, warm, hot
    fit: int | None  # 0-100
    grade: str  # A-E
    stage: str
    contact: ContactRef | None
    company: CompanyRef | None
    location: Location
    agent: Agent
    signals: list[Signal]
    reasons: list[Reason]
    bot_reasons: list[str]
    bot_evidence: list[str]  # kind:detail
    demo: bool  # sent by `leadlight demo`
    hot_since: Time | None
    network: Network | None


class Contact(Struct, frozen=True):
    """A person who has introduced themselves, over all browsers that are theirs now."""

    id: str
    site: str
    email: str
    name: str | None
    phone: str | None
    job_title: str | None
    created_at: Time
    company: CompanyRef | None
    first_seen_at: Time | None
    last_seen_at: Time | None
    visits: int
    page_views: int
    activities: int
    engaged_seconds: int
    elapsed_seconds: int
    score: int
    intent: str
    fit: int | None
    grade: str
    signals: list[Signal]
    reasons: list[Reason]
    visitors: list[str]  # ids, most recently seen first
    emails: list[str] = []  # every address: `email`, and those of the contacts merged into this one
    method: str | None = None  # how it is known that the last browser is theirs
    confidence: float | None = None  # 0-1
    evidence: dict[str, Any] = {}


class ToldAlert(Struct, frozen=True):
    """The alert inside a webhook's visitor."""

    id: str
    rule: str
    reasons: list[Reason]


class AlertedVisitor(Visitor, frozen=True):
    """A visitor with the alert it caused: a webhook's `data`."""

    alert: ToldAlert


class WebhookBody(Struct, frozen=True):
    """What a webhook is sent."""

    type: str
    timestamp: Time
    data: AlertedVisitor


class Delivery(Struct, frozen=True, gc=False):
    """How far telling one alert to one webhook has come."""

    id: str
    webhook: str
    state: str  # pending, delivered, failed
    attempts: int
    next_attempt_at: Time | None
    last_status: int | None
    last_error: str | None
    delivered_at: Time | None


class Alert(Struct, frozen=True):
    """One told change, as it was when it was found."""

    id: str
    type: str
    rule: str
    visitor: str
    crossed_at: Time
    created_at: Time
    visit_started_at: Time
    visit_ended_at: Time
    score: int
    grade: str
    reasons: list[Reason]
    state: str  # new, told, digest
    seen_at: Time | None
    deliveries: list[Delivery]


class PageRead(Struct, frozen=True, gc=False):
    """One page of a visit."""

    id: str
    at: Time
    path: str | None
    url: str | None
    title: str | None
    category: str | None
    engaged_seconds: int
    scroll_percent: int
    imported: bool  # out of a file about the past


class Visit(Struct, frozen=True):
    """A visitor's activity with no gap of 30 minutes or more, with its pages in order."""

    started_at: Time
    ended_at: Time
    source: str | None  # campaign source or referring host; null when the visit came directly
    medium: str | None
    campaign: str | None
    referrer: str | None
    page_views: int
    engaged_seconds: int
    elapsed_seconds: int
    pages: list[PageRead]


class PageViewed(Struct, frozen=True, tag_field="type", tag="page_view"):
    """A moment of the timeline: a page was opened."""

    id: str
    at: Time
    path: str | None
    url: str | None
    title: str | None
    category: str | None
    source: str | None
    engaged_seconds: int
    scroll_percent: int
    imported: bool


class EventSeen(Struct, frozen=True, tag_field="type", tag="event"):
    """A moment of the timeline: anything else that was sent, such as a form or a download."""

    id: str
    at: Time
    call: str  # track, screen, identify, group, alias
    name: str | None
    path: str | None
    properties: dict[str, Any]
    imported: bool


class IdentifiedAs(Struct, frozen=True, tag_field="type", tag="identified"):
    """A moment of the timeline: the visitor said who they are."""

    id: str
    at: Time
    contact: ContactRef
    method: str
    confidence: float


Moment = PageViewed | EventSeen | IdentifiedAs


class Change(Struct, frozen=True):
    """Something a reader has to be told: `data` is the object as it is now, null when it is gone."""

    id: str
    type: str  # visitor.updated, visitor.removed, the alert's type, contact.updated, contact.merged, contact.removed
    subject: str  # the id of the visitor, the alert or the contact
    at: Time
    data: Visitor | None  # an AlertedVisitor for alerts
    contact: Contact | None = None  # of changes of contacts, whose `data` is null


def whole_seconds(milliseconds: int) -> int:
    return milliseconds // 1000


class LinkedContact(Struct, frozen=True):
    """Whom a visitor is, or was taken for, and when: from `since` until just before `until`; null has no end."""

    contact: ContactRef
    since: Time | None
    until: Time | None
    claims: int
    emails: list[str]  # as they were given, latest first
    withdrawn_at: Time | None
    withdrawn_by: str | None  # null: no person's edit, but what it rested on fell


class LinkedCompany(Struct, frozen=True):
    """A company that a visitor is matched with in one way, between its first and its last sign."""

    company: CompanyRef
    since: Time
    until: Time | None  # when it fell; null: it holds
    last_at: Time
    claims: int
    believed: bool  # the one that the visitor shows


class VisitorLinks(Struct, frozen=True):
    """How it is known who a visitor is and whose: everything that was ever claimed, with what became of it."""

    visitor: str
    contacts: list[LinkedContact]
    companies: list[LinkedCompany]

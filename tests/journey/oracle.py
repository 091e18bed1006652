"""What every visitor's numbers must be, worked out again from the posts in plain Python.

Written from the design, not from the product: nothing of it is imported here, nothing is incremental, and where the
product is clever this is slow and obvious. Its worth is that it can't be wrong in the same way.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.journey.visitors.sender import Event, Post

VISIT_PAUSE: Final = timedelta(minutes=30)
LONGEST_VISIT: Final = timedelta(hours=24)
CLOCK_ERROR_LEFT_ALONE: Final = timedelta(seconds=30)
FREE_MAIL: Final = {"gmail.com", "outlook.com", "yahoo.com", "hotmail.com", "icloud.com"}
GENERIC: Final = {"null", "anonymous", "undefined", "0", "[object object]"}
LINK: Final = re.compile(r"[?&]ll=for:([^:&]+):([^&]+)")
READ_BY_A_HUMAN_MS: Final = 2000
LINKS_AT_ONCE: Final = timedelta(seconds=5)
COLLEAGUES: Final = 3
CRAWLER: Final = re.compile(r"bot\b|bot/|crawl|spider|headless|^python-|^curl/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Received:
    """A post as the collector took it: with the `sentAt` it carried, if any, and when it came."""

    post: Post
    sent_at: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """One event after its time has been put right, first copy only."""

    kind: str
    name: str
    message_id: str
    occurred_at: datetime
    active_until: datetime | None
    content: Event
    agent: str
    receipt_counts: bool  # its time depends on the moment of receipt
    address: str | None = None  # of the connection, where a browser sent it
    odd: bool = False  # sent with headers that no such browser sends


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page view with what its engaged messages came to."""

    message_id: str
    path: str
    at: datetime
    until: datetime
    engaged_ms: int
    touched: bool = False
    link: tuple[str, str] | None = None  # for whom the link that led here was made, and which of theirs it was
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Activity without a pause of half an hour."""

    start: datetime
    end: datetime

    @property
    def visits(self) -> int:
        return max(1, math.ceil((self.end - self.start) / LONGEST_VISIT))


@dataclass(slots=True)
class Expected:
    """One visitor, as every reader must see it."""

    key: str
    visits: int = 0
    page_views: int = 0
    activities: int = 0
    engaged_seconds: float = 0
    elapsed_seconds: float = 0
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None
    email: str | None = None
    company_domain: str | None = None
    how: str | None = None  # the company is known
    bot: bool = False
    receipt_counts: bool = False
    runs: list[Run] = field(default_factory=list)
    reads: list[PageRead] = field(default_factory=list)
    tracks: list[Fact] = field(default_factory=list)
    claimed_at: list[datetime] = field(default_factory=list)  # when an address was given
    followed_at: list[datetime] = field(default_factory=list)  # when a link led a human here
    addresses: set[str] = field(default_factory=set)


def recompute(received: Iterable[Received]) -> dict[str, Expected]:
    """Every visitor of the posts, by anonymous id; those that only a user id names by `user:` and that."""
    facts: dict[str, dict[str, Fact]] = defaultdict(dict)
    for arrival in received:
        for event in arrival.post.events:
            key = event.get("anonymousId") or f"user:{event['userId']}"
            fact = _fact(event, arrival)
            facts[key].setdefault(fact.message_id, fact)
    visitors = {key: visitor(key, list(known.values())) for key, known in facts.items()}
    _follow_links(visitors.values())
    _recognise_colleagues(visitors.values())
    return visitors


def visitor(key: str, facts: list[Fact]) -> Expected:
    """One visitor's numbers from all its facts, in whatever order."""
    reads = page_reads(facts)
    activities = [fact for fact in facts if is_activity(fact)]
    spans = [(read.at, read.until) for read in reads]
    spans += [(fact.occurred_at, fact.occurred_at) for fact in activities]
    runs = united(spans)
    email = latest_email(facts)
    return Expected(
        key=key,
        visits=sum(run.visits for run in runs),
        page_views=len(reads),
        activities=len(activities),
        engaged_seconds=sum(read.engaged_ms for read in reads) / 1000,
        elapsed_seconds=sum((run.end - run.start).total_seconds() for run in runs),
        first_seen_at=runs[0].start if runs else None,
        last_seen_at=runs[-1].end if runs else None,
        email=email,
        company_domain=work_domain(email) if email else None,
        how="work_email" if email and work_domain(email) else None,
        bot=not key.startswith("user:") and any(CRAWLER.search(fact.agent) for fact in facts),
        receipt_counts=any(fact.receipt_counts for fact in facts),
        runs=runs,
        reads=reads,
        tracks=[fact for fact in activities if fact.kind == "track"],
        claimed_at=[fact.occurred_at for fact in facts if _claimed(fact.content)],
        addresses={fact.address for fact in facts if fact.address},
    )


def _follow_links(visitors: Iterable[Expected]) -> None:
    """Make known who followed a link of theirs and read on as a human does, unless several links were followed at once."""
    landings = [(one, read, read.link) for one in visitors for read in one.reads if read.link]
    for one, read, (person, link) in landings:
        alone = not any(
            whose == person and other != link and abs(near.at - read.at) <= LINKS_AT_ONCE
            for _, near, (whose, other) in landings
        )
        human = read.touched and read.engaged_ms >= READ_BY_A_HUMAN_MS and not read.odd and not one.bot
        if alone and human and one.email is None:
            one.email, one.company_domain, one.how = person, work_domain(person), "tracked_link"
            one.followed_at.append(read.at)


def _recognise_colleagues(visitors: Iterable[Expected]) -> None:
    """Name the company of strangers on a connection where some of one company introduced themselves, and nobody else."""
    everybody = list(visitors)
    for one in everybody:
        if one.bot or one.email is not None or len(one.addresses) != 1:
            continue
        there = [other for other in everybody if one.addresses & other.addresses and other.claimed_at]
        domains = {other.company_domain for other in there}
        if len({other.email for other in there}) >= COLLEAGUES and len(domains) == 1:
            one.company_domain = domains.pop()
            one.how = "first_party" if one.company_domain else None


def is_activity(fact: Fact) -> bool:
    return fact.kind in ("page", "screen") or (fact.kind == "track" and fact.name != "Page Engaged")


def page_reads(facts: list[Fact]) -> list[PageRead]:
    """Every page view with the largest engaged time and the latest activity told of it. Time of other pages is nobody's."""
    reads = []
    for view in facts:
        if view.kind != "page":
            continue
        until, engaged_ms, touched = view.occurred_at, 0, False
        for other in facts:
            if other.name == "Page Engaged" and other.content["properties"]["page_view_id"] == view.message_id:
                engaged_ms = max(engaged_ms, other.content["properties"]["engaged_ms"])
                until = max(until, other.active_until or until)
                touched = touched or other.content["properties"].get("touched", False)
        properties = view.content["properties"]
        found = LINK.search(properties.get("url", ""))
        link = (found[1], found[2]) if found else None
        reads.append(
            PageRead(view.message_id, properties["path"], view.occurred_at, until, engaged_ms, touched, link, view.odd)
        )
    return sorted(reads, key=lambda read: (read.at, read.message_id))


def united(spans: Iterable[tuple[datetime, datetime]]) -> list[Run]:
    """The runs that spans make: less than half an hour from one's end to the next one's start joins them."""
    runs: list[Run] = []
    for start, end in sorted(spans):
        if runs and start - runs[-1].end < VISIT_PAUSE:
            runs[-1] = Run(runs[-1].start, max(runs[-1].end, end))
        else:
            runs.append(Run(start, end))
    return runs


def latest_email(facts: list[Fact]) -> str | None:
    """The address claimed last, by when it was claimed. A user id is a claim when it is an address."""
    claims = [(fact.occurred_at, email) for fact in facts if (email := _claimed(fact.content))]
    return max(claims)[1] if claims else None


def work_domain(email: str) -> str | None:
    """The company an address speaks of: its registrable domain, unless anybody can have one there."""
    domain = ".".join(email.rsplit("@", 1)[1].split(".")[-2:])
    return None if domain in FREE_MAIL else domain


def _claimed(event: Event) -> str | None:
    for value in (event.get("traits", {}).get("email"), event.get("userId")):
        if isinstance(value, str) and "@" in value and value.lower() not in GENERIC:
            return value.lower()
    return None


def _fact(event: Event, arrival: Received) -> Fact:
    kind, properties = event["type"], event.get("properties", {})
    occurred_at, corrected = _put_right(event.get("timestamp", event.get("originalTimestamp")), arrival)
    active_until = None
    if "active_until" in properties:
        active_until, until_corrected = _put_right(properties["active_until"], arrival)
        corrected = corrected or until_corrected
    return Fact(
        kind=kind,
        name=event.get("event", "") if kind == "track" else "",
        message_id=event.get("messageId") or _content(event),
        occurred_at=occurred_at,
        active_until=active_until,
        content=event,
        agent=_agent(event, arrival.post.headers),
        address=arrival.post.headers.get("X-Forwarded-For"),
        odd="Firefox" in _agent(event, arrival.post.headers) and "Sec-CH-UA" in arrival.post.headers,
        receipt_counts=corrected,
    )


def _put_right(written: str | None, arrival: Received) -> tuple[datetime, bool]:
    """A browser's time in ours, and whether the moment of receipt went into it."""
    if written is None:
        return arrival.received_at, True
    at, corrected = datetime.fromisoformat(written).astimezone(UTC), False
    if arrival.sent_at is not None:
        error = arrival.received_at - arrival.sent_at
        if abs(error) > CLOCK_ERROR_LEFT_ALONE:
            at, corrected = at + error, True
    if at > arrival.received_at:
        at, corrected = arrival.received_at, True
    return at, corrected


def _agent(event: Event, headers: Mapping[str, str]) -> str:
    """The visitor's agent: a header speaks for the visitor only where a browser sent it."""
    stated: Any = event.get("context", {}).get("userAgent")
    if stated:
        return str(stated)
    return headers.get("User-Agent", "") if {"Origin", "Sec-Fetch-Site"} & set(headers) else ""


def _content(event: Event) -> str:
    """What stands for the id of an event that has none: the whole of it."""
    return repr(sorted(event.items(), key=lambda item: item[0]))

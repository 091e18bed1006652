"""One visitor's browser or server library: it writes Segment calls down with its own clock and posts them."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

from tests.journey.visitors import cast

SITE = "https://www.fernwerk.example"

Event = dict[str, Any]


class Manner(StrEnum):
    """How a sender posts: what the collector has to understand all the same."""

    BEACON = "beacon"  # text/plain batches with the key inside; the agent is in the header only
    CALLS = "calls"  # one call a post, JSON, Basic key, agent in header and context
    LIBRARY = "library"  # a server library's batches: its own agent in the header, the visitor's in the context
    IMPORT = "import"  # like a library, but without `sentAt`, and gzipped


class Ids(StrEnum):
    """How a sender names its calls."""

    RANDOM = "random"
    NUMBERED = "numbered"  # m-1, m-2, ...: the same in every browser that does so
    NONE = "none"  # no messageId at all


@dataclass(frozen=True, slots=True)
class Post:
    """One HTTP request of the log. The write key and `sentAt` are put in when it is sent."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    clock_error: timedelta | None  # how far the sender's clock is ahead of the truth; None: it sends no `sentAt`

    @property
    def events(self) -> list[Event]:
        """The calls in the post, each with its type."""
        if self.path == "/v1/batch":
            return list(self.body["batch"])
        return [{**self.body, "type": self.path.rsplit("/", 1)[-1]}]

    def stamped(self, true_time: datetime) -> dict[str, Any]:
        """The body as it goes out at `true_time`: with `sentAt` by the sender's own clock."""
        if self.clock_error is None:
            return dict(self.body)
        return {**self.body, "sentAt": written(true_time + self.clock_error)}


@dataclass(slots=True)
class Sender:
    """Collects one visitor's calls in the order they are made. All times given are true; it writes its own."""

    rng: random.Random
    manner: Manner
    agent: str | None
    anonymous_id: str | None = None
    user_id: str | None = None
    clock_error: timedelta = timedelta()
    time_field: str = "timestamp"
    offset_hours: int = 0  # the zone it writes times in
    ids: Ids = Ids.RANDOM
    address: str | None = None  # of its connection: a proxy tells it, or a library, which anybody can write with
    more_headers: Mapping[str, str] = field(default_factory=dict)
    made: list[tuple[datetime, Event]] = field(default_factory=list)
    source: tuple[str, dict[str, str]] = ("", {})

    def page(self, at: datetime, path: str, *, link_of: str | None = None) -> str:
        """A page view; answers its message id, empty when it has none. `link_of`: for whom the link there was made."""
        title = next((title for known, title, _ in cast.PAGES if known == path), path)
        referrer, campaign = self.source
        query = "&".join(f"utm_{'campaign' if name == 'name' else name}={value}" for name, value in campaign.items())
        query = link_to(link_of, path) if link_of else query
        url = SITE + path + (f"?{query.replace(' ', '+')}" if query else "")
        seen = {"url": url, "path": path, "title": title, "search": f"?{query}" if query else "", "referrer": referrer}
        event = self._event("page", at)
        event.update(name=title, properties=seen)
        event["context"] |= {"page": seen} | ({"campaign": dict(campaign)} if campaign else {})
        self.source = (url, {})
        return str(event.get("messageId", ""))

    def screen(self, at: datetime, name: str) -> None:
        """A screen of a mobile application."""
        self._event("screen", at)["name"] = name

    def engaged(
        self,
        at: datetime,
        view: str,
        engaged_ms: int,
        active_until: datetime,
        scroll: int = 60,
        *,
        touched: bool = False,
    ) -> None:
        """What `view` has come to by now: engaged time is cumulative."""
        properties: dict[str, object] = {
            "page_view_id": view,
            "engaged_ms": engaged_ms,
            "active_until": self._written(active_until),
            "scroll_percent": scroll,
        }
        if touched:
            properties["touched"] = True
        self._event("track", at).update(event="Page Engaged", properties=properties)

    def track(self, at: datetime, name: str, properties: Mapping[str, object]) -> None:
        self._event("track", at).update(event=name, properties=dict(properties))

    def identify(self, at: datetime, traits: Mapping[str, object], user_id: str | None = None) -> None:
        event = self._event("identify", at)
        event["traits"] = dict(traits)
        if user_id is not None:
            event["userId"] = user_id

    def posts(self, groups: list[list[Event]]) -> list[Post]:
        """The posts that carry `groups` of events, in this sender's manner."""
        if self.manner is Manner.CALLS:
            return [self._call(event) for group in groups for event in group]
        return [Post("/v1/batch", self._headers(), {"batch": group}, self._stamp) for group in groups]

    @property
    def _stamp(self) -> timedelta | None:
        return None if self.manner is Manner.IMPORT or self.ids is Ids.NONE else self.clock_error

    def _call(self, event: Event) -> Post:
        body = {name: value for name, value in event.items() if name != "type"}
        return Post(f"/v1/{event['type']}", self._headers(), body, self._stamp)

    def _headers(self) -> dict[str, str]:
        agent = {"User-Agent": self.agent, **self.more_headers} if self.agent else {}
        if self.address is not None:
            agent["X-Forwarded-For"] = self.address
        match self.manner:
            case Manner.BEACON:
                return {"Content-Type": "text/plain;charset=UTF-8", "Origin": SITE, **agent}
            case Manner.CALLS:
                return {"Content-Type": "application/json", "Origin": SITE, "Sec-Fetch-Site": "cross-site", **agent}
            case Manner.LIBRARY:
                return {"Content-Type": "application/json", "User-Agent": self.rng.choice(cast.SERVER_LIBRARIES)}
            case Manner.IMPORT:
                return {
                    "Content-Type": "application/json",
                    "Content-Encoding": "gzip",
                    "User-Agent": cast.SERVER_LIBRARIES[0],
                }

    def _event(self, kind: str, at: datetime) -> Event:
        event: Event = {"type": kind, self.time_field: self._written(at), "context": {}}
        match self.ids:
            case Ids.RANDOM:
                event["messageId"] = identifier(self.rng)
            case Ids.NUMBERED:
                event["messageId"] = f"m-{len(self.made) + 1}"
        if self.anonymous_id is not None:
            event["anonymousId"] = self.anonymous_id
        if self.user_id is not None:
            event["userId"] = self.user_id
        if self.address is not None and self.manner in (Manner.LIBRARY, Manner.IMPORT):
            event["context"]["ip"] = self.address
        if self.agent and self.manner is not Manner.BEACON:
            event["context"]["userAgent"] = self.agent
        self.made.append((at, event))
        return event

    def _written(self, at: datetime) -> str:
        return written(at + self.clock_error, self.offset_hours)


def link_to(person: str, path: str) -> str:
    """What stands in an address for the token of a link, until there is one: for whom it was made, and where it leads."""
    return f"ll=for:{person}:{path}"


def identifier(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def written(at: datetime, offset_hours: int = 0) -> str:
    """ISO 8601 with milliseconds, as browsers write it; with a zone's offset when one is asked for."""
    zoned = at.astimezone(timezone(timedelta(hours=offset_hours)))
    text = zoned.isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")

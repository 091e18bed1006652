"""The ingest paths, answered outside of any framework: read, look up the key, admit or drop, publish, answer."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from leadlight.core.intake.admit import admit
from leadlight.core.intake.calls import Post, TooManyCalls, Unreadable, read_post
from leadlight.core.intake.drops import Drop
from leadlight.core.intake.times import to_milliseconds
from leadlight.core.records import Channel, Event, EventType, encode, key_of
from leadlight.errors import LogFull, LogUnavailable, StoreUnavailable
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.runtime.service import AsgiApp, Receive, Scope, Send
from services.collector import problems
from services.collector.arrival import AnswerHeaders, Headers, Peer, also_told, arrival_of
from services.collector.body import Bodies, Gone
from services.collector.journal import Journal
from services.collector.keys import Grant, WriteKeys, key_of_basic
from services.collector.problems import Problem, Refused
from services.collector.tally import Tally

log = get_logger(__name__)

PATHS: dict[str, EventType | None] = {"/v1/batch": None, "/v1/b": None} | {
    path: kind for kind in EventType for path in (f"/v1/{kind.value}", f"/v1/{kind.value[0]}")
}
"""Address -> the call it takes; None for batches. The short ones are those of Segment's browser library."""

ANSWER_SECONDS = 4.6
"""For a key that must be looked up and the log together: a post is answered within 5 s, whatever is down."""

DROPPED_HEADER = b"leadlight-dropped"
PREFLIGHT_SECONDS = b"7200"
"""How long a browser need not ask again: the longest that Chrome remembers."""

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]

Outcome = tuple[Counter[Drop] | None, AnswerHeaders]
"""The numbers of those dropped, if any were, and what else the answer is to say."""

_DONE = b'{"success": true}'
_JSON = (b"content-type", b"application/json")
_PROBLEM_JSON = (b"content-type", b"application/problem+json")
_NO_STORE = (b"cache-control", b"no-store")
_VARY = (b"vary", b"origin")
_EXPOSED = (b"access-control-expose-headers", b"Leadlight-Dropped, Retry-After")
_DONE_HEADERS = [_JSON, (b"content-length", str(len(_DONE)).encode())]
_DONE_BODY = {"type": "http.response.body", "body": _DONE}


@dataclass(frozen=True, slots=True)
class Ingest:
    """Answers posts of events; everything else goes to `rest`."""

    runtime: Runtime
    keys: WriteKeys
    tally: Tally
    journal: Journal
    rest: AsgiApp
    bodies: Bodies = field(default_factory=Bodies)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path not in PATHS:
            await self.rest(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        method = scope["method"]
        try:
            if method == "POST":
                dropped, told = await self.take(PATHS[path], headers, scope["client"], receive)
                if dropped is None and not told:
                    await send(_done_start(headers.get(b"origin")))
                    await send(_DONE_BODY)
                    return
                status, answer_headers, body = _done_but(dropped, told)
            elif method == "OPTIONS":
                status, answer_headers, body = _preflight(headers)
            else:
                raise Refused(problems.NOT_A_POST)
        except Refused as refused:
            self.tally.refused(refused.problem.status)
            status, answer_headers, body = _refusal(refused.problem)
        except Gone:
            return
        if (origin := headers.get(b"origin")) is not None:
            answer_headers = [*answer_headers, (b"access-control-allow-origin", origin), _VARY, _EXPOSED]
        await send({"type": "http.response.start", "status": status, "headers": answer_headers})
        await send({"type": "http.response.body", "body": body})

    async def take(self, kind: EventType | None, headers: Headers, peer: Peer, receive: Receive) -> Outcome:
        """Store the events of one post.

        Raises:
            Refused: nothing of the post was promised to be stored.
            Gone: the client left before it had sent everything.
        """
        body = await self.bodies.read(headers, receive, single=kind is not None)
        try:
            post = read_body(body, kind)
            key = self._key(post, headers)
            if (grant := self.keys.known(key)) is not None:
                return await self.store(post, headers, peer, grant)  # the log keeps its own time limit
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self.store(post, headers, peer, await self._find(key))
        except TimeoutError:
            raise Refused(problems.MISSED_LOG) from None
        finally:
            self.bodies.release(body)

    async def store(self, post: Post, headers: Headers, peer: Peer, grant: Grant) -> Outcome:
        """Store what is admitted of the calls; pixels and tracked links come in here too.

        Raises:
            Refused: the log did not take them.
        """
        arrival = arrival_of(grant, headers, peer, post.sent_at, to_milliseconds(self.runtime.now()))
        events: list[Event] = []
        records: list[tuple[bytes, bytes]] = []
        dropped: Counter[Drop] | None = None
        for call in post.calls:
            event = call if isinstance(call, Drop) else admit(call, arrival)
            if isinstance(event, Drop):
                dropped = dropped or Counter()
                dropped[event] += 1
            else:
                events.append(event)
                records.append((key_of(event), encode(event)))
        if records:
            try:
                await self.journal.store(records)
            except LogFull as error:
                raise Refused(problems.full_log(str(error))) from error
            except LogUnavailable as error:
                raise Refused(problems.MISSED_LOG) from error
            self.tally.admitted(grant.site, len(records))
        if dropped:
            self.tally.dropped(grant.site, dropped, arrival.received_at)
        return dropped, also_told(arrival, headers, events) if arrival.channel is Channel.BROWSER else ()

    def _key(self, post: Post, headers: Headers) -> str:
        basic = headers.get(b"authorization")
        key = (key_of_basic(basic) if basic is not None else None) or post.write_key
        if not key:
            raise Refused(problems.NO_KEY)
        return key

    async def _find(self, key: str) -> Grant:
        try:
            grant = await self.keys.find(key)
        except StoreUnavailable as error:
            raise Refused(problems.MISSED_STORE) from error
        if grant is None:
            raise Refused(problems.UNKNOWN_KEY)
        return grant


def read_body(body: bytes, kind: EventType | None) -> Post:
    """Raises Refused for what cannot be read."""
    try:
        return read_post(body, kind)
    except TooManyCalls as error:
        raise Refused(Problem(413, "Too many events", str(error))) from error
    except Unreadable as error:
        raise Refused(Problem(400, "Unreadable", f"{error} Nothing of it was taken.")) from error


@lru_cache(1_024)
def _done_start(origin: bytes | None) -> Scope:
    """As few headers as will do: each costs more than decoding an event."""
    headers = _DONE_HEADERS if origin is None else [*_DONE_HEADERS, (b"access-control-allow-origin", origin)]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def _done_but(dropped: Counter[Drop] | None, told: AnswerHeaders) -> Answer:
    headers = [*_DONE_HEADERS, *told]
    if dropped:
        headers.append((DROPPED_HEADER, told_drops(dropped).encode()))
    return 200, headers, _DONE


def told_drops(dropped: Counter[Drop]) -> str:
    """The drops as the header tells them: reason=count, ..."""
    return ", ".join(f"{reason.value}={number}" for reason, number in sorted(dropped.items()))


def _preflight(headers: Headers) -> Answer:
    """Any origin may post: which sites a key is good for is not decided by browsers."""
    wanted = headers.get(b"access-control-request-headers", b"authorization, content-type")
    answer = [
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", wanted),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
        (b"content-length", b"0"),
    ]
    if headers.get(b"access-control-request-private-network") == b"true":
        answer.append((b"access-control-allow-private-network", b"true"))
    return 204, answer, b""


def _refusal(problem: Problem) -> Answer:
    body = problem.body()
    length = (b"content-length", str(len(body)).encode())
    return problem.status, [_PROBLEM_JSON, length, _NO_STORE, *problem.headers], body

"""The ingest paths, answered within the connection: read, look up the key, admit or drop, hand to the log, answer."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NamedTuple

from leadlight.core.intake.admit import Arrival, admit
from leadlight.core.intake.calls import Post, TooManyCalls, Unreadable, read_post
from leadlight.core.intake.drops import Drop
from leadlight.core.intake.times import to_milliseconds
from leadlight.core.records import Channel, Event, EventType, encode, key_of
from leadlight.errors import LogFull, LogUnavailable, StoreUnavailable
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.runtime.http import Answer, Direct, Exchange
from services.collector import problems
from services.collector.arrival import ORIGIN_BYTES, AnswerHeaders, Arrivals, Headers, Peer
from services.collector.body import UNKNOWN_TYPE, maybe_form, most_bytes, text_of, too_large
from services.collector.journal import Journal
from services.collector.journal import Post as Handed
from services.collector.keys import Grant, WriteKeys, key_of_basic
from services.collector.problems import Problem, Refused
from services.collector.sightings import Sightings
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

Outcome = tuple[Counter[Drop] | None, AnswerHeaders]
"""The numbers of those dropped, if any were, and what else the answer is to say."""

_DONE = b'{"success": true}'
_JSON = (b"content-type", b"application/json")
_PROBLEM_JSON = (b"content-type", b"application/problem+json")
_NO_STORE = (b"cache-control", b"no-store")
_VARY = (b"vary", b"origin")
_EXPOSED = (b"access-control-expose-headers", b"Leadlight-Dropped, Retry-After")
_CREDENTIALS = (b"access-control-allow-credentials", b"true")
"""For every page: one that sends its cookie could not read the answer without it, and would send its queue for ever."""


class Admitted(NamedTuple):
    """What became of a post's calls, before any is stored. The events themselves are let go: waiting for the log, they
    would take several times the memory of their records."""

    arrival: Arrival
    anonymous_id: str | None  # of the last one admitted
    records: list[tuple[bytes, bytes]]
    dropped: Counter[Drop] | None


@dataclass(frozen=True, slots=True)
class Ingest:
    """Takes posts of events."""

    runtime: Runtime
    keys: WriteKeys
    arrivals: Arrivals
    tally: Tally
    journal: Journal
    sightings: Sightings
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def direct(self) -> Mapping[str, Direct]:
        """The ingest paths, each with what answers it."""
        return {path: Posts(self, kind) for path, kind in PATHS.items()}

    async def store(self, post: Post, headers: Headers, peer: Peer, grant: Grant) -> Outcome:
        """Store what is admitted of the calls; pixels and tracked links come in here.

        Raises:
            Refused: the log did not take them.
        """
        admitted = self.admit(post, headers, peer, grant)
        if admitted.records:
            try:
                await self.journal.store(admitted.records)
            except LogUnavailable as error:
                raise Refused(not_stored(error)) from error
        return self.stored(admitted, headers)

    def admit(self, post: Post, headers: Headers, peer: Peer, grant: Grant) -> Admitted:
        """Which calls become events, and why the others do not."""
        arrival = self.arrivals.of(grant, headers, peer, post.sent_at, to_milliseconds(self.runtime.now()))
        event: Event | Drop
        anonymous_id: str | None = None
        records: list[tuple[bytes, bytes]] = []
        dropped: Counter[Drop] | None = None
        for call in post.calls:
            event = call if isinstance(call, Drop) else admit(call, arrival)
            if isinstance(event, Drop):
                dropped = dropped or Counter()
                dropped[event] += 1
            else:
                anonymous_id = event.anonymous_id
                records.append((key_of(event), encode(event)))
        return Admitted(arrival, anonymous_id, records, dropped)

    def stored(self, admitted: Admitted, headers: Headers) -> Outcome:
        """Count what is durable now, and what was dropped; what the answer says of it."""
        arrival, anonymous_id, records, dropped = admitted
        if records:
            self.tally.admitted(arrival.site, len(records))
        if dropped:
            self.tally.dropped(arrival.site, dropped, arrival.received_at)
        refused = dropped is not None and Drop.NO_CONSENT in dropped  # among calls from before the visitor said no
        if refused or anonymous_id is None or arrival.channel is Channel.SERVER:
            return dropped, ()
        return dropped, self.arrivals.also_told(arrival, headers, anonymous_id)

    async def find(self, key: str) -> Grant:
        """The grant of a key that is not known yet.

        Raises:
            Refused: nobody has this key, or it cannot be looked up now.
        """
        try:
            grant = await self.keys.find(key)
        except StoreUnavailable as error:
            raise Refused(problems.MISSED_STORE) from error
        if grant is None:
            raise Refused(problems.UNKNOWN_KEY)
        return grant


@dataclass(frozen=True, slots=True)
class Posts:
    """Answers one path. The usual post runs through without a task: the log's confirmation calls back."""

    ingest: Ingest
    kind: EventType | None

    def begin(self, exchange: Exchange) -> None:
        if exchange.method != b"POST":
            if exchange.method == b"OPTIONS":
                exchange.answer(_preflight(exchange.headers))
            else:
                self._refuse(exchange, problems.NOT_A_POST)
            return
        try:
            exchange.most_bytes = most_bytes(exchange.headers, single=self.kind is not None)
        except Refused as refused:
            self._refuse(exchange, refused.problem)

    def take(self, exchange: Exchange) -> None:
        ingest, headers = self.ingest, exchange.headers
        try:
            text = text_of(exchange.body, headers, single=self.kind is not None)
            post = read_body(text, self.kind)
            basic = headers.get(b"authorization")
            key = (key_of_basic(basic) if basic is not None else None) or post.write_key
            if not key:
                raise Refused(problems.NO_KEY)
            if (grant := ingest.keys.known(key)) is None:
                self._go_on(exchange, self._take_later(exchange, post, key))
                return
            admitted = ingest.admit(post, headers, exchange.peer, grant)
            ingest.sightings.look(text, grant.site, None if admitted.records else admitted.dropped)
        except Refused as refused:
            self._refuse(exchange, refused.problem)
            return
        if not admitted.records:
            self._answer(exchange, ingest.stored(admitted, headers))
        elif (handed := ingest.journal.hand_over(admitted.records)) is None:
            self._go_on(exchange, self._store_later(exchange, admitted))
        else:
            handed.logged.add_done_callback(partial(self._logged, exchange, admitted, handed))

    def refuse(self, exchange: Exchange, why: Answer) -> None:
        if why.status == 413:
            self._refuse(
                exchange, UNKNOWN_TYPE if maybe_form(exchange.headers) else too_large(single=self.kind is not None)
            )
        else:
            self.ingest.tally.refused(why.status)
            exchange.answer(why.plus(_for_pages(exchange.headers)))

    def _logged(self, exchange: Exchange, admitted: Admitted, handed: Handed, logged: "asyncio.Future[None]") -> None:
        """The log has confirmed, or has not."""
        del logged
        try:
            instead = self.ingest.journal.settle(handed)
            if instead is None:
                self._answer(exchange, self.ingest.stored(admitted, exchange.headers))
            else:
                self._go_on(exchange, self._store_instead(exchange, admitted, instead))
        except LogUnavailable as error:
            self._refuse(exchange, not_stored(error))
        except Exception:
            log.exception("a post could not be answered")
            self._refuse(exchange, problems.FAILED)

    async def _take_later(self, exchange: Exchange, post: Post, key: str) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            grant = await self.ingest.find(key)
            self._answer(exchange, await self.ingest.store(post, exchange.headers, exchange.peer, grant))

    async def _store_later(self, exchange: Exchange, admitted: Admitted) -> None:
        await self.ingest.journal.store(admitted.records)
        self._answer(exchange, self.ingest.stored(admitted, exchange.headers))

    async def _store_instead(self, exchange: Exchange, admitted: Admitted, instead: Coroutine[Any, Any, None]) -> None:
        await instead
        self._answer(exchange, self.ingest.stored(admitted, exchange.headers))

    def _go_on(self, exchange: Exchange, rest: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._finish(exchange, rest))
        self.ingest.tasks.add(task)
        task.add_done_callback(self.ingest.tasks.discard)

    async def _finish(self, exchange: Exchange, rest: Coroutine[Any, Any, None]) -> None:
        """Run the rest, which ends with an answer; if it ends otherwise, with the answer that says why."""
        try:
            await rest
        except Refused as refused:
            self._refuse(exchange, refused.problem)
        except LogUnavailable as error:
            self._refuse(exchange, not_stored(error))
        except TimeoutError:
            self._refuse(exchange, problems.MISSED_LOG)
        except Exception:
            log.exception("a post could not be answered")
            self._refuse(exchange, problems.FAILED)

    def _answer(self, exchange: Exchange, outcome: Outcome) -> None:
        dropped, told = outcome
        headers = exchange.headers
        origin = headers.get(b"origin")
        if dropped is None and not told and (origin is None or len(origin) <= ORIGIN_BYTES):
            exchange.answer(_done(origin))
            return
        more = [_JSON, *told]
        if dropped:
            more.append((DROPPED_HEADER, told_drops(dropped).encode()))
        exchange.answer(Answer(200, [*more, *_for_pages(headers)], _DONE))

    def _refuse(self, exchange: Exchange, problem: Problem) -> None:
        self.ingest.tally.refused(problem.status)
        more = _for_pages(exchange.headers)
        exchange.answer(Answer(problem.status, [_PROBLEM_JSON, _NO_STORE, *problem.headers, *more], problem.body()))


def not_stored(error: LogUnavailable) -> Problem:
    return problems.full_log(str(error)) if isinstance(error, LogFull) else problems.MISSED_LOG


def read_body(body: bytes, kind: EventType | None) -> Post:
    """Raises Refused for what cannot be read."""
    try:
        return read_post(body, kind)
    except TooManyCalls as error:
        raise Refused(Problem(413, "Too many events", str(error))) from error
    except Unreadable as error:
        raise Refused(Problem(400, "Unreadable", f"{error} Nothing of it was taken.")) from error


def told_drops(dropped: Counter[Drop]) -> str:
    """The drops as the header tells them: reason=count, ..."""
    return ", ".join(f"{reason.value}={number}" for reason, number in sorted(dropped.items()))


@lru_cache(1_024)
def _done(origin: bytes | None) -> Answer:
    """As few headers as will do: each costs more than decoding an event."""
    headers = [_JSON]
    if origin is not None:
        headers += [(b"access-control-allow-origin", origin), _CREDENTIALS]
    return Answer(200, headers, _DONE)


def _for_pages(headers: Headers) -> list[tuple[bytes, bytes]]:
    """What lets a page's script read the answer."""
    if (origin := headers.get(b"origin")) is None:
        return []
    return [(b"access-control-allow-origin", origin), _CREDENTIALS, _VARY, _EXPOSED]


def _preflight(headers: Headers) -> Answer:
    """Any origin may post: which sites a key is good for is not decided by browsers."""
    wanted = headers.get(b"access-control-request-headers", b"authorization, content-type")
    answer = [
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", wanted),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
        *_for_pages(headers),
    ]
    if headers.get(b"access-control-request-private-network") == b"true":
        answer.append((b"access-control-allow-private-network", b"true"))
    return Answer(204, answer)

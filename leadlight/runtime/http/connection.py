"""One client's connection: takes its requests in turn, and sends the answers in their order and in time."""

import asyncio
import logging
from collections import deque
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from leadlight.logs import get_logger
from leadlight.runtime.http import refusals
from leadlight.runtime.http.exchange import Answer, Direct, Exchange
from leadlight.runtime.http.front import Front
from leadlight.runtime.http.reading import BODY, HEAD, NOTHING, Reading, Turn

log = get_logger(__name__)

_APP_LOG = logging.getLogger("uvicorn.error")

SPARE_CONNECTIONS = 100
"""Over the limit, kept just long enough to be told so."""

STOPPING_SECONDS = 2.0
"""For what is still arriving when the server ends."""


class Connection(Reading):
    """Stands in for uvicorn's own protocol; an ASGI application's request runs in uvicorn's own cycle."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        front: Front,
    ) -> None:
        super().__init__(front)
        self._state = server_state
        self._app_state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._current: Turn | None = None  # whose answer is due
        self._queue: deque[Turn] = deque()  # and whose after it
        self._lingering = False
        self._unread_since: float | None = None
        self._unread_bytes = 0
        self.peer: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._flow = FlowControl(self._transport)
        front, self._since = self._front, self._front.now
        self._state.connections.add(self)  # type: ignore[arg-type]
        front.connections.add(self)
        self.peer = _address(transport.get_extra_info("peername"))
        self._sockname = _address(transport.get_extra_info("sockname"))
        if len(front.connections) > front.most_connections:
            front.cut("too many connections")
            if len(front.connections) > front.most_connections + SPARE_CONNECTIONS:
                self._transport.abort()
            else:
                self._end(refusals.TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.connections.discard(self)
        self._front.connections.discard(self)
        self._deaf = True
        if self._receiving is BODY and isinstance(self._turn, Exchange):
            self._give_back(self._turn)
        for turn in (self._current, *self._queue):
            if isinstance(turn, RequestResponseCycle):
                turn.disconnected = True
                turn.message_event.set()
        self._current = self._turn = None
        self._queue.clear()
        self._flow.resume_writing()
        self._parser = None

    def eof_received(self) -> bool:
        """Whether the connection stays half open: for an answer that is on its way."""
        self._deaf = self._last = True
        return self._receiving is NOTHING and isinstance(self._current, Exchange)

    def pause_writing(self) -> None:
        self._flow.pause_writing()
        self._flow.pause_reading()
        self._unread_since = self._front.now
        self._unread_bytes = self._transport.get_write_buffer_size()

    def resume_writing(self) -> None:
        self._flow.resume_writing()
        self._flow.resume_reading()
        self._unread_since = None

    def shutdown(self) -> None:
        """Called by uvicorn when the server ends: what is under way is answered."""
        self._front.stopping = True
        if isinstance(self._current, RequestResponseCycle):
            self._current.keep_alive = False
        elif self._current is None and self._receiving is NOTHING:
            self._transport.close()

    def _begin(self, direct: Direct, headers: dict[bytes, bytes]) -> None:
        exchange = Exchange(self, direct, self._parser.get_method(), headers, not self._last)
        exchange.expects = b"expect" in headers and headers[b"expect"].lower() == b"100-continue"
        self._take_turn(exchange)
        try:
            direct.begin(exchange)
        except Exception:
            log.exception("a request could not be begun")
            exchange.answer(refusals.FAILED)
        if exchange.answered is None:
            if (length := headers.get(b"content-length")) is not None:
                size = int(length)  # not held before it is here: who only promises takes no room from others
                self._check_room(exchange, size, self._front.held_bytes + size)
            if exchange.expects and self._current is exchange:
                self._invite(exchange)

    def _begin_cycle(self, path: str, raw_path: bytes, query: bytes, headers: dict[bytes, bytes]) -> None:
        limits = self._front.limits
        length = int(headers.get(b"content-length", 0))
        if length > limits.body_bytes:
            self._refusal = refusals.TOO_LARGE
            return
        if length and self._front.held_bytes > limits.held_bytes:
            self._front.cut("overloaded")
            self._refusal = refusals.OVERLOADED
            return
        self._body_bytes = 0
        self._uninvited = headers.get(b"expect", b"").lower() == b"100-continue"
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": self._parser.get_http_version(),
            "server": self._sockname,
            "client": self.peer,
            "scheme": "http",
            "method": self._parser.get_method().decode("ascii"),
            "root_path": "",
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
            "state": self._app_state.copy(),
        }
        cycle = RequestResponseCycle(
            scope=cast(Any, scope),
            transport=self._transport,
            flow=self._flow,
            logger=_APP_LOG,
            access_logger=_APP_LOG,
            access_log=False,
            default_headers=self._state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self._uninvited,
            keep_alive=not self._last,
            on_response=self._cycle_ended,
        )
        if self._take_turn(cycle):
            self._start(cycle)

    def _take_turn(self, turn: Turn) -> bool:
        """Stand in line for an answer. True: it is due at once."""
        self._turn = turn
        if self._current is None:
            self._current = turn
            return True
        self._queue.append(turn)
        self._flow.pause_reading()
        if len(self._queue) > self._front.limits.pipelined:
            self._refusal = refusals.TOO_MANY_AHEAD
        return False

    def _start(self, cycle: RequestResponseCycle) -> None:
        task = self._loop.create_task(cycle.run_asgi(cast(Any, self._front.app)))
        task.add_done_callback(self._state.tasks.discard)
        self._state.tasks.add(task)

    def _hold(self, exchange: Exchange, size: int) -> None:
        """Count the bytes of a body that are here."""
        self._front.held_bytes += size - exchange.held_bytes
        exchange.held_bytes = size
        self._check_room(exchange, size, self._front.held_bytes)

    def _check_room(self, exchange: Exchange, size: int, together: int) -> None:
        """Refuse a body that is too large, or too much with all the others'."""
        front = self._front
        most = exchange.most_bytes if exchange.most_bytes is not None else front.limits.body_bytes
        if size > most:
            self._refuse_exchange(exchange, refusals.TOO_LARGE)
        elif together > front.limits.held_bytes:
            front.cut("overloaded")
            self._refuse_exchange(exchange, refusals.OVERLOADED)

    def _give_back(self, exchange: Exchange) -> None:
        self._front.held_bytes -= exchange.held_bytes
        exchange.held_bytes = 0

    def _invite(self, exchange: Exchange) -> None:
        exchange.expects = False
        self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def answered(self, exchange: Exchange) -> None:
        """Send the answer if it is due."""
        self._give_back(exchange)
        if exchange.expects:  # the body may come all the same, or not: what follows could not be told apart
            exchange.keep_alive = False
        if exchange is self._current:
            self._send_answers()

    def _send_answers(self) -> None:
        """Send what is due, and begin the application's request that is next."""
        transport, front = self._transport, self._front
        while (turn := self._current) is not None:
            if isinstance(turn, RequestResponseCycle):
                self._start(turn)
                return
            if (answer := turn.answered) is None:
                if turn.expects:
                    self._invite(turn)
                if not self._queue and self._unread_since is None:
                    self._flow.resume_reading()  # its body may still be on its way
                return
            if transport.is_closing():
                return
            self._state.total_requests += 1
            if not turn.keep_alive or front.stopping:
                self._current = None
                self._queue.clear()
                self._end(answer, without_body=turn.method == b"HEAD")
                return
            body = answer.body if turn.method != b"HEAD" else b""
            transport.write(b"".join((answer.head, front.date, b"\r\n", body)))
            self._current = self._queue.popleft() if self._queue else None
        if self._deaf:
            transport.close()
            return
        if self._receiving is NOTHING:
            self._since = front.now
        if self._unread_since is None:
            self._flow.resume_reading()

    def _cycle_ended(self) -> None:
        """The application has sent its whole answer."""
        cycle = self._current
        self._state.total_requests += 1
        if self._transport.is_closing():
            return
        if self._uninvited and self._receiving is BODY and self._turn is cycle:
            self._end(None)  # see `answered`
            return
        self._current = self._queue.popleft() if self._queue else None
        self._send_answers()
        if self._front.stopping and self._current is None and self._receiving is NOTHING:
            self._transport.close()

    def _refuse(self, answer: Answer) -> None:
        """End the connection with this answer, once those due before it are sent."""
        turn = self._turn if self._receiving is BODY else None
        self._refusal, self._deaf = None, True
        if isinstance(turn, Exchange) and turn.answered is None:
            turn.keep_alive = False
            self._refuse_exchange(turn, answer)
        elif turn is None or (isinstance(turn, RequestResponseCycle) and not turn.response_started):
            last = Exchange(self, None, b"", {}, keep_alive=False)
            if turn is None:
                self._take_turn(last)
            else:
                turn.disconnected = True  # to the application it looks as if the client had gone
                turn.message_event.set()
                self._put_in_place(turn, last)
            last.answer(answer)
        else:  # it has its answer, or half of one
            if isinstance(turn, RequestResponseCycle) and not turn.response_complete:
                turn.disconnected = True
                turn.message_event.set()
            self._end(None)

    @staticmethod
    def _refuse_exchange(exchange: Exchange, why: Answer) -> None:
        if exchange.direct is None:
            exchange.answer(why)
        else:
            exchange.direct.refuse(exchange, why)

    def _put_in_place(self, gone: Turn, exchange: Exchange) -> None:
        if self._current is gone:
            self._current = exchange
        else:
            self._queue[self._queue.index(gone)] = exchange

    def _end(self, answer: Answer | None, *, without_body: bool = False) -> None:
        """Send this and close; while the client still sends, only after it had time to read."""
        self._deaf = True
        transport = self._transport
        if transport.is_closing():
            return
        if answer is not None:
            body = b"" if without_body else answer.body
            transport.write(b"".join((answer.head, self._front.date, b"connection: close\r\n\r\n", body)))
        if self._receiving is NOTHING and self._turn is not None:
            transport.close()
            return
        self._lingering, self._since = True, self._front.now
        self._flow.resume_reading()
        if transport.can_write_eof():
            transport.write_eof()

    def look_at_the_clock(self) -> None:
        """End what takes too long."""
        front, transport = self._front, self._transport
        limits, now = front.limits, front.now
        waited = now - self._since
        if self._lingering:
            if waited >= limits.linger_seconds:
                transport.abort()
        elif self._unread_since is not None or transport.is_closing():
            self._look_at_the_reader()
        elif self._receiving is NOTHING:
            idle = limits.crowded_idle_seconds if front.crowded else limits.idle_seconds
            if self._current is None and (waited >= idle or front.stopping):
                transport.close()
        elif self._flow.read_paused:
            self._since = now
        else:
            head = self._receiving is HEAD
            allowed = limits.head_seconds if head else limits.body_seconds
            if waited >= (min(allowed, STOPPING_SECONDS) if front.stopping else allowed):
                front.cut("slow head" if head else "slow body")
                self._refuse(refusals.SLOW_HEAD if head else refusals.SLOW_BODY)

    def _look_at_the_reader(self) -> None:
        """End the connection of a client that lets its answers lie."""
        limits, now = self._front.limits, self._front.now
        if self._unread_since is None:  # closed by us, as soon as it has read what is left
            self._unread_since, self._unread_bytes = now, self._transport.get_write_buffer_size()
        if now - self._unread_since < limits.unread_seconds:
            return
        left = self._transport.get_write_buffer_size()
        if left > self._unread_bytes - limits.unread_bytes:
            self._front.cut("slow reader")
            self._transport.abort()
        else:
            self._unread_since, self._unread_bytes = now, left


def _address(name: Any) -> tuple[str, int] | None:
    return (str(name[0]), int(name[1])) if isinstance(name, tuple | list) and len(name) >= 2 else None

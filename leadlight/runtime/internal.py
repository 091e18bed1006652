"""What a command asks of the running process, because that one holds the event log: to replay dead letters."""

import json

import msgspec

from leadlight.errors import LeadlightError, Outage, WrongUsage
from leadlight.runtime import Runtime
from leadlight.runtime.passes import is_for, is_genuine
from leadlight.runtime.replay import Replayed, replay
from leadlight.runtime.service import Receive, Scope, Send
from leadlight.store.dead_letters import Chosen

REPLAY_PATH = "/operations/dead-letters/replay"
REPLAY = "replay dead letters"
PASS_HEADER = "leadlight-pass"

BODY_BYTES = 4 << 20
"""Some 60,000 ids; whoever has more says `all`."""


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What the command wants replayed, and for whom."""

    who: str
    ids: list[str] | None = None  # None: all that wait
    site: str | None = None
    consumer: str | None = None

    @property
    def chosen(self) -> Chosen:
        return Chosen(self.ids, self.site, self.consumer)


class Outcome(msgspec.Struct):
    """What became of it."""

    replayed: list[str]
    already: list[str]
    unknown: list[str]


def outcome_of(done: Replayed) -> Outcome:
    return Outcome(list(done.replayed), list(done.already), list(done.unknown))


async def internal_app(runtime: Runtime, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a command's request. Without a good pass it tells nothing."""
    if scope["method"] != "POST":
        await _answer(send, 404, {"title": "Not found", "status": 404})
        return
    given = dict(scope["headers"]).get(PASS_HEADER.encode(), b"").decode("latin-1")
    body = await _read(receive) if is_genuine(given, runtime.secret, REPLAY, now=runtime.now()) else None
    if body is None or not is_for(given, body):
        detail = "This is for commands that hold this installation's secret."
        await _answer(send, 401, {"title": "Not allowed", "status": 401, "detail": detail})
        return
    try:
        order = msgspec.json.decode(body, type=Order)
        done = await replay(runtime.bus, runtime.database, order.chosen, who=order.who, now=runtime.now)
    except (msgspec.DecodeError, WrongUsage) as error:
        await _answer(send, 400, {"title": "Wrong usage", "status": 400, "detail": str(error)})
    except Outage as error:
        await _answer(send, 503, {"title": "Unavailable", "status": 503, "detail": str(error)})
    except LeadlightError as error:
        await _answer(send, 500, {"title": "Failed", "status": 500, "detail": str(error)})
    else:
        await _answer(send, 200, msgspec.to_builtins(outcome_of(done)))


async def _read(receive: Receive) -> bytes | None:
    """The request's body; None when it is too long or its sender has gone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        size += len(message.get("body", b""))
        if size > BODY_BYTES:
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, content: object) -> None:
    body = json.dumps(content).encode()
    kind = b"application/json" if status == 200 else b"application/problem+json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

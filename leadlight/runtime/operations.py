"""`/healthz`, `/readyz` and `/metrics`: how an operator and an orchestrator see a process, and a command asks of it."""

import asyncio
import json
from collections.abc import Sequence

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from sqlalchemy import select

from leadlight.errors import LeadlightError
from leadlight.runtime import Runtime, internal
from leadlight.runtime.service import AsgiApp, Problems, Receive, Scope, Send, Service

PATHS = ("/healthz", "/readyz", "/metrics", internal.REPLAY_PATH)

CHECK_SECONDS = 3.0
"""A part that does not answer within this time counts as away: orchestrators give up after a few seconds too."""

DEAD_SHARE_RED = 0.01
"""More dead records than this share of those that this process handled within an hour, and health turns red."""


def operations_app(runtime: Runtime, services: Sequence[Service]) -> AsgiApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/metrics":
                await _answer(send, 200, generate_latest(REGISTRY), CONTENT_TYPE_LATEST)
            case internal.REPLAY_PATH:
                await internal.internal_app(runtime, scope, receive, send)
            case "/healthz":
                body = {
                    "status": "ok",
                    "services": [service.name for service in services],
                    "notices": notices(services),
                }
                await _answer_json(send, 200, body)
            case "/readyz":
                problems = await find_problems(runtime, services)
                status = "ready" if not problems else "not ready"
                body = {"status": status, "problems": dict(problems), "notices": notices(services)}
                await _answer_json(send, 503 if problems else 200, body)

    return app


async def find_problems(runtime: Runtime, services: Sequence[Service]) -> Problems:
    """What stands in the way of work now, by part: database, log, dead letters, or a service's own."""
    problems: dict[str, str] = {}
    if runtime.stopping.is_set():
        problems["process"] = "stopping"
    try:
        async with asyncio.timeout(CHECK_SECONDS), runtime.database.read() as connection:
            await connection.execute(select(1))
    except (LeadlightError, TimeoutError) as error:
        problems["database"] = str(error) or "no answer"
    handled, dead = runtime.lately.counts(runtime.now())
    if dead > DEAD_SHARE_RED * handled:
        problems["records"] = f"{dead} of the last hour's {handled} could not be processed: see `leadlight dead list`"
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            if problem := await runtime.bus.problem():
                problems["log"] = problem
    except (LeadlightError, TimeoutError) as error:
        problems["log"] = str(error) or "no answer"
    for service in services:
        for part in service.covered():
            problems.pop(part, None)
        problems |= {f"{service.name}: {part}": text for part, text in (await service.problems()).items()}
    return problems


def notices(services: Sequence[Service]) -> dict[str, str]:
    """What the operator should know although the work goes on, by service and part."""
    return {f"{service.name}: {part}": text for service in services for part, text in service.covered().items() if text}


async def _answer_json(send: Send, status: int, body: object) -> None:
    await _answer(send, status, json.dumps(body).encode(), "application/json")


async def _answer(send: Send, status: int, body: bytes, content_type: str) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

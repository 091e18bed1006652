"""Run services until a signal: their background work, and one HTTP server in front that joins their paths."""

import asyncio
import errno
import gc
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import uvicorn

from leadlight.errors import ConfigurationError
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.runtime.http import Direct, Front, Limits
from leadlight.runtime.http.connection import Connection
from leadlight.runtime.http.fit import check_fit
from leadlight.runtime.operations import PATHS, operations_app
from leadlight.runtime.service import AsgiApp, Receive, Scope, Send, Service

log = get_logger(__name__)

BACKLOG_CONNECTIONS = 2_048
GRACE_SECONDS = 8
"""How long requests in flight may take after SIGTERM: longer than the 5 s within which a post is answered."""

GC_THRESHOLD = 20_000
"""Measured: with the start-up's objects frozen, p99 at 512 connections falls from 70 to 43 ms."""

Listener = tuple[AsgiApp, socket.socket]

_SLASHES = re.compile("//+")


@dataclass(frozen=True, slots=True)
class Joined:
    """One application out of several, and the paths that are answered without it."""

    app: AsgiApp
    direct: Mapping[bytes, Direct]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one.

    Raises:
        ConfigurationError: the port is busy or not ours to take; the message says how to choose another.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG_CONNECTIONS)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            why = f"Port {port} on {host} is busy: another program listens there."
        else:
            why = f"Cannot listen on {host}, port {port}: {error.strerror or error}."
        raise ConfigurationError(f"{why} Choose another with --port or LEADLIGHT_PORT.") from error
    sock.setblocking(False)
    return sock


def join(runtime: Runtime, services: Sequence[Service]) -> Joined:
    """One application out of the services' own, by path; operations are everywhere."""
    operations = operations_app(runtime, services)
    routes = sorted(
        ((prefix, service.app) for service in services if service.app for prefix in service.prefixes),
        key=lambda route: -len(route[0]),
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        path: str = scope["path"]
        if "//" in path:  # an SDK whose host was set with a slash at its end
            path = _SLASHES.sub("/", path)
            scope = {**scope, "path": path}
        if path in PATHS:
            await operations(scope, receive, send)
            return
        for prefix, target in routes:
            if path.startswith(prefix):
                await target(scope, receive, send)
                return
        await _not_here(scope, send)

    return Joined(app, {path.encode(): direct for service in services for path, direct in service.direct.items()})


async def run(
    runtime: Runtime,
    services: Sequence[Service],
    listeners: Sequence[Listener],
    on_ready: Callable[[], None],
    limits: Limits = Limits(),  # noqa: B008
) -> None:
    """Serve and work until SIGTERM, SIGINT or an error outside any record; the latter is raised."""
    with _signals(runtime):
        async with asyncio.TaskGroup() as tasks, _http(listeners, limits):
            for service in services:
                if service.run is not None:
                    tasks.create_task(_worker(runtime, service), name=service.name)
            gc.collect()
            gc.freeze()
            gc.set_threshold(GC_THRESHOLD)
            on_ready()
            await runtime.stopping.wait()
            log.info("stopping")


async def _worker(runtime: Runtime, service: Service) -> None:
    assert service.run is not None
    try:
        await service.run()
    except BaseException:
        runtime.stopping.set()
        raise
    if not runtime.stopping.is_set():
        runtime.stopping.set()
        raise RuntimeError(f"{service.name} ended by itself")


@asynccontextmanager
async def _http(listeners: Sequence[Listener], limits: Limits) -> AsyncIterator[None]:
    check_fit()
    fronts = [Front(app, app.direct if isinstance(app, Joined) else {}, limits) for app, _ in listeners]
    servers = [(_Server(_config(front)), sock) for front, (_, sock) in zip(fronts, listeners, strict=True)]
    running = [asyncio.create_task(server.serve(sockets=[sock])) for server, sock in servers]
    try:
        while not all(server.started for server, _ in servers):
            for task in running:
                if task.done():
                    task.result()
            await asyncio.sleep(0.005)
        yield
    finally:
        for server, _ in servers:
            server.should_exit = True
        await asyncio.gather(*running)
        for front in fronts:
            front.close()


def _config(front: Front) -> uvicorn.Config:
    return uvicorn.Config(
        front.app,
        http=cast(Any, partial(Connection, front=front)),
        loop="none",
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class _Server(uvicorn.Server):
    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()  # signals belong to `run`, which also stops the workers


@contextmanager
def _signals(runtime: Runtime) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, runtime.stopping.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _not_here(scope: Scope, send: Send) -> None:
    if scope["type"] != "http":
        return
    body = b'{"type":"about:blank","title":"Not found","status":404,"detail":"No service of this process answers this path."}'
    await send(
        {
            "type": "http.response.start",
            "status": 404,
            "headers": [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})

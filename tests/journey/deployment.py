"""The real product as processes of its own, in one process or as many, behind one interface for the journeys."""

import asyncio
import itertools
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.infra.kafka import KafkaBroker
from tests.infra.parts import PartBroken, Server, free_port, scratch_folder
from tests.journey.proxy import joined

COMMAND: Final = str(Path(sys.executable).parent / "leadlight")
SECRET: Final = "only-for-tests-0123456789abcdef0123456789abcdef"
START_SECONDS: Final = 120  # nine processes at once, beside a broker and a database, on a small machine
SEVERAL: Final = (
    "collector",
    "identifier",
    "identifier",
    "scorer",
    "scorer",
    "alerter",
    "feed",
    "console",
)


VICTIMS: Final = ("scorer", "identifier", "alerter", "scorer-2", "collector")
"""In which order processes are killed: two scorers, because it is they that keep the numbers."""

MODES: Final = (
    pytest.param("embedded"),
    pytest.param("distributed", marks=(pytest.mark.kafka, pytest.mark.postgres)),
)


class Deployment(Protocol):
    """A running Leadlight, whose processes can be killed without warning and started again as they were."""

    origin: str  # what browsers and readers use
    collector: str  # where events are posted

    async def kill_next(self) -> None:
        """SIGKILL one process: each time the next in turn."""
        ...

    async def restart_killed(self) -> None: ...

    async def command(self, *words: str) -> Any:
        """Run `leadlight WORDS --json` beside it and answer what it printed."""
        ...

    def logs(self) -> str:
        """The last of what every process printed."""
        ...


async def site_add(deployment: Deployment, name: str, domain: str) -> dict[str, str]:
    """A new site: id, name, domain, write_key, snippet."""
    return dict(await deployment.command("site", "add", name, "--domain", domain))


async def key_add(deployment: Deployment, site: str, *, scope: str = "read") -> str:
    """A new key for the feed."""
    return str((await deployment.command("key", "add", "journey", "--site", site, "--scope", scope))["key"])


async def user_add(deployment: Deployment, email: str, site: str) -> str:
    """A new user of the console: the one-time link that signs them in."""
    return str((await deployment.command("user", "add", email, "--role", "admin", "--site", site))["sign_in"])


async def webhook_add(deployment: Deployment, url: str, site: str) -> str:
    """Tell `url` of everything: the secret that its deliveries are signed with."""
    return str((await deployment.command("webhook", "add", url, "--site", site))["secret"])


@asynccontextmanager
async def deployed(mode: str, request: pytest.FixtureRequest) -> AsyncIterator[Deployment]:
    """The product in one of `MODES`. What goes wrong inside the block carries the processes' last words."""
    if mode == "embedded":
        opened: AbstractAsyncContextManager[Deployment] = embedded()
    else:
        broker: KafkaBroker = request.getfixturevalue("own_kafka")
        opened = distributed(broker, request.getfixturevalue("postgres_database"))
    async with opened as deployment:
        try:
            yield deployment
        except BaseException as error:
            error.add_note(deployment.logs())
            raise


@asynccontextmanager
async def embedded() -> AsyncIterator["Embedded"]:
    """`leadlight up` on loopback, with data of its own."""
    deployment = Embedded(scratch_folder("up"))
    try:
        await asyncio.to_thread(deployment.start)
        yield deployment
    finally:
        await asyncio.to_thread(deployment.remove)


@asynccontextmanager
async def distributed(broker: KafkaBroker, database_url: str) -> AsyncIterator["Distributed"]:
    """Every service as processes of its own on Kafka and PostgreSQL, two of those that share partitions."""
    deployment = Distributed(broker, database_url)
    try:
        await deployment.start()
        async with joined(deployment.public_port, deployment.paths):
            yield deployment
    finally:
        await asyncio.to_thread(deployment.remove)


class Embedded:
    """Everything in one process, which is killed as a whole."""

    def __init__(self, folder: Path) -> None:
        self._port = _two_free_ports()
        self._folder = folder
        self._environment = _environment({"LEADLIGHT_DATA": str(folder / "data")})
        words = [COMMAND, "up", "--json", "--data", str(folder / "data"), "--port", str(self._port)]
        self._server = Server("leadlight up", words, folder=folder, environment=self._environment)
        self.origin = self.collector = f"http://127.0.0.1:{self._port}"

    @property
    def demo_site(self) -> str:
        """Where the demo site is served: an origin of its own."""
        return f"http://127.0.0.1:{self._port + 1}"

    def start(self) -> None:
        self._server.launch(lambda: _ready(self.origin), within_seconds=START_SECONDS)

    async def kill_next(self) -> None:
        await asyncio.to_thread(self._server.end, signal.SIGKILL, within_seconds=10)

    async def restart_killed(self) -> None:
        await asyncio.to_thread(self.start)

    async def command(self, *words: str) -> Any:
        return await _command(self._environment, self._folder, words)

    def logs(self) -> str:
        return _log("leadlight up", self._server)

    def remove(self) -> None:
        _remove([self._server], self._folder)


class Distributed:
    """One process a service; they are killed in turn, so that partitions change hands too."""

    def __init__(self, broker: KafkaBroker, database_url: str) -> None:
        self.public_port = free_port()
        self.origin = f"http://127.0.0.1:{self.public_port}"
        self._folder = scratch_folder("run")
        self._environment = _environment(
            {
                "LEADLIGHT_BUS_URL": broker.url,
                "LEADLIGHT_DATABASE_URL": database_url,
                "LEADLIGHT_SECRET": SECRET,
                "LEADLIGHT_PUBLIC_URL": self.origin,
                "LEADLIGHT_DATA": str(self._folder / "data"),
            }
        )
        self._servers: dict[str, Server] = {}
        self._addresses: dict[str, str] = {}
        for service in SEVERAL:
            instance = service if service not in self._servers else f"{service}-2"
            port = free_port()
            self._addresses[instance] = f"http://127.0.0.1:{port}"
            own = {"LEADLIGHT_PORT": str(port), "LEADLIGHT_INSTANCE": instance}
            folder = self._folder / instance
            folder.mkdir()
            environment = self._environment | own
            self._servers[instance] = Server(
                f"leadlight run {instance}", [COMMAND, "run", service], folder=folder, environment=environment
            )
        self.collector = self._addresses["collector"]
        self._victims = itertools.cycle(VICTIMS)
        self._killed = ""

    @property
    def paths(self) -> dict[str, str]:
        """Which service answers which paths of the one origin."""
        collector = dict.fromkeys(("/v1/", "/leadlight.js", "/leadlight-", "/l/"), self._addresses["collector"])
        return {**collector, "/api/v1/": self._addresses["feed"], "/": self._addresses["console"]}

    async def start(self) -> None:
        await _command(self._environment, self._folder, ("migrate",))
        await _command(self._environment, self._folder, ("topics",))
        await asyncio.gather(*(asyncio.to_thread(self._launch, instance) for instance in self._servers))

    async def kill_next(self) -> None:
        self._killed = next(self._victims)
        await asyncio.to_thread(self._servers[self._killed].end, signal.SIGKILL, within_seconds=10)

    async def restart_killed(self) -> None:
        await asyncio.to_thread(self._launch, self._killed)

    async def kill(self, *instances: str) -> None:
        """SIGKILL these processes at once."""
        for instance in instances:
            self._servers[instance].send(signal.SIGKILL)
        for instance in instances:
            await asyncio.to_thread(self._servers[instance].end, signal.SIGKILL, within_seconds=10)

    async def restart(self, *instances: str) -> None:
        """Start killed processes again, as they were."""
        await asyncio.gather(*(asyncio.to_thread(self._launch, instance) for instance in instances))

    def freeze(self, instance: str) -> None:
        """Stop a process where it stands, with its connections and whatever it holds."""
        self._servers[instance].send(signal.SIGSTOP)

    def wake(self, instance: str) -> None:
        """Let a frozen process go on as if no time had passed."""
        self._servers[instance].send(signal.SIGCONT)

    async def command(self, *words: str) -> Any:
        return await _command(self._environment, self._folder, words)

    def logs(self) -> str:
        return "\n".join(_log(instance, server) for instance, server in self._servers.items())

    def remove(self) -> None:
        _remove(list(self._servers.values()), self._folder)

    def _launch(self, instance: str) -> None:
        self._servers[instance].launch(lambda: _ready(self._addresses[instance]), within_seconds=START_SECONDS)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without any setting of Leadlight but these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LEADLIGHT_")}
    shared = {
        "LEADLIGHT_WEBHOOK_ALLOW": "127.0.0.0/8",
        "LEADLIGHT_TRUSTED_PROXIES": "127.0.0.1",  # so that a test can say from where it comes
        "LEADLIGHT_LOG_FORMAT": "json",
    }
    return {**clean, **shared, **own}


def _two_free_ports() -> int:
    """The first of two neighbouring ports: the demo site listens on the one after the product's."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port + 1)) != 0:
                return port


def _ready(origin: str) -> bool:
    try:
        with urlopen(f"{origin}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


async def _command(environment: Mapping[str, str], folder: Path, words: tuple[str, ...]) -> Any:
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *words,
        "--json",
        cwd=folder,
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        printed, said = await asyncio.wait_for(process.communicate(), 60)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise PartBroken(f"leadlight {' '.join(words)} ended with {process.returncode}\n{said.decode()}")
    return json.loads(printed) if printed.strip() else None


def _log(name: str, server: Server) -> str:
    return f"--- {name}, {'running' if server.running else 'not running'}\n{server.output()}"


def _remove(servers: list[Server], folder: Path) -> None:
    """End every process, in order where it can be, and remove the data whatever happens."""
    problems: list[Exception] = []
    for server in servers:
        if server.running:
            server.send(signal.SIGTERM)
    for server in servers:
        try:
            server.end(signal.SIGTERM, within_seconds=30)
        except PartBroken as problem:
            problems.append(problem)
    shutil.rmtree(folder)
    if problems:
        raise ExceptionGroup("processes did not end on SIGTERM", problems)

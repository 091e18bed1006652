"""A process with a database, a name server and a paid service, all real and on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadlight.core.identity.networks.blocks import block_of, host_key, host_of
from leadlight.core.records import Network
from leadlight.runtime import Runtime, open_runtime
from leadlight.settings import Settings
from leadlight.store.identity import connections, remote_answers
from leadlight.store.identity.remote_answers import Remembered
from leadlight.store.identity.sources import Connection
from leadlight.store.identity.uses import Use
from leadlight.store.migrate import migrate
from services.identifier.remote.names import reader_of_names
from services.identifier.remote.remote import Remote
from tests.infra.names import NameServer, open_name_server
from tests.services.identifier.remote.service import PaidService, open_service, written
from tests.services.identifier.remote.world import MAIL

SITE = "site-1"
SECRET = "s" * 32


@dataclass
class World:
    """The surroundings of one test; its clock stands still unless it is moved."""

    folder: Path
    url: str
    names: NameServer
    service: PaidService
    now: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)
    reverse_dns: bool = True

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def with_provider(self, **fields: Any) -> None:
        (self.folder / "providers.yaml").write_text(written(self.service, **fields), encoding="utf-8")

    @asynccontextmanager
    async def runtime(self) -> AsyncIterator[Runtime]:
        resolvers = (self.names.address,) if self.reverse_dns else None
        settings = Settings(data=self.folder, database_url=self.url, secret=SECRET, resolvers=resolvers)
        async with open_runtime(settings) as opened:
            await migrate(opened.database)
            yield replace(opened, now=lambda: self.now)

    @asynccontextmanager
    async def working(self) -> AsyncIterator["Process"]:
        """A process that looks connections up until the block is left, and then ends as a process does."""
        async with self.runtime() as runtime:
            remote = Remote(runtime, MAIL, reader_of_names(MAIL))
            task = asyncio.ensure_future(remote.run())
            try:
                yield Process(runtime, remote)
            finally:
                runtime.stopping.set()
                async with asyncio.timeout(10):
                    await task


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what must come about, but not for ever."""
    async with asyncio.timeout(20):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)


def network_of(address: str, kind: str = "business", *, site: str = SITE) -> Network:
    return Network(
        kind=kind,
        rule="asn_class",
        asn=64500,
        name="Norrnet Broadband AB",
        block=block_of(address),
        host=host_of(site, address, host_key(SECRET.encode())),
    )


@dataclass
class Process:
    runtime: Runtime
    remote: Remote

    def wish(self, address: str, kind: str = "business", *, site: str = SITE) -> None:
        self.remote.wish(site, address, network_of(address, kind, site=site))

    async def seen(self, visitor: str, address: str, kind: str = "business") -> None:
        """A visitor came over a connection."""
        now = self.runtime.now()
        use = Use(visitor, Connection(SITE, network_of(address, kind)), now, now)
        async with self.runtime.database.begin() as connection:
            await connections.save(connection, [use], [], now=now)

    async def done(self) -> bool:
        """Whether nothing waits to be looked up."""
        return not self.remote.waiting

    async def told(self, *addresses: str, kind: str = "business", site: str = SITE) -> dict[str, dict[str, Remembered]]:
        """What is remembered of these addresses, once something is of each."""
        hosts = {address: network_of(address, kind, site=site).host or "" for address in addresses}
        async with asyncio.timeout(20):
            while True:
                async with self.runtime.database.read() as connection:
                    found = await remote_answers.remembered(connection, [(site, host) for host in hosts.values()])
                if len(found) == len(hosts):
                    return {address: found[site, host] for address, host in hosts.items()}
                await asyncio.sleep(0.02)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_name_server() as names, open_service() as service:
        yield World(tmp_path, database_url, names, service)

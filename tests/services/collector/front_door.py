"""A collector as clients meet it: on a real port, with a real log behind it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import aiohttp

from leadlight.bus.port import Partition
from leadlight.bus.topics import EVENTS, create_topics
from leadlight.core.records import Event, decode_event
from leadlight.core.sites.settings import SiteSettings
from leadlight.runtime import Runtime, open_runtime
from leadlight.runtime.http import Limits
from leadlight.runtime.serve import join, listen, run
from leadlight.settings import Settings
from leadlight.store.collecting import drops
from leadlight.store.migrate import migrate
from leadlight.store.owners import keys, site_settings, sites
from services.collector.service import service
from tests.services.collector.raw import Raw

SITE = "site-1"
WRITE_KEY = "wk_front_door"
SECRET_KEY = "llk_front_door_secret"
READ_KEY = "llk_front_door_read_only"
BROWSER = {
    "Origin": "https://www.fernwerk.example",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def dropped(self) -> dict[str, int]:
        """The header that tells the drops: reason -> number."""
        pairs = [part.split("=") for part in self.headers.get("Leadlight-Dropped", "").split(", ") if part]
        return {reason: int(number) for reason, number in pairs}

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["Content-Type"] == "application/problem+json"
        told: dict[str, Any] = json.loads(self.body)
        assert told["status"] == self.status
        assert told["detail"]
        return told


class FrontDoor:
    """What clients can do, and what the log and the owner then see."""

    def __init__(self, runtime: Runtime, client: aiohttp.ClientSession) -> None:
        self.runtime = runtime
        self.client = client
        self._raw: list[Raw] = []

    async def connect(self, *, receive_bytes: int | None = None) -> Raw:
        """A connection of its own, for what no library would send."""
        address = self.client._base_url
        assert address is not None
        assert address.host is not None
        assert address.port is not None
        raw = await Raw.open(address.host, address.port, receive_bytes)
        self._raw.append(raw)
        return raw

    def hang_up(self) -> None:
        """End the connections that `connect` made."""
        for raw in self._raw:
            raw.close()

    async def metric(self, name: str) -> float:
        """The sum of a metric's lines, by the beginning of its name and labels."""
        lines = (await self.request("GET", "/metrics")).body.decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    async def until_held(self, size: int) -> None:
        """Wait until so many bytes of bodies are here."""
        while await self.metric("leadlight_http_held_bytes") < size:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def request(self, method: str, path: str, *, data: Any = None, headers: Mapping[str, str] = {}) -> Answer:
        if isinstance(data, bytes):
            data = BytesIO(data)  # sent in pieces, as clients do with large bodies
        async with self.client.request(method, path, data=data, headers=dict(headers)) as response:
            return Answer(response.status, response.headers, await response.read())

    async def post(
        self, path: str, body: Any, *, key: str | None = WRITE_KEY, headers: Mapping[str, str] = {}
    ) -> Answer:
        """Post JSON (or raw bytes), with the key as Basic user name."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(basic(key) if key else {}), **headers}
        return await self.request("POST", path, data=data, headers=sent)

    async def post_until(self, status: int, path: str, body: Any, *, key: str) -> Answer:
        """Post again and again until the answer has this status; within half a minute it must."""
        for _ in range(150):
            answer = await self.post(path, body, key=key)
            if answer.status == status:
                return answer
            await asyncio.sleep(0.2)
        raise AssertionError(f"still {answer.status}: {answer.body!r}")

    async def one_drop(self, event: Any, *, headers: Mapping[str, str] = {}) -> str:
        """Post one event beside a good one in a batch; the reason for which it alone was dropped."""
        good = {"type": "page", "anonymousId": "good", "messageId": "good"}
        answer = await self.post("/v1/batch", {"batch": [good, event]}, headers=headers)
        assert answer.status == 200, answer.body
        [(reason, number)] = answer.dropped.items()
        assert number == 1
        assert [stored.id for stored in await self.stored()] == ["good"]
        return reason

    async def stored(self) -> Sequence[Event]:
        """All events in the log."""
        partitions: dict[Partition, int] = dict(await self.runtime.bus.ends([EVENTS.name]))
        expected = sum(partitions.values())
        found: list[Event] = []

        async def beginning(wanted: Sequence[Partition]) -> dict[Partition, int]:
            return dict.fromkeys(wanted, 0)

        async with self.runtime.bus.consumer("front-door", [EVENTS.name], beginning) as consumer:
            while len(found) < expected:
                batch = await consumer.poll(max_records=1_000, timeout_seconds=2)
                found += [decode_event(record.value) for record in batch.records]
        return found

    async def owner_sees_drops(self, number: int) -> dict[str, int]:
        """The site's drops by reason once `number` of them have been written down."""
        while True:
            async with self.runtime.database.read() as connection:
                rows = await drops.list_for(connection, SITE, since=date(2020, 1, 1))
            if sum(row.count for row in rows) >= number:
                return {row.reason: row.count for row in rows}
            await asyncio.sleep(0.05)


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


async def add_site(
    runtime: Runtime, *, id: str = SITE, write_key: str = WRITE_KEY, domain: str = "fernwerk.example"
) -> None:
    now = datetime.now(UTC)
    async with runtime.database.begin() as connection:
        await sites.add(connection, id=id, name=id, domain=domain, write_key=write_key, now=now)


async def add_keys(runtime: Runtime) -> None:
    now = datetime.now(UTC)
    async with runtime.database.begin() as connection:
        for id, key, scopes in (("k1", SECRET_KEY, ["ingest"]), ("k2", READ_KEY, ["read"])):
            await keys.add(connection, site_id=SITE, id=id, name=id, key=key, scopes=scopes, now=now)


@asynccontextmanager
async def open_front_door(
    settings: Settings,
    limits: Limits = Limits(),  # noqa: B008
    *,
    decided: SiteSettings | None = None,
) -> AsyncIterator[FrontDoor]:
    """A running collector with one site, one secret key and one key that may only read.

    `decided` are the site's settings, in force from the beginning.
    """
    async with open_runtime(settings) as runtime:
        await migrate(runtime.database)
        await create_topics(settings.bus_url)
        await add_site(runtime)
        await add_keys(runtime)
        if decided is not None:
            async with runtime.database.begin() as connection:
                await site_settings.change(connection, SITE, decided, by="owner", now=datetime.now(UTC))
        collector, sock = service(runtime), listen("127.0.0.1", 0)
        ready = asyncio.Event()
        serving = asyncio.create_task(
            run(runtime, [collector], [(join(runtime, [collector]), sock)], ready.set, limits), name="collector"
        )
        await asyncio.wait({serving, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        try:
            async with aiohttp.ClientSession(address) as client:
                door = FrontDoor(runtime, client)
                try:
                    yield door
                finally:
                    door.hang_up()
        finally:
            runtime.stopping.set()
            await serving

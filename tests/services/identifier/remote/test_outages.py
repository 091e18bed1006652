"""The database goes away while the world outside is asked: what was paid for is not lost."""

import asyncio
from pathlib import Path

from aiohttp import web

from leadlight.errors import StoreUnavailable
from tests.infra.names import open_name_server
from tests.infra.postgres import PostgresServer
from tests.services.identifier.remote.conftest import World, until
from tests.services.identifier.remote.service import ANSWERS, open_service

OFFICE = "203.0.113.7"


async def test_an_answer_that_comes_while_the_database_is_away_is_kept_when_it_is_back(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    url = own_postgres.url(own_postgres.create_database())
    async with open_name_server() as names, open_service() as service:
        world = World(tmp_path, url, names, service, reverse_dns=False)
        world.with_provider(timeout_seconds=30)
        may_answer = asyncio.Event()

        async def answer(_: web.BaseRequest) -> web.StreamResponse:
            await may_answer.wait()
            return web.Response(body=(ANSWERS / "ipinfo.json").read_bytes())

        service.reply = answer
        async with world.working() as process:
            await process.seen("visitor-1", OFFICE)
            process.wish(OFFICE)
            await service.arrived.wait()
            own_postgres.kill()
            may_answer.set()
            await asyncio.sleep(0.5)
            process.wish("203.0.113.8")
            await asyncio.to_thread(own_postgres.start)

            async def kept() -> bool:
                try:
                    return (await process.told(OFFICE))[OFFICE]["provider:ipinfo"].answer is not None
                except StoreUnavailable:  # a connection of before
                    return False

            await until(kept)
        assert [question.path for question in service.asked][:1] == [f"/{OFFICE}"]

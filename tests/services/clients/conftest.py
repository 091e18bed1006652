from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leadlight.settings import Settings
from tests.services.clients.gateway import Gateway, open_gateway
from tests.services.collector.front_door import FrontDoor, open_front_door


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[FrontDoor]:
    """A collector on the embedded log and SQLite."""
    async with open_front_door(Settings(data=tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
async def gateway(door: FrontDoor) -> AsyncIterator[Gateway]:
    """The address that clients are given as their host."""
    async with open_gateway(str(door.client._base_url)) as opened:
        yield opened

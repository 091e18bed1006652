from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leadlight.settings import Settings
from tests.services.collector.front_door import FrontDoor, open_front_door


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[FrontDoor]:
    """A collector on the embedded log and SQLite."""
    async with open_front_door(Settings(data=tmp_path)) as opened:
        yield opened

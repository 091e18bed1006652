"""Alerters on both databases, and webhooks that reach real receivers."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.services.alerter.desk import Desk
from tests.services.shop import Clock, open_shop


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    """A shop whose webhooks may reach this machine."""
    async with open_shop(database_url, tmp_path / "data", clock, allow=(ip_network("127.0.0.0/8"),)) as shop:
        yield Desk(shop, clock)


@pytest.fixture
async def careful_desk(database_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    """A shop as it is by default: no private address may be reached."""
    async with open_shop(database_url, tmp_path / "data", clock) as shop:
        yield Desk(shop, clock)

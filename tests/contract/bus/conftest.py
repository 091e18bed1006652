"""Every test that takes `log` runs on the embedded log and on a real Kafka."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leadlight.bus.port import Bus
from tests.contract.bus.logs import EmbeddedLog, KafkaLog, LogUnderTest
from tests.infra.kafka import KafkaBroker


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LogUnderTest]:
    if request.param == "embedded":
        embedded = EmbeddedLog(tmp_path)
        yield embedded
        await embedded.close()
        return
    broker: KafkaBroker = request.getfixturevalue("kafka")
    kafka = KafkaLog(broker.url)
    await kafka.create()
    yield kafka
    await kafka.close()


@pytest.fixture
async def bus(log: LogUnderTest) -> Bus:
    return await log.open()

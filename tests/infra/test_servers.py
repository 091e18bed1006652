"""The servers that other tests rely on do what their names say."""

import asyncio

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from playwright.async_api import Browser

from tests.infra.kafka import KafkaBroker
from tests.infra.parts import PartBroken
from tests.infra.postgres import PostgresServer


async def connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(url.replace("+asyncpg", ""))


async def test_what_the_broker_acknowledged_survives_its_kill(own_kafka: KafkaBroker) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=own_kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=own_kafka.bootstrap, acks="all")
    await producer.start()
    await producer.send_and_wait("kept", b"before the kill", partition=0)
    await producer.stop()

    await asyncio.to_thread(own_kafka.kill)
    assert not own_kafka.running
    await asyncio.to_thread(own_kafka.restart)

    consumer = AIOKafkaConsumer(bootstrap_servers=own_kafka.bootstrap)
    await consumer.start()
    partition = TopicPartition("kept", 0)
    consumer.assign([partition])
    await consumer.seek_to_beginning(partition)
    assert (await asyncio.wait_for(consumer.getone(), 20)).value == b"before the kill"
    await consumer.stop()


async def test_a_paused_broker_goes_on_when_it_is_resumed(own_kafka: KafkaBroker) -> None:
    own_kafka.pause()
    admin = AIOKafkaAdminClient(bootstrap_servers=own_kafka.bootstrap)
    starting = asyncio.create_task(admin.start())
    done, _ = await asyncio.wait({starting}, timeout=1)
    assert not done
    own_kafka.resume()
    await asyncio.wait_for(starting, 20)
    await admin.close()


async def test_a_paused_database_goes_on_when_it_is_resumed(own_postgres: PostgresServer) -> None:
    connection = await connect(own_postgres.url())
    own_postgres.pause()
    asking = asyncio.create_task(connection.fetchval("SELECT 1"))
    done, _ = await asyncio.wait({asking}, timeout=1)
    assert not done
    own_postgres.resume()
    assert await asyncio.wait_for(asking, 20) == 1
    await connection.close()


async def test_what_the_database_committed_survives_its_kill(own_postgres: PostgresServer) -> None:
    connection = await connect(own_postgres.url())
    await connection.execute("CREATE TABLE kept (word text)")
    await connection.execute("INSERT INTO kept VALUES ('before the kill')")

    await asyncio.to_thread(own_postgres.kill)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.execute("SELECT 1")
    await asyncio.to_thread(own_postgres.restart)

    connection = await connect(own_postgres.url())
    assert await connection.fetchval("SELECT word FROM kept") == "before the kill"
    await connection.close()


async def test_the_database_is_as_durable_as_in_production(postgres: PostgresServer) -> None:
    connection = await connect(postgres.url())
    settings = {name: await connection.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")}
    await connection.close()
    assert settings == {"fsync": "on", "synchronous_commit": "on"}


async def test_each_test_gets_an_empty_database(postgres_database: str) -> None:
    connection = await connect(postgres_database)
    tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert tables == 0


def test_a_server_that_cannot_start_says_what_it_printed(own_postgres: PostgresServer) -> None:
    own_postgres.stop()
    (own_postgres.folder / "data" / "PG_VERSION").write_text("7.4\n")
    with pytest.raises(PartBroken, match=r"7\.4"):
        own_postgres.start()


async def test_the_browser_does_not_say_that_it_is_headless(browser: Browser) -> None:
    page = await browser.new_page()
    agent = await page.evaluate("navigator.userAgent")
    assert "HeadlessChrome" not in agent
    assert "Chrome/" in agent

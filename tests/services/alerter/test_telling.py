"""An alert reaches the webhooks that asked for it, once, and signed."""

import asyncio
import json
import signal
import sys
from ipaddress import ip_network
from pathlib import Path

import msgspec
from sqlalchemy import select, update

from leadlight.store.owners import webhooks
from leadlight.store.tables import alerts
from leadlight.store.views import visitor_objects
from services.alerter.alerter import LEASE
from tests.core.browsing import SITE
from tests.infra.postgres import PostgresServer
from tests.journey.receiver import receiving
from tests.services.alerter.desk import Desk, alerting
from tests.services.shop import ELSEWHERE, Clock, open_shop, second_process


async def test_a_hot_visitor_is_told_to_every_webhook_that_asked(desk: Desk) -> None:
    async with receiving() as all_types, receiving() as hot_only, receiving() as uninterested, receiving() as foreign:
        _, first_secret = await desk.add_webhook(all_types.url)
        _, second_secret = await desk.add_webhook(hot_only.url, types=frozenset({"visitor.hot"}))
        await desk.add_webhook(uninterested.url, types=frozenset({"visitor.left"}))
        await desk.add_webhook(foreign.url, site=ELSEWHERE)
        visitor = await desk.get_hot()
        async with alerting(desk.runtime):
            (first,) = await all_types.wait_for(lambda came: len(came) == 1)
            (second,) = await hot_only.wait_for(lambda came: len(came) == 1)
            await desk.settled(2)
        assert (uninterested.deliveries, foreign.deliveries) == ([], [])
    message = first.verified(first_secret)
    assert second.verified(second_secret) == message
    assert first.message_id != second.message_id
    async with desk.shop.database.read() as connection:
        (shown,) = await visitor_objects.by_ids(connection, SITE, [visitor], now=desk.clock.now)
        (alert,) = (await connection.execute(select(alerts))).all()
    alerted = message["data"].pop("alert")
    assert message["type"] == "visitor.hot"
    assert message["data"] == json.loads(msgspec.json.encode(shown))
    assert (alerted["id"], alerted["rule"]) == (alert.id, "hot")
    assert {reason["rule"] for reason in alerted["reasons"]} >= {"pricing_read", "identified"}
    assert alert.state == "told"
    assert first.headers["content-type"] == "application/json"
    assert first.headers["user-agent"].startswith("Leadlight/")


async def test_an_alert_of_a_site_without_webhooks_counts_as_told(desk: Desk) -> None:
    await desk.get_hot()
    await desk.work()
    assert await desk.deliveries() == []
    async with desk.shop.database.read() as connection:
        assert (await connection.execute(select(alerts.c.state))).scalars().all() == ["told"]


async def test_a_webhook_added_later_is_not_told_of_the_past(desk: Desk) -> None:
    await desk.get_hot()
    await desk.work()
    async with receiving() as receiver:
        await desk.add_webhook(receiver.url)
        await desk.work()
        assert receiver.deliveries == []


async def test_an_alert_that_cannot_be_told_stands_in_no_others_way(desk: Desk) -> None:
    async with receiving() as receiver:
        await desk.add_webhook(receiver.url)
        broken = await desk.get_hot("broken")
        async with desk.shop.database.begin() as connection:
            await connection.execute(update(alerts).where(alerts.c.visitor_id == broken).values(reasons={"no": "list"}))
        whole = await desk.get_hot("whole")
        async with alerting(desk.runtime):
            (came,) = await receiver.wait_for(lambda came: len(came) == 1)
    assert json.loads(came.body)["data"]["id"] == whole
    async with desk.shop.database.read() as connection:
        states = {row.visitor_id: row.state for row in await connection.execute(select(alerts))}
    assert states == {broken: "failed", whole: "told"}


async def test_several_alerters_share_the_work(desk: Desk) -> None:
    count = 150
    async with receiving() as receiver:
        await desk.add_webhook(receiver.url)
        for number in range(count):
            await desk.get_hot(f"a-{number}")
        if desk.shop.database.is_sqlite:
            async with alerting(desk.runtime):
                found = await desk.settled(count)
        else:
            async with second_process(desk.shop) as other, alerting(desk.runtime, other):
                found = await desk.settled(count)
        assert {delivery.state for delivery in found} == {"delivered"}
        ids = [delivery.message_id for delivery in receiver.deliveries]
        assert len(ids) == len(set(ids)) == count
        assert {delivery.attempts for delivery in found} == {1}


async def test_a_slow_endpoint_holds_up_no_other(desk: Desk) -> None:
    async with receiving() as slow, receiving() as quick:
        slow.pause_seconds = 3
        await desk.add_webhook(slow.url)
        await desk.add_webhook(quick.url)
        for number in range(20):
            await desk.get_hot(f"a-{number}")
        async with alerting(desk.runtime):
            await quick.wait_for(lambda came: len(came) == 20)
            assert len(slow.deliveries) < 20
            slow.pause_seconds = 0
            await desk.settled(40)
        assert len(slow.deliveries) == 20


async def test_what_a_killed_alerter_had_sent_comes_again_with_the_same_id(
    desk: Desk, clock: Clock, database_url: str, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        _, secret = await desk.add_webhook(receiver.url)
        await desk.get_hot()
        receiver.pause_seconds = 2  # the answer comes too late for the sender
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.services.alerter.process", database_url, str(tmp_path / "killed")
        )
        await desk.seen(lambda found: len(found) == 1)
        await asyncio.sleep(0.5)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await receiver.wait_for(lambda came: len(came) == 1)
        receiver.pause_seconds = 0
        await desk.work()
        assert len(receiver.deliveries) == 1  # the lease holds
        clock.pass_by(seconds=LEASE.total_seconds() + 60)  # the process had the real clock
        await desk.work()
        first, second = receiver.deliveries
    assert first.message_id == second.message_id
    assert first.body == second.body
    assert first.verified(secret) == second.verified(secret)
    (delivery,) = await desk.deliveries()
    assert (delivery.state, delivery.attempts) == ("delivered", 1)


async def test_what_arrived_while_the_database_was_away_is_not_sent_again(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    url = own_postgres.url(own_postgres.create_database())
    clock = Clock()
    async with (
        open_shop(url, tmp_path / "data", clock, allow=(ip_network("127.0.0.0/8"),)) as shop,
        receiving() as receiver,
    ):
        desk = Desk(shop, clock)
        await desk.add_webhook(receiver.url)
        await desk.get_hot()
        receiver.pause_seconds = 1
        async with alerting(desk.runtime):
            await desk.seen(lambda found: len(found) == 1)
            await asyncio.to_thread(own_postgres.kill)
            await receiver.wait_for(lambda came: len(came) == 1)
            await asyncio.sleep(1)
            await asyncio.to_thread(own_postgres.start)
            (delivery,) = await desk.settled(1)
            clock.pass_by(minutes=10)
            await asyncio.sleep(1)
        assert (delivery.state, delivery.attempts) == ("delivered", 1)
        assert len(receiver.deliveries) == 1


async def test_a_disabled_endpoint_is_sent_nothing(desk: Desk, clock: Clock) -> None:
    async with receiving() as receiver:
        id, _ = await desk.add_webhook(receiver.url)
        receiver.answer = 500
        await desk.get_hot()
        await desk.work()
        async with desk.shop.database.begin() as connection:
            await webhooks.disable(connection, SITE, id, reason="moved", now=clock.now)
        clock.pass_by(hours=1)
        async with alerting(desk.runtime):
            (delivery,) = await desk.settled(1)
        assert (delivery.state, delivery.last_error) == ("failed", "the endpoint is disabled or removed")
        assert len(receiver.deliveries) == 1

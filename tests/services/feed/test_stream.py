"""What a reader of the stream hears, also after a break."""

import asyncio
import socket
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store.owners import keys
from leadlight.store.views import change_feed
from leadlight.store.views.change_feed import ChangeRow, Vector
from services.feed import broadcast
from services.feed import stream as streaming
from services.feed.broadcast import Broadcast
from tests.core.browsing import DAY, MINUTE, SECOND, SITE, Browser, third_visit
from tests.services.feed.conftest import serving
from tests.services.feed.reader import Reader
from tests.services.shop import ELSEWHERE, READ_KEY, Clock, Shop

WEEKS = (21 * DAY, 10 * DAY, 5 * MINUTE)


async def test_a_hot_visitor_is_heard_of_with_the_alert(shop: Shop, feed: Reader, clock: Clock) -> None:
    async with feed.follow() as stream:
        await stream.until("ready")
        browser = third_visit(clock.now, starts=WEEKS)
        await shop.take(browser.events)
        heard = await stream.until("visitor.hot")
        if len(heard) == 1:
            heard += await stream.until("visitor.updated")
    objects = {told.event: told.data for told in heard}
    assert objects["visitor.updated"]["id"] == browser.visitor
    assert objects["visitor.updated"]["intent"] == "hot"
    assert objects["visitor.hot"]["id"] == browser.visitor
    assert objects["visitor.hot"]["alert"]["reasons"]
    assert objects["visitor.updated"] == await feed.get(f"/visitors/{browser.visitor}")


async def test_after_a_break_everything_is_heard_once(shop: Shop, feed: Reader, clock: Clock) -> None:
    browsers = [Browser(f"a-{number}") for number in range(40)]
    strangers = [Browser(f"a-{number}", site=ELSEWHERE) for number in range(40)]
    heard: list[str] = []

    async def write() -> None:
        for number, (browser, stranger) in enumerate(zip(browsers, strangers, strict=True)):
            browser.page(clock.now, "/")
            stranger.page(clock.now, "/")
            await shop.take(stranger.events, partition=7)
            await shop.take(browser.events, partition=number % 3)
            await asyncio.sleep(0.02)

    async with feed.follow() as stream:
        (ready,) = await stream.until("ready")
    last_id = ready.id
    writing = asyncio.create_task(write())
    async with asyncio.timeout(60):
        while len(heard) < len(browsers):
            async with feed.follow(last_id) as stream:  # each time cut off after a few
                while len(heard) < len(browsers):
                    told = await stream.next()
                    assert told is not None
                    last_id = told.id
                    if told.event == "visitor.updated":
                        heard.append(told.data["anonymous_id"])
                        if len(heard) % 4 == 0:
                            break
    await writing
    assert sorted(heard) == sorted(browser.anonymous_id for browser in browsers)
    assert (await feed.get("/changes", cursor=last_id))["data"] == []


async def test_a_stream_goes_on_where_the_changes_were_read(shop: Shop, feed: Reader, clock: Clock) -> None:
    early, late = Browser("early"), Browser("late")
    early.page(clock.now, "/")
    await shop.take(early.events)
    page = await feed.get("/changes")
    late.page(clock.now, "/")
    await shop.take(late.events)
    async with feed.follow(page["next_cursor"]) as stream:
        heard = await stream.until("ready")
    assert [told.data["anonymous_id"] for told in heard[:-1]] == ["late"]


async def test_many_changes_of_one_visitor_are_told_together(shop: Shop, feed: Reader, clock: Clock) -> None:
    async with feed.follow() as stream:
        (ready,) = await stream.until("ready")
        browser = Browser()
        for second in range(20):
            browser.page(clock.now + second * SECOND, "/")
            await shop.take(browser.events[-1:])
    async with feed.follow(ready.id) as stream:
        told, _ = await stream.until("ready")
    assert told.data["page_views"] == 20


async def test_an_id_that_is_none_is_refused(feed: Reader) -> None:
    assert (await feed.ask("/stream", headers={"Last-Event-ID": "42"})).problem["status"] == 400


async def test_a_stopping_feed_says_goodbye_at_once(shop: Shop) -> None:
    async with serving(shop.runtime) as address, Reader.at(address) as reader, reader.follow() as stream:
        await stream.until("ready")
        shop.runtime.stopping.set()
        async with asyncio.timeout(3):
            (end,) = await stream.until("end")
            assert await stream.next() is None
    assert end.data == {"reason": "stopping"}


async def test_a_silent_stream_is_kept_alive(feed: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.2)
    async with feed.client.get(f"{feed.address}/api/v1/stream") as response, asyncio.timeout(5):
        while b": heartbeat" not in await response.content.readline():
            pass


async def test_a_revoked_key_ends_its_streams(
    shop: Shop, feed: Reader, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.2)
    async with feed.follow() as stream, asyncio.timeout(10):
        await stream.until("ready")
        async with shop.database.begin() as connection:
            await keys.revoke(connection, SITE, READ_KEY, now=clock.now)
        (end,) = await stream.until("end")
    assert end.data == {"reason": "key revoked"}


async def test_who_reads_too_slowly_is_cut_off_and_loses_nothing(shop: Shop, clock: Clock) -> None:
    """A listener that takes nothing is cut off; one that takes everything beside it is not."""

    async def compose(
        _connection: AsyncConnection, _site: str, _steps: Sequence[tuple[ChangeRow, Vector]]
    ) -> list[str]:
        return ["told"] * (broadcast.WAITING_MOST // 2)

    hub: Broadcast[str] = Broadcast(shop.runtime, compose)
    running = asyncio.create_task(hub.run())
    browser = Browser()
    with hub.listen("shop") as slow, hub.listen("shop") as quick:
        place = await slow.place
        await quick.place
        async with asyncio.timeout(20):
            while not slow.cut:
                browser.page(clock.now, "/")
                await shop.take(browser.events[-1:])
                assert await quick.take()
                assert not quick.cut
        assert await slow.take() == []
    async with shop.database.read() as connection:
        rows, _ = await change_feed.after(
            connection, place, until=await change_feed.heads(connection), limit=100, site="shop"
        )
    assert len(rows) == len(browser.events)
    shop.runtime.stopping.set()
    await running


async def test_alerts_are_listed_newest_first(shop: Shop, feed: Reader, clock: Clock) -> None:
    for number in range(3):
        await shop.take(third_visit(clock.now, starts=WEEKS, anonymous_id=f"a-{number}").events)
        clock.pass_by(seconds=1)
    alerts = [alert async for alert in feed.walk("/alerts", limit=2)]
    assert len(alerts) == 3
    assert [alert["created_at"] for alert in alerts] == sorted((a["created_at"] for a in alerts), reverse=True)
    assert {(alert["type"], alert["rule"], alert["state"]) for alert in alerts} == {("visitor.hot", "hot", "new")}
    one = await feed.get("/alerts", visitor=alerts[0]["visitor"])
    assert [alert["id"] for alert in one["data"]] == [alerts[0]["id"]]


def listeners() -> float:
    return REGISTRY.get_sample_value("leadlight_stream_listeners") or 0


async def test_a_connection_that_takes_nothing_is_given_up(
    shop: Shop, feed: Reader, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SEND_SECONDS", 1.0)
    host, _, port = feed.address.removeprefix("http://").partition(":")
    client = socket.create_connection((host, int(port)))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    request = f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {READ_KEY}\r\n\r\n"
    await asyncio.get_running_loop().run_in_executor(None, client.sendall, request.encode())
    client.setblocking(False)
    browsers = [third_visit(clock.now, starts=WEEKS, anonymous_id=f"a-{number}") for number in range(300)]
    try:
        async with asyncio.timeout(60):
            begun = False
            while not begun or listeners():  # until the server has let go of it
                begun = begun or bool(listeners())
                clock.pass_by(seconds=1)
                for browser in browsers:
                    browser.page(clock.now, "/")
                await shop.take([event for browser in browsers for event in browser.events])
                await asyncio.sleep(0.2)
    finally:
        client.close()

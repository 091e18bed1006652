"""What receivers answer decides what follows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime

import pytest

from leadlight.store.owners import webhooks
from services.alerter import sender
from services.alerter.schedule import JITTER, SCHEDULE, after_attempt, retry_after
from tests.core.browsing import SITE
from tests.journey.receiver import receiving
from tests.services.alerter.desk import CHANCE, Desk
from tests.services.shop import Clock


async def test_a_failing_endpoint_is_tried_ten_times_over_three_days_with_the_same_message(
    desk: Desk, clock: Clock
) -> None:
    async with receiving() as receiver:
        await desk.add_webhook(receiver.url)
        receiver.answer = 500
        await desk.get_hot()
        waits = []
        for _ in SCHEDULE:
            await desk.work()
            (delivery,) = await desk.deliveries()
            if delivery.next_attempt_at is not None:
                waits.append(delivery.next_attempt_at - clock.now)
                clock.now = delivery.next_attempt_at - timedelta(milliseconds=1)
                sent = len(receiver.deliveries)
                await desk.work()
                assert len(receiver.deliveries) == sent
                clock.now = delivery.next_attempt_at
        clock.pass_by(days=7)
        await desk.work()
    assert waits == [wait * (1 + JITTER * CHANCE) for wait in SCHEDULE[1:]]
    (delivery,) = await desk.deliveries()
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("failed", len(SCHEDULE), 500)
    assert len(receiver.deliveries) == len(SCHEDULE)
    assert len({(each.message_id, each.body) for each in receiver.deliveries}) == 1
    assert len({each.headers["webhook-signature"] for each in receiver.deliveries}) == len(SCHEDULE)
    assert [number for number, _, _ in await desk.attempts()] == list(range(1, len(SCHEDULE) + 1))


async def test_an_endpoint_that_recovers_is_told_once_more_and_no_more(desk: Desk, clock: Clock) -> None:
    async with receiving() as receiver:
        _, secret = await desk.add_webhook(receiver.url)
        receiver.answer = 503
        await desk.get_hot()
        await desk.work()
        receiver.answer = 204
        clock.pass_by(seconds=6)
        await desk.work()
        clock.pass_by(days=1)
        await desk.work()
        first, second = receiver.deliveries
    assert first.message_id == second.message_id
    assert second.verified(secret)["type"] == "visitor.hot"
    assert [(number, status) for number, status, _ in await desk.attempts()] == [(1, 503), (2, 204)]
    (delivery,) = await desk.deliveries()
    assert (delivery.state, delivery.next_attempt_at) == ("delivered", None)


async def test_a_receiver_that_asks_for_patience_gets_it(desk: Desk, clock: Clock) -> None:
    async with receiving() as receiver:
        await desk.add_webhook(receiver.url)
        receiver.answer = 429
        receiver.answer_headers = {"Retry-After": "120"}
        await desk.get_hot()
        await desk.work()
        (delivery,) = await desk.deliveries()
        assert delivery.next_attempt_at == clock.now + timedelta(seconds=120)
        receiver.answer_headers = {"Retry-After": format_datetime(clock.now + timedelta(hours=3), usegmt=True)}
        clock.now = delivery.next_attempt_at
        await desk.work()
        (delivery,) = await desk.deliveries()
        assert delivery.next_attempt_at == clock.now + timedelta(hours=3) - timedelta(seconds=120)


async def test_gone_is_gone(desk: Desk, clock: Clock) -> None:
    async with receiving() as receiver:
        id, _ = await desk.add_webhook(receiver.url)
        receiver.answer = 500
        await desk.get_hot("a-1")
        await desk.work()
        receiver.answer = 410
        await desk.get_hot("a-2")
        await desk.work()
        clock.pass_by(days=1)
        await desk.get_hot("a-3")
        await desk.work()
        assert len(receiver.deliveries) == 2
    assert [delivery.state for delivery in await desk.deliveries()] == ["failed", "failed"]
    async with desk.shop.database.read() as connection:
        (webhook,) = [each for each in await webhooks.list_for(connection, [SITE]) if each.id == id]
    assert webhook.disabled_at is not None
    assert webhook.disabled_reason == "The endpoint answered 410 Gone: it wants nothing more."


async def test_a_redirect_is_not_followed(desk: Desk) -> None:
    async with receiving() as aim, receiving() as receiver:
        await desk.add_webhook(receiver.url)
        receiver.answer = 307
        receiver.answer_headers = {"Location": aim.url}
        await desk.get_hot()
        await desk.work()
        assert aim.deliveries == []
    (delivery,) = await desk.deliveries()
    assert (delivery.state, delivery.last_status) == ("pending", 307)
    assert "redirect" in str(delivery.last_error)


@asynccontextmanager
async def answering(said: bytes | None) -> AsyncIterator[str]:
    """A server that answers with these bytes and hangs up; None: never answers."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if said is not None:
            await reader.read(100)
            writer.write(said)
        else:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@pytest.mark.parametrize(
    ("said", "status", "error"),
    [
        (b"", None, "Server disconnected"),
        (b"\x00\xff garbage", None, "the answer is not HTTP"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\nno\x00\x1b[2J\xff\xfe", 500, "no"),
        (b"HTTP/1.1 500 Oh\r\n\r\n" + b"x" * 1_000_000, 500, "x" * sender.EXCERPT_BYTES),
        (None, None, "no answer within"),
    ],
)
async def test_nonsense_is_a_failed_attempt_with_its_reason(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, said: bytes | None, status: int | None, error: str
) -> None:
    monkeypatch.setattr(sender, "SEND_SECONDS", 1.0)
    async with answering(said) as url:
        await desk.add_webhook(url)
        await desk.get_hot()
        await desk.work()
    ((number, answered, reason),) = await desk.attempts()
    assert (number, answered) == (1, status)
    assert str(reason).startswith(error)
    assert str(reason).isprintable()
    (delivery,) = await desk.deliveries()
    assert delivery.state == "pending"


PRIVATE = "LEADLIGHT_WEBHOOK_ALLOW"


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", PRIVATE),
        ("localhost", PRIVATE),
        ("[::1]", PRIVATE),
        ("[::ffff:127.0.0.1]", PRIVATE),
        ("0.0.0.0", PRIVATE),
        ("2130706433", ""),
        ("0x7f.1", ""),
    ],
)
async def test_a_private_address_is_refused_by_default(careful_desk: Desk, host: str, told: str) -> None:
    async with receiving() as receiver:
        port = receiver.url.split(":")[2]
        await careful_desk.add_webhook(f"http://{host}:{port}")
        await careful_desk.get_hot()
        await careful_desk.work()
        assert receiver.deliveries == []
    ((_, status, reason),) = await careful_desk.attempts()
    assert status is None
    assert reason
    assert told in reason


def test_waits_never_come_early_nor_much_too_late(clock: Clock) -> None:
    for number in range(1, len(SCHEDULE)):
        for chance in (0.0, 0.5, 1.0):
            following = after_attempt(None, number=number, retry_after=None, now=clock.now, chance=chance)
            assert following.attempt_at is not None
            wait = following.attempt_at - clock.now
            assert SCHEDULE[number] <= wait <= SCHEDULE[number] * (1 + JITTER)


@pytest.mark.parametrize("header", ["soon", "-5", "", "1e9", "Wed, 99 Foo 2026 00:00:00 GMT", "\u0665"])
def test_a_wait_that_makes_no_sense_is_passed_over(header: str, clock: Clock) -> None:
    assert retry_after(header, clock.now) is None


def test_nobody_may_ask_for_more_than_a_day(clock: Clock) -> None:
    asked = retry_after("9" * 40, clock.now)
    following = after_attempt(503, number=1, retry_after=asked, now=clock.now, chance=0)
    assert following.attempt_at == clock.now + timedelta(days=1)

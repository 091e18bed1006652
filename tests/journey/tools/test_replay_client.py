"""The journeys' own tools: the client sends at least once, the comparison finds what differs, the receiver checks."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tests.journey.browsing_log import browsing_log
from tests.journey.oracle import Expected, PageRead, Received, Run, recompute
from tests.journey.receiver import receiving
from tests.journey.replay import Replay, differences, route_differences
from tests.journey.scoring import default_rules, expected_score
from tests.journey.visitors.sender import Post

NOON = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
RULES = default_rules()


@asynccontextmanager
async def collector(answers: list[int | None]) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A server that takes posts: it answers what is listed, breaks the connection off for None, then always answers 200."""
    taken: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        answer = answers.pop(0) if answers else 200
        if answer is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if answer == 200:
            taken.append({"path": request.path, "auth": request.headers.get("Authorization"), **body})
        return web.json_response({"success": answer == 200}, status=answer, headers={"Retry-After": "0"})

    app = web.Application()
    app.router.add_post("/v1/{call}", take)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}", taken
    finally:
        await runner.cleanup()


async def test_every_post_arrives_through_refusals_and_broken_connections() -> None:
    posts = browsing_log(NOON, visitors=30).posts
    async with collector([503, None, 200, 429, None]) as (address, taken):
        replayed = await Replay(address, "key-1").send(posts)
    assert len(taken) == len(posts) == len(replayed.received)
    assert replayed.repeats == 4
    assert all(post["writeKey"] == "key-1" if "writeKey" in post else post["auth"] for post in taken)


async def test_a_clock_that_is_ahead_stamps_its_posts_ahead() -> None:
    post = Post("/v1/track", {"Content-Type": "application/json"}, {"event": "x"}, timedelta(hours=2))
    async with collector([]) as (address, taken):
        replayed = await Replay(address, "key-1").send([post])
    (arrival,) = replayed.received
    assert arrival.sent_at is not None
    assert abs(arrival.sent_at - arrival.received_at - timedelta(hours=2)) < timedelta(seconds=5)
    assert datetime.fromisoformat(taken[0]["sentAt"]) == arrival.sent_at


async def test_a_refusal_for_good_is_an_error_at_once() -> None:
    post = Post("/v1/track", {"Content-Type": "application/json"}, {"event": "x"}, None)
    async with collector([400]) as (address, _):
        with pytest.raises(ExceptionGroup) as caught:
            await Replay(address, "key-1").send([post])
    assert caught.group_contains(AssertionError, match="400")


def _shown(visitor: Expected) -> dict[str, Any]:
    assert visitor.first_seen_at is not None
    assert visitor.last_seen_at is not None
    score = expected_score(visitor, RULES, NOON)
    return {
        "anonymous_id": visitor.key,
        "visits": visitor.visits,
        "page_views": visitor.page_views,
        "activities": visitor.activities,
        "bot": visitor.bot,
        "engaged_seconds": int(visitor.engaged_seconds),
        "elapsed_seconds": int(visitor.elapsed_seconds),
        "first_seen_at": visitor.first_seen_at.isoformat(),
        "last_seen_at": visitor.last_seen_at.isoformat(),
        "contact": visitor.email and {"id": f"id of {visitor.email}", "email": visitor.email},
        "company": visitor.company_domain and {"domain": visitor.company_domain, "method": visitor.how},
        "score": min(max(round(score.most), 0), 100),
        "intent": next(iter(score.intents)),
        "reasons": [{"points": score.most}],
    }


def test_the_comparison_finds_each_thing_that_differs() -> None:
    log = browsing_log(NOON, visitors=120)
    expected = recompute(
        Received(post, None if post.clock_error is None else NOON + post.clock_error, NOON) for post in log.posts
    )
    shown = {key: _shown(visitor) for key, visitor in expected.items()}
    compared = partial(differences, slack=timedelta(seconds=2), rules=RULES, now=NOON)
    assert compared(expected, shown) == []

    key = next(key for key, visitor in expected.items() if not visitor.receipt_counts and visitor.how)
    changes: list[dict[str, Any]] = [
        {"visits": 99},
        {"engaged_seconds": expected[key].engaged_seconds + 1},
        {"last_seen_at": (NOON + timedelta(days=1)).isoformat()},
        {"contact": None},
        {"company": {"domain": "elsewhere.example", "method": expected[key].how}},
        {"company": {"domain": expected[key].company_domain, "method": "a guess"}},
        {"bot": True},
        {"score": shown[key]["score"] + 2},
        {"intent": "boiling"},
        {"reasons": []},
    ]
    for wrong in changes:
        (line,) = compared(expected, shown | {key: shown[key] | wrong})
        named = "how" if "a guess" in str(wrong) else next(iter(wrong))
        assert line.startswith(f"{key}: {named} ")
    assert compared({key: expected[key]}, {}) == [f"{key}: missing from the feed"]
    assert compared({}, {key: shown[key]}) == [f"{key}: in the feed only"]
    twin = replace(expected[key], key="twin")
    both = {key: shown[key], "twin": shown[key] | {"contact": {"id": "another", "email": twin.email}}}
    (line,) = compared({key: expected[key], "twin": twin}, both)
    assert "several contacts" in line


def test_the_comparison_of_routes_finds_wrong_visits_pages_and_times() -> None:
    at, later = NOON, NOON + timedelta(minutes=3)
    reads = [PageRead("p", "/", at, at, 0), PageRead("q", "/pricing", later, later, 8000)]
    oracle = Expected("v", visits=1, runs=[Run(at, later)], reads=reads)
    visit: dict[str, Any] = {
        "started_at": at.isoformat(),
        "ended_at": later.isoformat(),
        "page_views": 2,
        "engaged_seconds": 8,
        "pages": [{"path": "/"}, {"path": "/pricing"}],
    }
    compared = partial(route_differences, oracle, slack=timedelta(seconds=2))
    assert compared([visit]) == []
    assert "2 visits" in compared([visit, visit])[0]
    for wrong in ({"started_at": later.isoformat()}, {"engaged_seconds": 9}, {"pages": [{"path": "/"}]}):
        assert len(compared([visit | wrong])) == 1


async def test_the_receiver_keeps_what_came_and_checks_signatures() -> None:
    secret, body = "whsec_" + "bm90IGEgcmVhbCBzZWNyZXQgYXQgYWxs", '{"type": "visitor.hot"}'
    moment = datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", moment, body),
    }
    async with receiving() as receiver, aiohttp.ClientSession() as client:
        receiver.answer = 500
        async with client.post(receiver.url, data=body, headers=headers) as answer:
            assert answer.status == 500
        (delivery,) = await receiver.wait_for(lambda deliveries: len(deliveries) == 1)
    assert (delivery.message_id, delivery.answered) == ("msg_1", 500)
    assert delivery.verified(secret) == {"type": "visitor.hot"}
    with pytest.raises(WebhookVerificationError):
        replace(delivery, body=b"{}").verified(secret)

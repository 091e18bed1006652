"""A thousand visitors' browsing goes through the real product, and every number is as the oracle says."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.journey.browsing_log import browsing_log
from tests.journey.deployment import MODES, Deployment, deployed, key_add, site_add
from tests.journey.oracle import recompute
from tests.journey.replay import Replay, Replayed, compare, compare_routes
from tests.journey.visitors.sender import Post

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLS_AT = (0.15, 0.35, 0.55, 0.75, 1.0)
"""How far the replay is when the scorer is killed; the last time with everything acknowledged and not yet scored."""


@pytest.mark.parametrize("mode", MODES)
async def test_every_visitor_is_as_the_oracle_says(mode: str, request: pytest.FixtureRequest) -> None:
    async with deployed(mode, request) as leadlight:
        site = await site_add(leadlight, "Fernwerk", "fernwerk.example")
        key = await key_add(leadlight, site["id"])
        replayed = await Replay(leadlight.collector, site["write_key"]).send(_posts())
        await _hold_against_the_oracle(leadlight, key, replayed)


@pytest.mark.parametrize("mode", MODES)
async def test_nothing_is_lost_or_counted_twice_when_the_scorer_is_killed(
    mode: str, request: pytest.FixtureRequest
) -> None:
    async with deployed(mode, request) as leadlight:
        site = await site_add(leadlight, "Fernwerk", "fernwerk.example")
        key = await key_add(leadlight, site["id"])
        posts = _posts()
        replay = Replay(leadlight.collector, site["write_key"])
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(replay.send(posts))
            tasks.create_task(_kill_midway(leadlight, replay, len(posts)))
        replayed = sending.result()
        assert mode != "embedded" or replayed.repeats, "the process was killed, and no post had to be repeated"
        await _hold_against_the_oracle(leadlight, key, replayed)


async def _hold_against_the_oracle(leadlight: Deployment, key: str, replayed: Replayed) -> None:
    expected = recompute(replayed.received)
    shown = await compare(leadlight.origin, key, expected, slack=replayed.slack, within_seconds=150)
    compared = await compare_routes(leadlight.origin, key, expected, shown, slack=replayed.slack)
    assert (len(shown), compared) >= (1000, 100)


async def _kill_midway(leadlight: Deployment, replay: Replay, posts: int) -> None:
    for share in KILLS_AT:
        await replay.reached(posts * share)
        await leadlight.kill_scorer()
        await asyncio.sleep(0.5)
        await leadlight.restart_scorer()


def _posts() -> tuple[Post, ...]:
    """The log up to a minute ago, in whole seconds, so that no event but those of wrong clocks is yet to come."""
    return browsing_log(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)).posts

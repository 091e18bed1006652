"""A thousand visitors' browsing goes through the real product, and every number is as the oracle says."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.journey.browsing_log import browsing_log
from tests.journey.deployment import MODES, Deployment, deployed, key_add, site_add
from tests.journey.follower import Follower, alert_differences, copy_differences, read_alerts
from tests.journey.oracle import recompute
from tests.journey.replay import Replay, Replayed, compare, compare_routes
from tests.journey.scoring import default_rules, expected_score
from tests.journey.visitors.sender import Post

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLS_AT = (0.15, 0.35, 0.55, 0.75, 1.0)
"""How far the replay is when a process is killed; the last time a scorer, with everything acknowledged and not yet scored."""


@pytest.mark.parametrize("mode", MODES)
async def test_every_visitor_is_as_the_oracle_says(mode: str, request: pytest.FixtureRequest) -> None:
    async with deployed(mode, request) as leadlight:
        await _replay(leadlight, kills=())


@pytest.mark.parametrize("mode", MODES)
async def test_nothing_is_lost_or_counted_twice_when_processes_are_killed(
    mode: str, request: pytest.FixtureRequest
) -> None:
    async with deployed(mode, request) as leadlight:
        replayed = await _replay(leadlight, kills=KILLS_AT)
        assert mode != "embedded" or replayed.repeats, "the whole process was killed, and no post had to be repeated"


async def _replay(leadlight: Deployment, *, kills: tuple[float, ...]) -> Replayed:
    """Send the log, kill as told, follow the changes all the while, and hold everything against the oracle."""
    site = await site_add(leadlight, "Fernwerk", "fernwerk.example")
    key = await key_add(leadlight, site["id"])
    posts = _posts()
    replay = Replay(leadlight.collector, site["write_key"])
    follower, settled = Follower(leadlight.origin, key), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follower.follow(settled))
        sending = tasks.create_task(replay.send(posts))
        for share in kills:
            await replay.reached(len(posts) * share)
            await leadlight.kill_next()
            await asyncio.sleep(0.5)
            await leadlight.restart_killed()
        replayed = await sending
        expected = recompute(replayed.received)
        shown = await compare(leadlight.origin, key, expected, slack=replayed.slack, within_seconds=150)
        settled.set()
    compared = await compare_routes(leadlight.origin, key, expected, shown, slack=replayed.slack)
    assert (len(shown), compared) >= (1000, 100)
    assert copy_differences(follower, shown) == []
    now, rules = datetime.now(UTC), default_rules()
    people = {shown[name]["id"]: (oracle, expected_score(oracle, rules, now)) for name, oracle in expected.items()}
    alerts = await read_alerts(leadlight.origin, key)
    assert len(alerts) > 20
    assert alert_differences(alerts, follower, people) == []
    return replayed


def _posts() -> tuple[Post, ...]:
    """The log up to a minute ago, in whole seconds, so that no event but those of wrong clocks is yet to come."""
    return browsing_log(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)).posts

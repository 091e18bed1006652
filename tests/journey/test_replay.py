"""A thousand visitors' browsing goes through the real product, and every number and name is as the oracle says.

The oracle knows one contact, company and verdict for each visitor, so both ways of running agree with each other too.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from tests.journey.browsing_log import browsing_log
from tests.journey.deployment import MODES, Deployment, Distributed, deployed, key_add, site_add, webhook_add
from tests.journey.follower import Follower, alert_differences, copy_differences, read_alerts
from tests.journey.oracle import Expected, recompute
from tests.journey.receiver import Delivery, Receiver, receiving
from tests.journey.replay import Replay, Replayed, compare, compare_routes, make_links
from tests.journey.scoring import ExpectedScore, default_rules, expected_score
from tests.journey.visitors.sender import SITE, Post

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLS_AT = (0.1, 0.25, 0.45, 0.6, 0.8, 1.0)
"""How far the replay is when a process is killed; the last time a scorer, with everything acknowledged and not yet scored."""


@pytest.mark.parametrize("mode", MODES)
async def test_every_visitor_is_as_the_oracle_says(mode: str, request: pytest.FixtureRequest) -> None:
    async with receiving() as receiver, deployed(mode, request) as leadlight:
        await _replay(leadlight, receiver, kills=())


@pytest.mark.parametrize("mode", MODES)
async def test_nothing_is_lost_or_counted_twice_when_processes_are_killed(
    mode: str, request: pytest.FixtureRequest
) -> None:
    async with receiving() as receiver, deployed(mode, request) as leadlight:
        replayed = await _replay(leadlight, receiver, kills=KILLS_AT)
        assert mode != "embedded" or replayed.repeats, "the whole process was killed, and no post had to be repeated"


@pytest.mark.kafka
@pytest.mark.postgres
async def test_a_frozen_scorer_is_replaced_and_changes_nothing_when_it_wakes(request: pytest.FixtureRequest) -> None:
    async with deployed("distributed", request) as leadlight:
        assert isinstance(leadlight, Distributed)
        site = await site_add(leadlight, "Fernwerk", "fernwerk.example")
        key = await key_add(leadlight, site["id"], scope="read,write")
        posts = _posts(visitors=400)
        links = await make_links(leadlight.origin, key, SITE, posts)
        replay = Replay(leadlight.collector, site["write_key"], links=links, connections=2)
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(replay.send(posts))
            await replay.reached(len(posts) * 0.3)
            leadlight.freeze("scorer")
            replayed = await sending
        expected = recompute(replayed.received)
        await compare(leadlight.origin, key, expected, slack=replayed.slack, within_seconds=150)
        leadlight.wake("scorer")
        await asyncio.sleep(3)
        await compare(leadlight.origin, key, expected, slack=replayed.slack)


async def _replay(leadlight: Deployment, receiver: Receiver, *, kills: tuple[float, ...]) -> Replayed:
    """Send the log, kill as told, follow the changes all the while, and hold everything against the oracle."""
    site = await site_add(leadlight, "Fernwerk", "fernwerk.example")
    key = await key_add(leadlight, site["id"], scope="read,write")
    posts = _posts()
    await webhook_add(leadlight, receiver.url, site["id"])
    links = await make_links(leadlight.origin, key, SITE, posts)
    replay = Replay(leadlight.collector, site["write_key"], links=links)
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
    await _buyers_are_told_of_once(receiver, people, now)
    return replayed


async def _buyers_are_told_of_once(
    receiver: Receiver, people: Mapping[str, tuple[Expected, ExpectedScore]], now: datetime
) -> None:
    """Who turned hot a moment ago is told of by one message each, however often its delivery had to be repeated."""
    buyers = {
        id
        for id, (oracle, score) in people.items()
        if score.intents == {"hot"} and oracle.email and oracle.runs[-1].end > now - timedelta(minutes=20)
    }
    assert len(buyers) >= 5
    await receiver.wait_for(lambda deliveries: buyers <= {_whom(delivery) for delivery in deliveries})
    messages = {(_whom(delivery), delivery.message_id) for delivery in receiver.deliveries}
    assert [id for id in buyers if sum(whom == id for whom, _ in messages) != 1] == []


def _whom(delivery: Delivery) -> str:
    return str(json.loads(delivery.body)["data"]["id"])


def _posts(*, visitors: int = 1000) -> tuple[Post, ...]:
    """The log up to a minute ago, in whole seconds, so that no event but those of wrong clocks is yet to come."""
    return browsing_log(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1), visitors=visitors).posts

"""The browsing log of the journeys, admitted and identified without any server: equal to the independent oracle."""

import json
from collections import defaultdict
from datetime import UTC, datetime

from leadlight.core.identity.identify import identify
from leadlight.core.intake.admit import Arrival, admit
from leadlight.core.intake.calls import read_post
from leadlight.core.intake.times import skew, to_milliseconds
from leadlight.core.records import Channel, Event, EventType, Identified
from services.identifier.knowledge import load_knowledge
from tests.journey import oracle
from tests.journey.browsing_log import browsing_log
from tests.journey.visitors.sender import Post

BY_OTHER_MEANS = ("tracked_link", "first_party")
"""What no event tells by itself: links that were followed, and colleagues on the same connection."""

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
SITE = "site-1"


def admitted(post: Post) -> list[Event]:
    """The post's events as the collector would log them."""
    kind = None if post.path == "/v1/batch" else EventType(post.path.rsplit("/", 1)[1])
    read = read_post(json.dumps(post.stamped(NOW)).encode(), kind)
    browser = bool({"Origin", "Sec-Fetch-Site"} & set(post.headers))
    arrival = Arrival(
        site=SITE,
        received_at=NOW,
        channel=Channel.BROWSER if browser else Channel.SERVER,
        error=skew(read.sent_at, NOW),
        agent=post.headers.get("User-Agent") if browser else None,
    )
    events = [admit(call, arrival) for call in read.calls if not isinstance(call, str)]
    assert len(events) == len(post.events)
    return [event for event in events if isinstance(event, Event)]


def test_a_thousand_visitors_are_who_and_when_the_oracle_says() -> None:
    knowledge = load_knowledge()
    posts = browsing_log(NOW, visitors=1000).posts
    expected = oracle.recompute(
        oracle.Received(post, None if post.clock_error is None else NOW + post.clock_error, NOW) for post in posts
    )
    found: dict[str, dict[str, Identified]] = defaultdict(dict)
    for post in posts:
        for event in admitted(post):
            found[event.anonymous_id].setdefault(event.id, identify(event, knowledge))
    assert set(found) == set(expected)
    for visitor, records in found.items():
        activities = [one.event for one in records.values() if one.event.is_activity]
        claims = sorted((one.event.occurred_at, one.event.id) for one in records.values() if one.contact)
        latest = records[claims[-1][1]] if claims else None
        truth = expected[visitor]
        assert len(activities) == truth.activities
        assert sum(event.type is EventType.PAGE for event in activities) == truth.page_views
        assert any(one.bot_reasons for one in records.values()) == truth.bot
        if truth.how in BY_OTHER_MEANS:
            assert latest is None
        else:
            assert (latest.contact.email if latest and latest.contact else None) == truth.email
            assert (latest.company.domain if latest and latest.company else None) == truth.company_domain
        first = min((event.occurred_at for event in activities), default=None)
        assert first == (to_milliseconds(truth.first_seen_at) if truth.first_seen_at else None)

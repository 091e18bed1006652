"""A realistic browsing log, made from a seed: what the replay journey sends through the collector.

Some 1,000 visitors of the demo shop make about 10,000 events in the three weeks before `now`. Most browse ordinarily;
the rest have one habit each, so that everything that makes visits, times and identities hard is in the log on purpose:

| habit         | what it brings |
|---------------|----------------|
| boundary      | pauses of 29:59, 29:59.999, 30:00 and 30:01 between the end of one activity and the start of the next |
| tabs          | interleaved page views, one page kept open beside another, cumulative repeats, a tab closed hours later, |
|               | a late engaged message that bridges two runs, engaged time of a page view that never arrives |
| marathon      | runs over 24 h: many pages, or one page kept active for exactly 24 h, 24 h and 1 s, and 50 h |
| late          | posts that arrive hours and days after they were made |
| introduced    | a work or free-mail address given in a form, in various spellings |
| two devices   | one person's phone and desktop, the same address given on both |
| two addresses | two people at one browser, at times the later claim is posted first |
| nobody        | null, anonymous, undefined, 0 and [object Object] as user id or address: they identify no one |
| crawler       | agents that say they are no people |
| clock         | browsers whose clock is seconds off (left alone) or minutes, hours and years off (corrected) |
| future        | times after the receipt, and calls without a time: they become the time of receipt |
| old           | a queue kept for 14 months |
| server        | calls without an anonymous id, keyed by their user id |
| nameless      | calls without a messageId, repeated to the letter |
| numbered      | message ids that other browsers use as well |
| application   | screens of a mobile application, which are activities but no page views |
| buyer         | people who have turned hot in the last minutes, so that alerts are due |
| connection    | an office, a café, a home: colleagues and others who introduce themselves there, and those who don't |
| odd           | headers that belie the browser |
| followed      | links made for one person, followed by readers, by machines, and by who leaves at once |

All posts are besides subject to the network: whole posts and single events twice, posts and events out of order, so
that an engaged message comes before its page view, and some delayed by hours.

What depends on the moment of receipt (clocks that need correction, future times) keeps away from every boundary that
a second could cross: half hours between activities, full hours of the clock.
"""

import copy
import itertools
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tests.journey.visitors import cast
from tests.journey.visitors.connections import CONNECTION_HABITS
from tests.journey.visitors.habits import HABITS, Draft, ordinary
from tests.journey.visitors.sender import Event, Manner, Post

HABIT_COUNTS: Final = {
    "boundary": 60,
    "tabs": 80,
    "marathon": 12,
    "late": 80,
    "introduced": 70,
    "two devices": 60,
    "two addresses": 20,
    "nobody": 25,
    "crawler": 30,
    "clock": 50,
    "future": 16,
    "old": 3,
    "server": 15,
    "nameless": 12,
    "numbered": 12,
    "application": 8,
    "buyer": 8,
    "connection": 45,
    "odd": 8,
    "followed": 24,
}


@dataclass(frozen=True, slots=True)
class BrowsingLog:
    """The posts in the order they are sent; the same for the same seed, size and `now`."""

    seed: int
    now: datetime
    posts: tuple[Post, ...]

    @property
    def events(self) -> list[Event]:
        """Every call of every post, copies included."""
        return [event for post in self.posts for event in post.events]


def browsing_log(now: datetime, *, seed: int = 7, visitors: int = 1000) -> BrowsingLog:
    """The log of about `visitors` visitors, each habit in its share of them."""
    rng = random.Random(seed)
    habits = HABITS | CONNECTION_HABITS
    drafts: list[Draft] = []
    for habit, count in HABIT_COUNTS.items():
        wanted = max(1, round(count * visitors / 1000))
        made: list[Draft] = []
        while len(made) < wanted:
            made += habits[habit](rng, now, len(made))
        drafts += made
    while len(drafts) < visitors:
        drafts += ordinary(rng, now, len(drafts))
    sent = [delivery for draft in drafts for delivery in _deliveries(rng, draft, now)]
    sent.sort(key=lambda delivery: delivery.at)
    return BrowsingLog(seed, now, tuple(_gathered(rng, [delivery.post for delivery in sent])))


@dataclass(frozen=True, slots=True)
class _Delivery:
    at: datetime
    post: Post


def _deliveries(rng: random.Random, draft: Draft, now: datetime) -> list[_Delivery]:
    """When each of a visitor's posts reaches the collector, with what networks do to them."""
    deliveries: list[_Delivery] = []
    for until, group in _groups(rng, draft):
        at = until + timedelta(seconds=rng.uniform(0.2, 4)) + draft.held
        if rng.random() < 0.04:
            at += timedelta(hours=rng.uniform(0.5, 60))
        if rng.random() < 0.05:
            at += timedelta(hours=rng.uniform(-2, 2))
        for post in draft.sender.posts([group]):
            deliveries.append(_Delivery(min(at, now), post))
            if not draft.once and rng.random() < 0.05:
                again = min(at + timedelta(seconds=rng.choice((1, 5, 60, 7200, 90000))), now)
                deliveries.append(_Delivery(again, copy.deepcopy(post)))
    if draft.backwards:
        times = sorted((delivery.at for delivery in deliveries), reverse=True)
        deliveries = [_Delivery(at, delivery.post) for at, delivery in zip(times, deliveries, strict=True)]
    return deliveries


def _groups(rng: random.Random, draft: Draft) -> list[tuple[datetime, list[Event]]]:
    """A visitor's events as they leave its queue: a few at a time, flushed in every pause."""
    groups: list[tuple[datetime, list[Event]]] = []
    size = 0
    for at, event in sorted(draft.sender.made, key=lambda made: made[0]):
        rested = bool(groups) and at - groups[-1][0] > timedelta(minutes=5)
        if not groups or rested or len(groups[-1][1]) >= size:
            size = 1 if draft.sender.manner is Manner.CALLS else 20 if draft.once else rng.choice((1, 2, 2, 3, 5))
            groups.append((at, []))
        groups[-1][1].append(event)
        groups[-1] = (at, groups[-1][1])
    for (_, earlier), (_, later) in itertools.pairwise(groups):
        if rng.random() < 0.06:
            later.append(copy.deepcopy(rng.choice(earlier)))
        if rng.random() < 0.1:
            rng.shuffle(later)
    return groups


def _gathered(rng: random.Random, posts: list[Post]) -> list[Post]:
    """Libraries serve many visitors: some of their neighbouring posts travel as one batch."""
    gathered: list[Post] = []
    waiting: Post | None = None
    for post in posts:
        if post.headers.get("User-Agent") not in cast.SERVER_LIBRARIES:
            gathered.append(post)
        elif waiting is None:
            waiting = post
        elif (
            (waiting.headers, waiting.clock_error) == (post.headers, post.clock_error)
            and len(waiting.events) < 8
            and rng.random() < 0.7
        ):
            both = {"batch": [*waiting.body["batch"], *post.body["batch"]]}
            waiting = Post(post.path, post.headers, both, post.clock_error)
        else:
            gathered.append(waiting)
            waiting = post
    return gathered if waiting is None else [*gathered, waiting]

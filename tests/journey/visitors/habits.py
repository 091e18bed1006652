"""How visitors of the browsing log behave: ordinary ones, and each habit that makes visits, times or identities hard."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tests.journey.visitors import cast
from tests.journey.visitors.sender import Ids, Manner, Sender, identifier

HALF_HOUR = timedelta(minutes=30)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """One visitor's events, and how its posts travel."""

    sender: Sender
    held: timedelta = timedelta()  # how long its posts stay in the queue
    backwards: bool = False  # the posts arrive in the opposite order
    once: bool = False  # no post is repeated, and what was made together is posted together


def somebody(rng: random.Random, *, agent: str | None = None, manner: Manner | None = None) -> Sender:
    """A browser or a library of anybody, at a connection of its own."""
    sender = Sender(
        rng=rng,
        manner=manner or rng.choices(list(Manner), (50, 25, 15, 10))[0],
        agent=agent or rng.choice(cast.DESKTOPS if rng.random() < 0.6 else cast.MOBILES),
        anonymous_id=identifier(rng),
        time_field="originalTimestamp" if rng.random() < 0.05 else "timestamp",
        offset_hours=2 if rng.random() < 0.03 else 0,
    )
    sender.source = rng.choice(cast.SOURCES)
    sender.address = f"2001:db8:{str(sender.anonymous_id)[:4]}:{str(sender.anonymous_id)[4:8]}::1"
    return sender


def moment(rng: random.Random, now: datetime, *, room: timedelta = timedelta(hours=8)) -> datetime:
    """A start within the log's three weeks that leaves `room` before `now`."""
    return now - room - timedelta(seconds=rng.uniform(0, 21 * 86400 - room.total_seconds()))


def _path(rng: random.Random) -> str:
    return rng.choices(cast.PAGES, [weight for _, _, weight in cast.PAGES])[0][0]


def _read(sender: Sender, at: datetime, path: str, *, longest: float = 300, sure: bool = False) -> datetime:
    """One page read from `at` on; answers when attention left it. Some reads leave no engaged message, unless `sure`."""
    rng = sender.rng
    seconds = min(2 + rng.lognormvariate(2.9, 0.9), longest)
    left = at + timedelta(seconds=seconds)
    view = sender.page(at, path)
    messages = rng.choices((0, 1, 2, 3), (0 if sure else 20, 50, 20, 10))[0]
    for number in range(1, messages + 1):
        until = at + (left - at) * number / messages
        attention = int((until - at) / timedelta(milliseconds=1) * rng.uniform(0.6, 1) * number / messages)
        sender.engaged(until + timedelta(seconds=rng.uniform(0, 3)), view, attention, until, 20 * number)
    return left


def visit(sender: Sender, start: datetime, pages: int, *, longest: float = 300) -> datetime:
    """Some pages, one after the other; answers when attention left the last."""
    rng = sender.rng
    at = start
    for number in range(pages):
        if number and rng.random() < 0.08:
            sender.track(at + SECOND, *rng.choice(cast.HAPPENINGS))
        at = _read(sender, at + timedelta(seconds=rng.uniform(1, 45)), _path(rng), longest=longest)
    return at


def introduce(sender: Sender, at: datetime, email: str) -> datetime:
    """The contact form: read, filled in and sent while the page has attention."""
    view = sender.page(at, "/contact")
    left = at + timedelta(seconds=40)
    user_id = sender.rng.choice((None, email, f"usr_{sender.rng.randrange(10**6):06}"))
    traits = {} if user_id == email and sender.rng.random() < 0.4 else {"email": email}
    sender.identify(at + timedelta(seconds=30), traits, user_id)
    sender.track(at + timedelta(seconds=31), "Form Submitted", {"form": "contact"})
    sender.engaged(left, view, 34_000, left, 100)
    if user_id is not None and sender.manner is not Manner.BEACON:
        sender.user_id = user_id
    return left


def _email(rng: random.Random, *, work: bool) -> str:
    person = f"{rng.choice(cast.FIRST_NAMES)}.{rng.choice(cast.LAST_NAMES)}"
    if not work:
        return f"{person}.invented.{rng.randrange(1000, 9999)}@{rng.choice(cast.FREE_MAIL)}"
    place = rng.choice(("", "", "", "mail.", "eu."))
    email = f"{person}{rng.randrange(100)}@{place}{rng.choice(cast.COMPANIES)}"
    return email.title() if rng.random() < 0.1 else email


def ordinary(rng: random.Random, now: datetime, _: int) -> list[Draft]:
    sender = somebody(rng)
    at = moment(rng, now)
    for _visit_number in range(rng.choices((1, 2, 3, 4), (55, 25, 12, 8))[0]):
        left = visit(sender, at, rng.choices((1, 2, 3, 5, 8), (36, 27, 19, 12, 6))[0])
        at = left + timedelta(hours=rng.expovariate(1 / 40))
        if at > now - timedelta(hours=2):
            break
    return [Draft(sender)]


def boundary(rng: random.Random, now: datetime, _: int) -> list[Draft]:
    sender = somebody(rng)
    at = moment(rng, now)
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    pauses = [timedelta(seconds=1799), timedelta(seconds=1799.999), HALF_HOUR, timedelta(seconds=1801)]
    rng.shuffle(pauses)
    for pause in pauses:
        view = sender.page(at, _path(rng))
        end = at
        if rng.random() < 0.5:
            end = at + timedelta(seconds=47.25)
            sender.engaged(end + 2 * SECOND, view, 31_400, end)
        elif rng.random() < 0.3:
            end = at + timedelta(seconds=12.5)
            sender.track(end, *rng.choice(cast.HAPPENINGS))
        at = end + pause
    sender.page(at, _path(rng))
    return [Draft(sender)]


def tabs(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    sender = somebody(rng)
    at = moment(rng, now, room=timedelta(hours=12))
    minute = timedelta(minutes=1)
    first = sender.page(at, _path(rng))
    sender.engaged(at + 21 * SECOND, first, 18_200, at + 20 * SECOND)
    second = sender.page(at + 25 * SECOND, _path(rng))
    sender.engaged(at + 90 * SECOND, second, 41_000, at + 80 * SECOND)
    third = sender.page(at + 95 * SECOND, "/pricing")
    sender.engaged(at + 4 * minute, second, 88_500, at + 4 * minute)
    sender.engaged(at + 5 * minute, third, 36_100, at + 5 * minute)
    sender.engaged(at + 6 * minute, first, 63_900, at + 6 * minute)
    match number % 4:
        case 0:  # closed hours later, long after attention left it
            sender.engaged(at + timedelta(hours=5), first, 63_900, at + 6 * minute)
        case 1:  # left open: attention comes back between two runs and makes them one
            sender.page(at + 50 * minute, _path(rng))
            sender.engaged(at + 51 * minute, second, 149_000, at + 26 * minute)
        case 2:  # its page view never arrives
            sender.engaged(at + 3 * minute, identifier(rng), 240_000, at + 4 * minute)
        case _:  # a clock that stepped back: attention ends before the view
            view = sender.page(at + 7 * minute, _path(rng))
            sender.engaged(at + 7 * minute + SECOND, view, 0, at + 7 * minute - 2 * SECOND)
    return [Draft(sender, backwards=number % 8 == 1)]


def marathon(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    sender = somebody(rng)
    at = moment(rng, now, room=timedelta(hours=60))
    lengths = (timedelta(hours=24), timedelta(hours=24, seconds=1), timedelta(hours=50))
    if number % 2:
        view = sender.page(at, "/docs/getting-started")
        sender.engaged(at + timedelta(minutes=5), view, 240_000, at + timedelta(minutes=4))
        end = at + lengths[number // 2 % 3]
        sender.engaged(end + SECOND, view, 2_400_000, end)
    else:
        end = at + timedelta(hours=26)
        while at < end:
            at = _read(sender, at, _path(rng), longest=120) + timedelta(seconds=rng.uniform(1500, 1798))
    return [Draft(sender)]


def late(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    held = timedelta(hours=rng.uniform(1, 20)) if number % 2 else timedelta(days=rng.uniform(1, 6))
    return [Draft(draft.sender, held=held) for draft in ordinary(rng, now, number)]


def introduced(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    sender = somebody(rng)
    at = moment(rng, now, room=timedelta(days=5))
    for _visit_number in range(rng.randrange(1, 4)):
        at = visit(sender, at, rng.randrange(1, 7)) + timedelta(hours=rng.uniform(2, 30))
    at = introduce(sender, at, _email(rng, work=number % 4 != 3))
    if rng.random() < 0.5:
        visit(sender, at, rng.randrange(1, 4))
    return [Draft(sender)]


def two_devices(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    email = _email(rng, work=number % 3 != 2)
    drafts = []
    for agents, spelling in ((cast.DESKTOPS, email), (cast.MOBILES, email.lower())):
        sender = somebody(rng, agent=rng.choice(agents))
        at = visit(sender, moment(rng, now, room=timedelta(days=2)), rng.randrange(1, 6))
        introduce(sender, at + timedelta(hours=rng.uniform(0.1, 24)), spelling)
        drafts.append(Draft(sender))
    return drafts


def two_addresses(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    sender = somebody(rng)
    first = _email(rng, work=number % 2 == 0)
    second = f"second.{_email(rng, work=True).lower()}"
    at = introduce(sender, moment(rng, now, room=timedelta(days=3)), first)
    sender.user_id = None
    at = visit(sender, at, 3) + timedelta(hours=rng.uniform(2, 24))
    visit(sender, introduce(sender, at, second), 2)
    return [Draft(sender, backwards=number % 2 == 0)]


def nobody(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    sender = somebody(rng)
    at = moment(rng, now)
    if number % 5 == 4:
        at = introduce(sender, at, _email(rng, work=True))
    generic = cast.NOBODY[number % len(cast.NOBODY)]
    view = sender.page(at + SECOND, _path(rng))
    sender.identify(at + 5 * SECOND, {"email": generic} if number % 2 else {}, generic)
    sender.engaged(at + 12 * SECOND, view, 9_000, at + 11 * SECOND)
    visit(sender, at + timedelta(hours=1), 2)
    return [Draft(sender)]


def crawler(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    sender = somebody(rng, agent=cast.CRAWLERS[number % len(cast.CRAWLERS)])
    at = moment(rng, now)
    for path, _, _ in rng.sample(cast.PAGES, rng.randrange(2, 9)):
        sender.page(at, path)
        at += timedelta(seconds=rng.uniform(0.5, 4))
    return [Draft(sender)]


def clock(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    errors = (
        timedelta(seconds=12), timedelta(seconds=-12), timedelta(seconds=95), timedelta(minutes=-10),
        timedelta(hours=1), timedelta(hours=-2), timedelta(hours=3), timedelta(days=-1), timedelta(days=-3650),
        timedelta(days=400),
    )  # fmt: skip
    sender = somebody(rng, manner=rng.choice((Manner.BEACON, Manner.CALLS)))
    sender.clock_error = errors[number % len(errors)]
    at = moment(rng, now, room=timedelta(days=3))
    for _visit_number in range(rng.randrange(1, 4)):
        at = at.replace(minute=rng.randrange(5, 20))
        at = visit(sender, at, rng.randrange(1, 5), longest=60) + timedelta(hours=rng.uniform(2, 16))
    return [Draft(sender)]


def future(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    sender = somebody(rng, manner=rng.choice((Manner.BEACON, Manner.LIBRARY)))
    visit(sender, moment(rng, now), 2)
    ahead = now + timedelta(days=(3, 30000)[number % 2])
    at = now - timedelta(seconds=30)
    view = sender.page(at, "/pricing")
    sender.engaged(at + SECOND, view, 8_000, ahead)
    del sender.made[-2][1][sender.time_field]
    if number % 3:
        sender.made[-2][1]["timestamp"] = ahead.isoformat()
    return [Draft(sender, once=True)]


def old(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    sender = somebody(rng, manner=Manner.IMPORT)
    visit(sender, now - timedelta(days=430, hours=number), 3)
    return [Draft(sender, held=timedelta(days=425))]


def server(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    sender = Sender(rng, Manner.LIBRARY, None)
    sender.user_id = _email(rng, work=True).lower() if number % 3 == 0 else f"acct_{rng.randrange(10**8):08}"
    at = moment(rng, now)
    sender.track(at, "Trial Started", {"plan": "team"})
    if number % 3 == 1:
        sender.identify(at + SECOND, {"email": _email(rng, work=True)})
    sender.track(at + timedelta(minutes=rng.uniform(1, 90)), "Invoice Paid", {"currency": "EUR"})
    return [Draft(sender)]


def nameless(rng: random.Random, now: datetime, _: int) -> list[Draft]:
    sender = somebody(rng)
    sender.ids = Ids.NONE
    at = moment(rng, now)
    for number in range(rng.randrange(3, 8)):
        sender.page(at + timedelta(minutes=11 * number, seconds=rng.uniform(0, 60)), _path(rng))
        if number == 2:
            sender.track(at + timedelta(minutes=11 * number + 2), *cast.HAPPENINGS[0])
    return [Draft(sender)]


def application(rng: random.Random, now: datetime, _: int) -> list[Draft]:
    sender = somebody(rng, agent=cast.MOBILES[1], manner=Manner.LIBRARY)
    at = moment(rng, now)
    for _screen in range(rng.randrange(2, 6)):
        sender.screen(at, rng.choice(("Plan", "Shift", "Machine")))
        at += timedelta(minutes=rng.choice((1, 29, 31)))
    sender.track(at, *cast.HAPPENINGS[3])
    return [Draft(sender)]


def numbered(rng: random.Random, now: datetime, _: int) -> list[Draft]:
    sender = somebody(rng)
    sender.ids = Ids.NUMBERED
    visit(sender, moment(rng, now), 4)
    return [Draft(sender)]


def buyer(rng: random.Random, now: datetime, _: int) -> list[Draft]:
    sender = somebody(rng)
    at = now - timedelta(minutes=rng.uniform(9, 11))
    for path in ("/", "/pricing", "/compare/planwright", "/demo"):
        view = sender.page(at, path)
        left = at + timedelta(seconds=rng.uniform(8, 30))
        sender.engaged(left, view, 7_000, left)
        at = left + SECOND
    introduce(sender, at, _email(rng, work=False))
    return [Draft(sender)]


HABITS: Final[dict[str, Callable[[random.Random, datetime, int], list[Draft]]]] = {
    "boundary": boundary,
    "tabs": tabs,
    "marathon": marathon,
    "late": late,
    "introduced": introduced,
    "two devices": two_devices,
    "two addresses": two_addresses,
    "nobody": nobody,
    "crawler": crawler,
    "clock": clock,
    "future": future,
    "old": old,
    "server": server,
    "nameless": nameless,
    "numbered": numbered,
    "application": application,
    "buyer": buyer,
}

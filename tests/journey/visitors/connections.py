"""How visitors behave from whose connection, headers or links something could be told of them: habits of the browsing log."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from tests.journey.visitors import cast
from tests.journey.visitors.habits import SECOND, Draft, introduce, moment, somebody, visit
from tests.journey.visitors.sender import Manner, Sender

FIREFOX: Final = cast.DESKTOPS[1]
AS_FIREFOX: Final = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Accept-Language": "en-GB,en;q=0.7"}
"""Headers with nothing odd about them: an odd browser's click introduces nobody."""
UNLIKE_FIREFOX: Final = {**AS_FIREFOX, "Sec-CH-UA": '"Chromium";v="141", "Not?A_Brand";v="8"'}


def connection(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    """Five visitors over one connection: of an office, of a café, and of a home, in turn.

    In the office are colleagues, somebody who does not say who they are, and, by a library's word only, somebody who is
    not there at all. In the café are people of two companies, at home is one of a company and one of none.
    """
    place, kind = number // 5, number // 5 % 3
    address = f"203.0.113.{place + 1}"
    first, second = f"office-{place}.example", f"guest-{place}.example"
    people = ((first, first, first, None, None), (first, first, second, second, None), (first, None, None, None, None))
    drafts = []
    for seat, domain in enumerate(people[kind]):
        sender = somebody(rng, manner=rng.choice((Manner.BEACON, Manner.CALLS)))
        if kind == 0 and seat == 4:
            sender.manner = Manner.LIBRARY
        sender.address = address
        at = moment(rng, now, room=timedelta(days=2))
        at = visit(sender, at, rng.randrange(1, 4))
        if domain is not None:
            introduce(sender, at + timedelta(hours=rng.uniform(0.1, 20)), f"{cast.FIRST_NAMES[seat]}@{domain}")
        drafts.append(Draft(sender))
    return drafts


def odd(rng: random.Random, now: datetime, _: int) -> list[Draft]:
    """A browser whose headers are not what its agent would send: no machine for that alone."""
    sender = somebody(rng, agent=FIREFOX, manner=rng.choice((Manner.BEACON, Manner.CALLS)))
    sender.more_headers = UNLIKE_FIREFOX
    visit(sender, moment(rng, now), rng.randrange(1, 5))
    return [Draft(sender)]


def followed(rng: random.Random, now: datetime, number: int) -> list[Draft]:
    """Links of a mailing, followed by readers and by others: eight visitors of six people."""
    mailing = number // 8
    reader, hasty, still, late, scanned, odd_one = (
        f"{name}.{mailing}@{rng.choice(cast.COMPANIES)}" for name in cast.FIRST_NAMES[:6]
    )
    drafts = []
    for person, seconds, touched in ((reader, 6, True), (hasty, 1.4, True), (still, 9, False), (late, 30, True)):
        sender = _at_a_desk(rng)
        _land(sender, moment(rng, now), person, "/pricing", seconds=seconds, touched=touched)
        drafts.append(Draft(sender, backwards=person == late))
    at = moment(rng, now)
    for step, path in enumerate(("/pricing", "/product", "/contact")):  # three browsers, all links of one mail
        sender = _at_a_desk(rng)
        _land(sender, at + step * SECOND, scanned, path, seconds=5, touched=True)
        drafts.append(Draft(sender))
    sender = _at_a_desk(rng)
    sender.more_headers = UNLIKE_FIREFOX
    _land(sender, moment(rng, now), odd_one, "/pricing", seconds=6, touched=True)
    return [*drafts, Draft(sender)]


def _at_a_desk(rng: random.Random) -> Sender:
    sender = somebody(rng, agent=FIREFOX, manner=Manner.BEACON)
    sender.source, sender.more_headers = ("", {}), AS_FIREFOX
    return sender


def _land(sender: Sender, at: datetime, person: str, path: str, *, seconds: float, touched: bool) -> None:
    view = sender.page(at, path, link_of=person)
    until = at + timedelta(seconds=seconds)
    sender.engaged(until, view, int(seconds * 500), at + timedelta(seconds=seconds / 2), 20)
    sender.engaged(until + SECOND, view, int(seconds * 1000), until, 60, touched=touched)


CONNECTION_HABITS: Final[dict[str, Callable[[random.Random, datetime, int], list[Draft]]]] = {
    "connection": connection,
    "odd": odd,
    "followed": followed,
}

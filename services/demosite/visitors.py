"""Plausible visitors of invented companies: what `leadlight demo` sends, as Segment calls.

Most have a history over the last weeks; some are on the site now and read on while one watches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zlib import crc32

ORIGIN = "https://www.fernhall.example"
HISTORY_DAYS = 21
REPORT_SECONDS = 5
"""The snippet reports engaged time about this often while a page is being read."""

FIRST_NAMES = [
    "Mara",
    "Tomasz",
    "Ines",
    "Jonas",
    "Aylin",
    "Pieter",
    "Noor",
    "Lucia",
    "Emre",
    "Sanne",
    "Milan",
    "Freya",
    "Rafael",
    "Oona",
    "Kofi",
    "Elif",
    "Bruno",
    "Saskia",
    "Dario",
    "Hana",
    "Theo",
    "Amara",
    "Lars",
    "Zofia",
    "Idris",
    "Greta",
    "Mateo",
    "Signe",
    "Farid",
    "Nadia",
]
LAST_NAMES = [
    "Lindqvist",
    "Wilk",
    "Okafor",
    "Berger",
    "Demir",
    "Vos",
    "Haddad",
    "Marin",
    "Aydin",
    "Bakker",
    "Novak",
    "Solberg",
    "Duarte",
    "Laine",
    "Mensah",
    "Kaya",
    "Ferri",
    "Roth",
    "Conti",
    "Ito",
    "Keller",
    "Diallo",
    "Holm",
    "Zielinska",
    "Osman",
    "Brandt",
    "Rojas",
    "Dahl",
    "Karimi",
    "Petrov",
]
COMPANIES = (
    ("Norrvik Foods", "norrvik.example"),
    ("Halden Logistics", "halden-logistics.example"),
    ("Brama Steel", "bramasteel.example"),
    ("Teal Bay Instruments", "tealbay.example"),
    ("Oakmere Joinery", "oakmere.example"),
    ("Vantaa Robotics", "vantaa-robotics.example"),
    ("Casa Limone", "casalimone.example"),
    ("Greyfell Aerospace", "greyfell.example"),
    ("Polder & Dyke Engineering", "polderdyke.example"),
    ("Sunder Glassworks", "sunderglass.example"),
    ("Mistral Packaging", "mistral-packaging.example"),
    ("Kestrel Museums Trust", "kestreltrust.example"),
)
JOBS = (
    "Head of Purchasing",
    "Plant manager",
    "Facilities lead",
    "Operations director",
    "Workshop lead",
    "Office manager",
)
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 "
    "Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
)
ARRIVALS: tuple[tuple[str, dict[str, str]], ...] = (
    ("https://search.example/?q=workshop+lighting", {}),
    ("", {}),
    ("", {"source": "newsletter", "medium": "email", "name": "autumn offer"}),
    ("https://trade-press.example/lighting-guide", {}),
    ("", {"source": "ads", "medium": "cpc", "name": "workshop lighting"}),
)

Step = tuple[str, tuple[int, int]]  # a path, and how long it is read: from, to seconds

READER: tuple[tuple[Step, ...], ...] = (
    (("/blog/glare", (20, 90)), ("/blog/led-maintenance", (10, 60))),
    (("/", (4, 12)), ("/blog/lux-on-the-bench", (30, 120)), ("/product", (6, 25))),
)
RESEARCHER: tuple[tuple[Step, ...], ...] = (
    (("/", (5, 15)), ("/product", (25, 80)), ("/case-studies/norrvik-foundry", (30, 120))),
    (("/compare/fluorescent", (20, 90)), ("/product", (20, 60)), ("/docs/security", (15, 70))),
)
BUYER: tuple[tuple[Step, ...], ...] = (
    (("/", (5, 15)), ("/product", (25, 80)), ("/pricing", (12, 50))),
    (("/case-studies/norrvik-foundry", (30, 150)), ("/compare/fluorescent", (25, 110)), ("/pricing", (20, 90))),
    (("/pricing", (25, 110)), ("/demo", (10, 40)), ("/contact", (15, 60))),
)
APPLICANT: tuple[tuple[Step, ...], ...] = ((("/careers", (30, 120)), ("/", (4, 10))),)
KINDS = ((READER, 40), (RESEARCHER, 30), (BUYER, 24), (APPLICANT, 6))
INTRODUCED = {RESEARCHER: 0.45, BUYER: 0.75}
"""How many of them say who they are. Of the others, one in twenty."""


@dataclass(frozen=True, slots=True)
class Call:
    """One Segment call and the moment it is made."""

    at: datetime
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented, and the visits they make; `introduced_in` is the one in which they say who they are."""

    anonymous_id: str
    agent: str
    arrival: tuple[str, dict[str, str]]
    traits: dict[str, str]
    introduced_in: int | None  # None: never
    visits: tuple[tuple[Step, ...], ...]


def people(random: Random, count: int) -> list[Person]:
    """Mostly readers, some researchers, a few buyers, and applicants."""
    kinds, weights = [kind for kind, _ in KINDS], [weight for _, weight in KINDS]
    made = []
    for _ in range(count):
        visits = random.choices(kinds, weights)[0]
        talkative = INTRODUCED.get(visits, 0.05)
        made.append(
            Person(
                anonymous_id=f"demo-{random.getrandbits(64):016x}",
                agent=random.choice(AGENTS),
                arrival=random.choice(ARRIVALS),
                traits=_traits(random),
                introduced_in=random.randrange(len(visits)) if random.random() < talkative else None,
                visits=visits,
            )
        )
    return made


def history(random: Random, gone: Sequence[Person], present: Sequence[Person], *, now: datetime) -> list[Call]:
    """What they did in the last weeks, oldest first: those who are gone all of it, those present all but the last visit."""
    calls: list[Call] = []
    for person, numbers in [(p, range(len(p.visits))) for p in gone] + [(p, range(len(p.visits) - 1)) for p in present]:
        at = now - timedelta(days=random.uniform(0.1, HISTORY_DAYS))
        for number in numbers:
            if at > now - timedelta(minutes=45):
                break
            calls += _visit(random, person, number, person.visits[number], at, pace=1.0)
            at += timedelta(days=random.uniform(0.2, 6))
    return sorted(calls, key=lambda call: call.at)


def live(random: Random, present: Sequence[Person], *, now: datetime, speed: float) -> list[Call]:
    """Their last visits, from `now` on, each for a minute or so; `speed` 2 makes it half as long."""
    calls: list[Call] = []
    for number, person in enumerate(present):
        last = len(person.visits) - 1
        hurried = tuple((path, (8, 20)) for path, _ in person.visits[last])
        start = now + timedelta(seconds=number * 2 / speed)
        calls += _visit(random, person, last, hurried, start, pace=speed)
    return sorted(calls, key=lambda call: call.at)


def _traits(random: Random) -> dict[str, str]:
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    company, domain = random.choice(COMPANIES)
    return {
        "email": f"{first}.{last}@{domain}".lower(),
        "name": f"{first} {last}",
        "company": company,
        "job_title": random.choice(JOBS),
    }


def _visit(
    random: Random, person: Person, number: int, steps: Sequence[Step], at: datetime, *, pace: float
) -> list[Call]:
    calls: list[Call] = []
    referrer, campaign = person.arrival
    extra = {"campaign": campaign} if campaign else {}
    for path, (shortest, longest) in steps:
        view = f"{random.getrandbits(64):016x}"
        page = {"url": ORIGIN + path, "path": path, "title": _title(path), "referrer": referrer, "search": ""}
        calls.append(_call(person, at, page, extra, type="page", messageId=f"demo-{view}", properties=page))
        seconds = random.randint(shortest, longest)
        for read in [*range(REPORT_SECONDS, seconds, REPORT_SECONDS * max(1, seconds // 30)), seconds]:
            moment = at + timedelta(seconds=read / pace)
            properties = {
                "page_view_id": f"demo-{view}",
                "engaged_ms": read * 1000,
                "active_until": _text(moment),
                "scroll_percent": min(100, 20 + read * 2),
            }
            report = {"type": "track", "event": "Page Engaged", "messageId": f"demo-{view}-{read}"}
            calls.append(_call(person, moment, page, extra, **report, properties=properties))
        at += timedelta(seconds=(seconds + 1) / pace)
        if number == person.introduced_in and path == steps[-1][0]:
            form = path.strip("/") if path in ("/contact", "/demo") else "newsletter"
            calls.append(
                _call(person, at, page, extra, type="identify", messageId=f"demo-{view}-who", traits=person.traits)
            )
            sent = {"type": "track", "event": "Form Submitted", "messageId": f"demo-{view}-form"}
            calls.append(_call(person, at, page, extra, **sent, properties={"form": form, "path": path}))
        referrer = ORIGIN + path
    return calls


def _call(person: Person, at: datetime, page: dict[str, str], extra: dict[str, Any], **event: Any) -> Call:
    context = {
        "page": page,
        "userAgent": person.agent,
        "locale": "en-GB",
        "ip": _address(person),
        "leadlight_demo": True,
        **extra,
    }
    return Call(at, {"anonymousId": person.anonymous_id, "timestamp": _text(at), "context": context, **event})


def _address(person: Person) -> str:
    """Of the ranges that documents use for examples; people of one company come from one block of sixteen."""
    own = crc32(person.anonymous_id.encode())
    if company := person.traits.get("company"):
        return f"203.0.113.{crc32(company.encode()) % 16 * 16 + own % 16}"
    return f"198.51.100.{own % 256}"


def _title(path: str) -> str:
    return (
        path.strip("/").replace("/", ": ").replace("-", " ").capitalize() or "Fernhall, light for workshops"
    ) + " | Fernhall"


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

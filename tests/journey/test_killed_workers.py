"""People introduce themselves, follow links and are corrected while the workers are killed: it comes out as if nothing
had happened."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import pytest

from tests.journey.deployment import Distributed, deployed
from tests.journey.server import Call, Site, Visitor, domain_of, email_of, introduced, opened, read_on, viewed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.kafka, pytest.mark.postgres]

OFFICE, CAFE = "203.0.113.7", "198.51.100.20"
GUESTS, READERS = 12, 6
STROKES: Final = (("identifier", "scorer"), ("identifier-2", "scorer-2"), ("scorer", "scorer-2"), ("identifier",))
"""Which processes fall at once, in turn: partitions change hands, and for a while nobody scores."""
LEAST_STROKES: Final = 5
SETTLED_SECONDS: Final = 90
ITS_OWN: Final = ("as_of", "link")  # when an edit was made, and the site's own link: never the same on two sites
COMPARED: Final = ("visits", "page_views", "engaged_seconds", "first_seen_at", "last_seen_at", "bot", "score", "intent")


async def test_killed_identifiers_and_scorers_leave_no_trace(request: pytest.FixtureRequest) -> None:
    async with deployed("distributed", request) as leadlight, aiohttp.ClientSession() as http:
        assert isinstance(leadlight, Distributed)
        story = Story()
        calm = await opened(leadlight, http, "Calm")
        await story.happens(calm)
        shaken, over = await opened(leadlight, http, "Shaken"), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            killing = tasks.create_task(kill_workers(leadlight, over))
            try:
                await story.happens(shaken)
            finally:
                over.set()
            strokes = await killing
        assert strokes >= LEAST_STROKES
        await comes_to_the_same(calm, shaken)
        people = await everybody(calm)
        assert len(people) == 5 + 2 + 1 + GUESTS + READERS
        assert sum(person["company"] == ("kiln.example", "first_party") for person in people.values()) == 2
        assert sum(person["contact"] is not None for person in people.values()) == 5 + GUESTS - 1 + READERS // 2


async def kill_workers(leadlight: Distributed, over: asyncio.Event) -> int:
    """Kill and start again, again and again, until it is over; answers how often."""
    strokes = 0
    while strokes < LEAST_STROKES or not over.is_set():
        victims = STROKES[strokes % len(STROKES)]
        await leadlight.kill(*victims)
        await asyncio.sleep(0.3)
        await leadlight.restart(*victims)
        strokes += 1
    return strokes


@dataclass
class Story:
    """What happens on a site: the same calls, at the same times, whenever it is told."""

    first: list[Call] = field(default_factory=lambda: [*_colleagues(), *_guests("first")])
    second: list[Call] = field(default_factory=lambda: _guests("second"))
    landings: list[Call] = field(default_factory=lambda: [viewed(f"reader-{n}", _home(50 + n)) for n in range(READERS)])
    last: list[Call] = field(
        default_factory=lambda: [
            *(viewed(f"guest-{n}", _home(n)) for n in range(GUESTS)),
            *(viewed(name, OFFICE) for name in ("ada", "stranger", "early")),
        ]
    )

    async def happens(self, site: Site) -> None:
        """Each edit is made as soon as what it is about can be seen."""
        for number in range(0, len(self.first), 4):
            await site.post(*self.first[number : number + 4])
        stranger = await site.visitor("stranger", lambda one: domain_of(one) == "kiln.example")
        wrong = await site.ask(f"/visitors/{stranger['id']}/company-corrections", method="POST", body={})
        drinker = await site.visitor("drinker", lambda one: one["page_views"] == 1)
        said = {"company": "harbor.example"}
        await site.ask(f"/visitors/{drinker['id']}/company-corrections", method="POST", body=said)

        await site.post(*self.second)
        for one, into in ((1, 2), (3, 4), (5, 6)):
            await known(site, one), await known(site, into)
            body = {"into": f"second{into}@mill.example"}
            await site.ask(f"/contacts/second{one}@mill.example/merge", method="POST", body=body)
        taken = await known(site, 7)
        for email in ("second7@mill.example", "first7@loom.example"):
            await site.ask(f"/visitors/{taken['id']}/contacts/{email}", method="DELETE")

        readers = [{"person": f"reader{n}@pump.example", "url": "https://shop.example/pricing"} for n in range(READERS)]
        made = await site.ask("/links/batch", method="POST", body={"campaign": "spring", "people": readers})
        tokens = [outcome["link"]["token"] for outcome in made["data"]]
        for number, (view, token) in enumerate(zip(self.landings, tokens, strict=True)):
            url = f"{view['properties']['url']}?ll={token}"
            landing = {**view, "properties": {**view["properties"], "url": url}}
            calls = [landing, read_on(view, touched=number % 2 == 0)]
            await site.post(*calls[:: -1 if number % 3 else 1])

        await site.visitor("guest-3", lambda one: email_of(one) == "second4@mill.example")
        await site.ask("/contacts/second3@mill.example/unmerge", method="POST")
        await site.ask(f"/company-corrections/{wrong['id']}", method="DELETE")
        await site.post(*self.last)

        await site.visitor("guest-3", lambda one: email_of(one) == "second3@mill.example" and one["page_views"] == 3)
        await site.visitor("guest-1", lambda one: email_of(one) == "second2@mill.example" and one["page_views"] == 3)
        await site.visitor("guest-7", lambda one: email_of(one) is None and one["page_views"] == 3)
        await site.visitor("stranger", lambda one: domain_of(one) == "kiln.example" and one["page_views"] == 2)
        await site.visitor("drinker", lambda one: domain_of(one) == "harbor.example")
        for number in range(0, READERS, 2):
            await site.visitor(f"reader-{number}", lambda one: email_of(one) is not None)
        for number in range(1, READERS, 2):
            await site.visitor(f"reader-{number}", lambda one: one["engaged_seconds"] == 6)


async def known(site: Site, guest: int) -> Visitor:
    """A guest under the second address that they gave."""
    return await site.visitor(f"guest-{guest}", lambda one: email_of(one) == f"second{guest}@mill.example")


async def everybody(site: Site) -> dict[str, dict[str, Any]]:
    """Every visitor by name, as far as it is the same on every site that the same happened on."""
    told = {}
    for visitor in (await site.ask("/visitors?bot=any&limit=200"))["data"]:
        contact, company = visitor["contact"], visitor["company"]
        same = {name: visitor[name] for name in COMPARED}
        same["contact"] = contact and (contact["email"], contact["method"], contact["confidence"])
        same["company"] = company and (company["domain"], company["method"])
        said = {name: value for name, value in (company or {}).get("evidence", {}).items() if name not in ITS_OWN}
        same["sure"] = company and (company["confidence"], said)
        same["reasons"] = sorted((reason["rule"], reason["at"]) for reason in visitor["reasons"])
        if contact:
            person = await site.ask(f"/contacts/{contact['id']}")
            same["person"] = {name: person[name] for name in (*COMPARED, "emails") if name in person}
            same["browsers"] = len(person["visitors"])
        told[visitor["anonymous_id"]] = same
    return told


async def comes_to_the_same(calm: Site, shaken: Site) -> None:
    """Wait until both sites show the same of everybody."""
    differences: list[str] = []
    loop = asyncio.get_running_loop()
    until = loop.time() + SETTLED_SECONDS
    while not differences or loop.time() < until:
        expected, found = await everybody(calm), await everybody(shaken)
        differences = [
            f"{name}\n  calm:   {json.dumps(expected.get(name), default=str)}\n  shaken: {json.dumps(found.get(name), default=str)}"
            for name in sorted(expected.keys() | found.keys())
            if expected.get(name) != found.get(name)
        ]
        if not differences:
            return
        await asyncio.sleep(1)
    raise AssertionError("\n".join([f"{len(differences)} visitors differ:", *differences]))


def _colleagues() -> list[Call]:
    """Three who are of one company by their own word, over the office's line; and others, there and in a café."""
    return [
        viewed("early", OFFICE),
        viewed("drinker", CAFE),
        introduced("ada", "ada@kiln.example", OFFICE, days_ago=2),
        introduced("bela", "bela@kiln.example", OFFICE, days_ago=1),
        introduced("cy", "cy@kiln.example", OFFICE),
        introduced("dan", "dan@kiln.example", CAFE),
        introduced("eve", "eve@loom.example", CAFE),
        viewed("stranger", OFFICE),
    ]


def _guests(address: str) -> list[Call]:
    """Each gives an address, at another one's company the second time."""
    domain, days = {"first": ("loom.example", 3), "second": ("mill.example", 1)}[address]
    calls = []
    for n in range(GUESTS):
        calls.append(viewed(f"guest-{n}", _home(n), days_ago=days))
        calls.append(introduced(f"guest-{n}", f"{address}{n}@{domain}", _home(n), days_ago=days))
    return calls


def _home(number: int) -> str:
    return f"2001:db8:{number + 1:x}::1"

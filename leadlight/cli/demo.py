"""`leadlight demo`: a living console in a minute, over HTTP like any visitor, and gone again on request."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import aiohttp
import typer

from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson
from leadlight.cli.process import address_of, open_database, run, settings_for_command
from leadlight.errors import ConfigurationError, LogUnavailable
from leadlight.runtime import utc_now
from leadlight.store import demo
from leadlight.store.owners import sites

if TYPE_CHECKING:
    from services.demosite.visitors import Call

BATCH_EVENTS = 100
"""Some 60 KB a post, well below the collector's 500 KB."""
LIVE_SHARE, LIVE_MOST = 0.3, 16
"""Of the visitors, those who are on the site while one watches: a list that fits on a screen."""
TRIES = 5

app = typer.Typer(help="Send plausible visitors of invented companies, clearly marked; `demo remove` takes them away.")


@app.callback(invoke_without_command=True)
def send(
    context: typer.Context,
    visitors: Annotated[int, typer.Option(min=1, max=100_000, help="How many.")] = 60,
    speed: Annotated[
        float, typer.Option(min=0.1, max=1000, help="How much faster than people the live ones are.")
    ] = 1.0,
    site: Annotated[str | None, typer.Option("--site", help="The site's id or domain. Default: the demo site.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same visitors every time.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send the visitors to the running collector: first their history, then some who are on the site now."""
    if context.invoked_subcommand is None:
        run(_send(visitors, speed, site, Random(seed), as_json=as_json))


@app.command("remove")
def remove(as_json: AsJson = False) -> None:
    """Take every demo visitor, with contacts and companies of theirs alone, out of the database."""

    async def work() -> dict[str, int]:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            return await demo.remove(connection)

    counts = run(work())
    removed = {"visitors": 0, "contacts": 0, "companies": 0, "alerts": 0} | counts
    show(removed, as_json=as_json)


async def _send(visitors: int, speed: float, wanted: str | None, random: Random, *, as_json: bool) -> None:
    from services.demosite.visitors import history, live, people

    settings = settings_for_command()
    async with open_database(settings) as database, database.read() as connection:
        site = await _choose(await sites.list_all(connection), wanted)
    collector = address_of(settings, "collector")
    now = utc_now()
    living = min(LIVE_MOST, max(1, round(visitors * LIVE_SHARE)))
    everybody = people(random, visitors)
    gone, present = everybody[living:], everybody[:living]
    past = history(random, gone, present, now=now)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client:
        sender = _Sender(client, f"{collector}/v1/batch", site.write_key)
        with typer.progressbar(length=len(past), label="Their history ", file=sys.stderr) as bar:
            for start in range(0, len(past), BATCH_EVENTS):
                part = past[start : start + BATCH_EVENTS]
                await sender.post(part)
                bar.update(len(part))
        begun = utc_now()
        now_reading = live(random, present, now=begun, speed=speed)
        say(f"{living} visitors are on the site now: {address_of(settings, 'console')}/")
        with typer.progressbar(length=len(now_reading), label="Reading, live ", file=sys.stderr) as bar:
            for second, calls in groupby(now_reading, key=lambda call: int((call.at - begun).total_seconds() * 4)):
                await asyncio.sleep((begun + timedelta(seconds=second / 4 + 0.25) - utc_now()).total_seconds())
                part = list(calls)
                await sender.post(part)
                bar.update(len(part))
    show(
        {"visitors": visitors, "events": len(past) + len(now_reading), "site": site.domain},
        as_json=as_json,
        hint="Take them away again with: leadlight demo remove",
    )


async def _choose(found: Sequence[sites.Site], wanted: str | None) -> sites.Site:
    if wanted is not None:
        for site in found:
            if wanted.casefold() in (site.id, site.domain):
                return site
        raise ConfigurationError(f"No site has the id or domain {wanted!r}: see `leadlight site list`.")
    demo_site = next((site for site in found if site.demo), None)
    if demo_site is not None:
        return demo_site
    if len(found) == 1:
        return found[0]
    raise ConfigurationError("Say which site the demo visitors should be on: leadlight demo --site DOMAIN.")


class _Sender:
    """Posts calls until the collector has them, as a visitor's snippet would."""

    def __init__(self, client: aiohttp.ClientSession, url: str, write_key: str) -> None:
        self._client, self._url, self._write_key = client, url, write_key

    async def post(self, calls: "Sequence[Call]") -> None:
        body: dict[str, Any] = {
            "writeKey": self._write_key,
            "sentAt": utc_now().isoformat(),
            "batch": [call.event for call in calls],
        }
        why = ""
        for attempt in range(TRIES):
            try:
                async with self._client.post(self._url, json=body) as answer:
                    if answer.status == 200:
                        return
                    why = f"it answered {answer.status}: {(await answer.text())[:200]}"
                    if answer.status < 500 and answer.status != 429:
                        break
            except aiohttp.ClientConnectionError as error:
                why = f"{error}. Is `leadlight up` running?"
            await asyncio.sleep(0.5 * 2**attempt)
        raise LogUnavailable(f"The collector at {self._url} did not take the visitors: {why}")

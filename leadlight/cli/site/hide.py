"""`leadlight hide`: a site's exclusions applied to the past, after saying what they hide."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.sites.settings import SiteSettings
from leadlight.errors import ConfigurationError, WrongUsage
from leadlight.runtime import utc_now
from leadlight.store import past, recounts
from leadlight.store.database import Database
from leadlight.store.owners import site_settings, sites
from leadlight.store.past import EXAMPLES, Reach

LOOK_SECONDS = 0.3
SILENT_SECONDS = 20.0
"""Without progress for so long, nobody is at work on it."""

app = typer.Typer(
    help="Apply a site's exclusions to the past: paths, e-mail patterns, companies and stripped parameters. What is "
    "hidden is kept, and comes back when the exclusion is taken out of the settings and `apply` is run again.",
    no_args_is_help=True,
)


@app.command("preview")
def preview(site: SiteOption, as_json: AsJson = False) -> None:
    """Say what the settings in force would hide of the past, with examples; change nothing."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database:
            owner, settings = await _find(database, site)
            reach = Reach()
            await _walk(database, owner, settings, reach)
        _tell(owner, settings, reach, as_json=as_json)
        if not as_json and reach.to_derive:
            say(f"\nTo do it: leadlight hide apply --site {owner.domain}")

    run(work())


@app.command("apply")
def apply(
    site: SiteOption,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what the settings in force would hide of the past, and do it.

    The numbers of the visitors touched are derived anew from what is stored, by the running scorer. The command may be
    interrupted and run again at any time; it goes on where it was.
    """
    if not yes and (as_json or not sys.stdin.isatty()):
        raise WrongUsage("Nobody can be asked here: look at `leadlight hide preview` first, then add --yes.")

    async def work() -> dict[str, object]:
        async with open_database(settings_for_command()) as database:
            owner, settings = await _find(database, site)
            if not yes:
                reach = Reach()
                await _walk(database, owner, settings, reach)
                _tell(owner, settings, reach, as_json=False)
                if reach.to_derive and not await asyncio.to_thread(typer.confirm, "Do it?", err=True):
                    return {"visitors_derived": 0, "done": False}
            reach = Reach()
            async with _progress(database, owner) as looked_at:
                async for number in past.request(database, owner.id, settings, reach, now=utc_now):
                    looked_at(number)
            if yes:
                _tell(owner, settings, reach, as_json=False, to_stderr=True)
            await _wait(database, owner)
        return {**_numbers(reach), "done": True}

    result = run(work())
    if as_json:
        show(result, as_json=True)
    elif result["done"]:
        say("Done.")
    raise typer.Exit(0 if result["done"] else 1)


async def _find(database: Database, wanted: str) -> tuple[sites.Site, SiteSettings]:
    async with database.read() as connection:
        owner = await sites.find(connection, wanted)
        settings, _ = await site_settings.current(connection, owner.id)
    return owner, settings


async def _walk(database: Database, owner: sites.Site, settings: SiteSettings, reach: Reach) -> None:
    async with _progress(database, owner) as looked_at:
        async for _ in past.walk(database, owner.id, settings, reach):
            looked_at(reach.looked_at)


@asynccontextmanager
async def _progress(database: Database, owner: sites.Site) -> AsyncIterator[Callable[[int], None]]:
    """A bar over the site's visitors, on stderr; takes how many have been looked at."""
    async with database.read() as connection:
        length = await past.visitors_of(connection, owner.id)
    with typer.progressbar(length=length, label="Looking at visitors", file=sys.stderr) as bar:
        yield lambda looked_at: bar.update(looked_at - bar.pos)


async def _wait(database: Database, owner: sites.Site) -> None:
    """Until the scorer has derived every visitor that waits.

    Raises:
        ConfigurationError: it does not work on them.
    """
    total = left = await _left(database, owner)
    if not total:
        return
    silent = 0.0
    with typer.progressbar(length=total, label="Deriving anew      ", file=sys.stderr) as bar:
        while left:
            await asyncio.sleep(LOOK_SECONDS)
            before, left = left, await _left(database, owner)
            bar.update(max(0, before - left))
            silent = silent + LOOK_SECONDS if left >= before else 0.0
            if silent >= SILENT_SECONDS:
                raise ConfigurationError(
                    f"{left:,} visitors wait to be derived anew, and no scorer works on them. They are done as soon as "
                    "`leadlight up` or `leadlight run scorer` runs; nothing needs to be repeated."
                )


async def _left(database: Database, owner: sites.Site) -> int:
    async with database.read() as connection:
        return await recounts.left(connection, owner.id)


def _numbers(reach: Reach) -> dict[str, object]:
    return {
        "visitors_looked_at": reach.looked_at,
        "visitors_derived": reach.to_derive,
        "hides": {
            "visitors": reach.visitors,
            "contacts": len(reach.contact_emails),
            "companies": len(reach.company_domains),
            "page_views": reach.page_views,
            "events": reach.events,
            "alerts": reach.alerts,
        },
        "shows_again": {"visitors": reach.shown_visitors, "page_views": reach.shown_page_views},
        "cleans": reach.cleaned,
        "already_hidden": reach.already_hidden,
        "examples": {
            "contacts": sorted(filter(None, reach.contact_emails.values()))[:EXAMPLES],
            "companies": sorted(filter(None, reach.company_domains.values()))[:EXAMPLES],
            "paths": [{"path": path, "page_views": count} for path, count in reach.paths.most_common(EXAMPLES)],
        },
    }


def _tell(owner: sites.Site, settings: SiteSettings, reach: Reach, *, as_json: bool, to_stderr: bool = False) -> None:
    if as_json:
        notes = _notes(settings, reach)
        show({"site": owner.domain, **_numbers(reach), "notes": notes}, as_json=True)
        return
    out = sys.stderr if to_stderr else sys.stdout
    out.writelines(f"{line}\n" for line in [*_sentences(reach), *_notes(settings, reach)])
    out.flush()


def _sentences(reach: Reach) -> list[str]:
    said = [f"Looked at {reach.looked_at:,} visitors; {reach.to_derive:,} of them change."]
    if reach.hides:
        said.append(
            f"Hides {reach.visitors:,} visitors ({len(reach.contact_emails):,} contacts, "
            f"{len(reach.company_domains):,} companies), {reach.page_views:,} page views, {reach.events:,} other events "
            f"and {reach.alerts:,} alerts."
        )
        said += [f"  contact  {email}" for email in sorted(filter(None, reach.contact_emails.values()))[:EXAMPLES]]
        said += [f"  company  {domain}" for domain in sorted(filter(None, reach.company_domains.values()))[:EXAMPLES]]
        said += [f"  path     {path} ({count:,} page views)" for path, count in reach.paths.most_common(EXAMPLES)]
    if reach.shown_visitors or reach.shown_page_views:
        said.append(f"Shows {reach.shown_visitors:,} visitors and {reach.shown_page_views:,} page views again.")
    if reach.cleaned:
        said.append(f"Takes the stripped parameters out of {reach.cleaned:,} page views and events.")
    if reach.already_hidden:
        said.append(f"{reach.already_hidden:,} visitors are hidden already.")
    return said


def _notes(settings: SiteSettings, reach: Reach) -> list[str]:
    notes: list[str] = []
    if settings.excluded_networks:
        notes.append(
            "The excluded addresses hide nothing of the past: addresses are not kept. They count from when they were set."
        )
    if reach.cleaned:
        notes.append("What is stripped is gone: taking the parameter out of the settings does not bring it back.")
    if reach.to_derive:
        notes.append("What is hidden is kept, and comes back when the exclusion is taken out and this is run again.")
    return notes

"""`leadlight site settings`: what a site's owner decides about collecting, as a document."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.sites.document import (
    LONGEST_DOCUMENT,
    SettingsRefused,
    differences,
    document_of,
    parse_settings,
    settings_of,
)
from leadlight.core.sites.settings import SiteSettings
from leadlight.errors import WrongUsage
from leadlight.runtime import utc_now
from leadlight.store.owners import site_settings, sites

BY = "command line"
VERSIONS = 100

app = typer.Typer(
    help="What is collected of a site: allowed origins, exclusions, stripped parameters, privacy levels. The collector "
    "follows within two seconds; `leadlight hide` applies exclusions to the past too.",
    no_args_is_help=True,
)


@app.command("show")
def show_settings(site: SiteOption, as_json: AsJson = False) -> None:
    """Print a site's settings as a YAML document, ready to be edited and given to `set`."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            owner = await sites.find(connection, site)
            settings, version = await site_settings.current(connection, owner.id)
        document = document_of(settings)
        if as_json:
            show({"site": owner.domain, "version": version, "settings": document}, as_json=True)
        else:
            sys.stdout.write(_yaml(document))

    run(work())


@app.command("set")
def set_settings(
    site: SiteOption,
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|-]", help="A YAML or JSON document; - reads it from the standard input."),
    ] = None,
    privacy: Annotated[
        str | None, typer.Option(help="Change the level alone: none, company_only, pseudonymous or identified.")
    ] = None,
    country: Annotated[
        list[str] | None,
        typer.Option(metavar="DE=LEVEL", help="Change the level of one country; `DE=` takes it back. Repeatable."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and say what would change; change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put settings into force, after checking them; every mistake is named with its field and value.

    The document stands for all settings: what it leaves out goes back to its default, which collects everything.
    """
    if (file is None) == (privacy is None and not country):
        raise WrongUsage("Give either a document or single fields: see `leadlight site settings set --help`.")
    text = _read(file) if file is not None else None

    async def work() -> None:
        now = utc_now()
        async with open_database(settings_for_command()) as database:
            async with database.read() as connection:
                owner = await sites.find(connection, site)
                before, version = await site_settings.current(connection, owner.id)
            try:
                after = parse_settings(text) if text is not None else _with(before, privacy, country or [])
            except SettingsRefused as refused:
                raise WrongUsage(f"the settings were not changed:\n{refused}") from None
            changed = differences(before, after)
            if changed and not dry_run:
                async with database.begin() as tx:
                    version = await site_settings.change(tx, owner.id, after, by=BY, now=now, seen=version)
        if as_json:
            result = {"site": owner.domain, "version": version, "changed": changed, "dry_run": dry_run}
            show({**result, "settings": document_of(after)}, as_json=True)
            return
        sys.stdout.writelines(f"{line}\n" for line in changed)
        if not changed:
            say("Nothing changes.")
        elif dry_run:
            say("Nothing was changed: this was a dry run.")
        else:
            say(f"In force within two seconds. For the past: leadlight hide preview --site {owner.domain}")
            if sites.keeps_nothing(before.privacy) != sites.keeps_nothing(after.privacy):
                say(
                    f"With this level the tag changes, take it anew for your pages: leadlight site snippet --site {owner.domain}"
                )

    run(work())


@app.command("history")
def list_versions(site: SiteOption, as_json: AsJson = False) -> None:
    """Show who changed a site's settings when, and what; latest first."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            owner = await sites.find(connection, site)
            found = await site_settings.history(connection, owner.id, limit=VERSIONS)
        rows: list[dict[str, object]] = [
            {
                "version": version.number,
                "at": version.changed_at.isoformat(timespec="seconds"),
                "by": version.changed_by,
                "changed": version.changed if as_json else "; ".join(version.changed),
            }
            for version in found
        ]
        show(rows, as_json=as_json, hint="" if rows else "The defaults are in force: nobody has changed anything.")

    run(work())


def _read(file: str) -> str:
    try:
        data = sys.stdin.buffer.read(LONGEST_DOCUMENT * 4 + 1) if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WrongUsage(f"{file} is not text in UTF-8.") from None


def _with(before: SiteSettings, privacy: str | None, countries: list[str]) -> SiteSettings:
    document: dict[str, Any] = document_of(before)
    if privacy is not None:
        document["privacy"] = privacy
    for given in countries:
        code, equals, level = given.partition("=")
        if not equals:
            raise WrongUsage(f"{given!r}: expected a country and a level, as in DE=pseudonymous.")
        if level.strip():
            document["privacy_by_country"][code.strip().upper() if len(code.strip()) == 2 else code.strip()] = level
        else:
            document["privacy_by_country"].pop(code.strip().upper(), None)
            document["privacy_by_country"].pop(code.strip().casefold(), None)
    return settings_of(document)


def _yaml(document: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=200)
    return text

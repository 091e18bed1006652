"""`leadlight companies override ...` and `correct ...`: whose address ranges are, as people know it."""

from typing import Annotated
from uuid import uuid4

import typer

from leadlight.cli.identity.companies import app as app  # these commands stand beside the list's
from leadlight.cli.output import show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.identity.companies.corrections import Scope
from leadlight.core.identity.companies.domains import shown
from leadlight.core.identity.companies.names import stated_name
from leadlight.core.identity.networks.blocks import Range, host_key, range_of
from leadlight.errors import ConfigurationError, WrongUsage
from leadlight.runtime import read_secret, utc_now
from leadlight.runtime.domains import company_domain
from leadlight.store.identity import corrections, overrides
from leadlight.store.owners import sites

BY = "command line"
MOST = 200

RangeGiven = Annotated[str, typer.Argument(metavar="RANGE", help="An address range or address, as in 203.0.113.0/24.")]
NameOption = Annotated[str | None, typer.Option(help="What to call the company, if its domain does not say.")]


@app.command("override")
def override(
    given: RangeGiven,
    domain: Annotated[str, typer.Argument(help="The company's domain.")],
    site: SiteOption,
    name: NameOption = None,
    as_json: AsJson = False,
) -> None:
    """Lay down whose address range it is, for the past too. The narrowest range that holds an address counts."""
    wanted, whose = _range(given), _domain(domain)

    async def work() -> None:
        settings = settings_for_command()
        key = host_key(read_secret(settings))
        async with open_database(settings) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            called = stated_name(name)
            await overrides.add(connection, owner.id, wanted, domain=whose, name=called, who=BY, now=utc_now(), key=key)
        show({"range": str(wanted), "domain": whose, "name": called}, as_json=as_json)

    run(work())


@app.command("overrides")
def list_overrides(site: SiteOption, as_json: AsJson = False) -> None:
    """List whose ranges were laid down, the latest first."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            owner = await sites.find(connection, site)
            found = await overrides.list_for(connection, owner.id)
        rows = [
            {
                "range": one.range,
                "domain": one.domain if as_json else shown(one.domain),
                "name": one.name,
                "added_by": one.added_by,
                "added_at": one.added_at.isoformat(timespec="seconds"),
            }
            for one in found
        ]
        show(rows, as_json=as_json, hint="" if rows else "None yet: leadlight companies override RANGE DOMAIN")

    run(work())


@app.command("remove-override")
def remove_override(given: RangeGiven, site: SiteOption, as_json: AsJson = False) -> None:
    """Take an override out, and with it what followed from it."""
    wanted = _range(given)

    async def work() -> bool:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            return await overrides.remove(connection, owner.id, wanted, who=BY, now=utc_now())

    removed = run(work())
    show({"range": str(wanted), "removed": removed}, as_json=as_json)
    raise typer.Exit(0 if removed else 1)


@app.command("correct")
def correct(
    visitor: Annotated[str, typer.Argument(help="The visitor's id.")],
    site: SiteOption,
    domain: Annotated[
        str | None, typer.Option(help="Which company it is; without it, the one that is shown is wrong.")
    ] = None,
    name: NameOption = None,
    scope: Annotated[
        str | None,
        typer.Option(help="range, connection or visitor; by default as wide as makes sense for the network."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Correct a visitor's company, for all who came and come from there. `withdraw` takes it back."""
    whose = _domain(domain) if domain is not None else None
    if scope is not None and scope not in list(Scope):
        raise WrongUsage(f"{scope!r} is no scope. There are: {', '.join(Scope)}.")

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            made, number = await corrections.add(
                connection,
                owner.id,
                visitor,
                id=str(uuid4()),
                domain=whose,
                name=stated_name(name),
                scope=Scope(scope) if scope is not None else None,
                who=BY,
                now=utc_now(),
            )
        show({**_row(made), "visitors": number}, as_json=as_json)

    run(work())


@app.command("corrections")
def list_corrections(
    site: SiteOption,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Those that were withdrawn too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the latest corrections."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            owner = await sites.find(connection, site)
            found, _ = await corrections.page(connection, owner.id, limit=MOST, withdrawn=withdrawn)
        show([_row(made) for made in found], as_json=as_json)

    run(work())


@app.command("withdraw")
def withdraw(
    id: Annotated[str, typer.Argument(help="As `companies corrections` shows it.")],
    site: SiteOption,
    as_json: AsJson = False,
) -> None:
    """Take a correction back, and with it what followed from it."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = await sites.find(connection, site)
            made = await corrections.withdraw(connection, owner.id, id, who=BY, now=utc_now())
        if made is None:
            raise ConfigurationError(f"There is no correction {id}: see `leadlight companies corrections`.")
        show(_row(made), as_json=as_json)

    run(work())


def _row(made: corrections.Made) -> dict[str, object]:
    return {
        "id": made.id,
        "visitor": made.visitor,
        "wrong": made.wrong,
        "domain": made.domain,
        "scope": made.scope.value,
        "range": made.range,
        "said_by": made.said_by,
        "said_at": made.said_at.isoformat(timespec="seconds"),
        "withdrawn_at": made.withdrawn_at and made.withdrawn_at.isoformat(timespec="seconds"),
    }


def _range(text: str) -> Range:
    try:
        return range_of(text)
    except ValueError as error:
        raise WrongUsage(f"{error}.") from None


def _domain(text: str) -> str:
    found = company_domain(text)
    if found is None:
        raise WrongUsage(f"{text!r} is no company's domain, as in kiln.example. A mail service's names nobody.")
    return found

"""`leadlight contacts`: who is whom, stated by the owner, and taken back."""

from typing import Annotated
from uuid import uuid4

import typer

from leadlight.cli.output import show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.identity.people.merges import MOST_MERGED
from leadlight.runtime import utc_now
from leadlight.store.identity import merges, withdrawals
from leadlight.store.identity.merges import Reach, Stated
from leadlight.store.identity.withdrawals import Withdrawal
from leadlight.store.owners import sites

BY = "command line"

ContactGiven = Annotated[str, typer.Argument(help="The contact's e-mail address or id.", metavar="CONTACT")]
VisitorId = Annotated[str, typer.Argument(help="The visitor's id, as feed and console show it.", metavar="VISITOR")]

app = typer.Typer(
    help="Say which contacts are one person and which browser was not somebody's, and take it back. What was said by "
    f"visitors stays as it was said; every number follows. A person holds at most {MOST_MERGED} further addresses.",
    no_args_is_help=True,
)


@app.command("merge")
def merge(
    contact: ContactGiven,
    into: Annotated[str, typer.Argument(help="Who they really are: e-mail address or id.", metavar="INTO")],
    site: SiteOption,
    as_json: AsJson = False,
) -> None:
    """Say that CONTACT is the same person as INTO. They go on under INTO's name and address; `unmerge` undoes it."""

    async def work() -> Reach:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = (await sites.find(connection, site)).id
            one = await merges.find_contact(connection, owner, contact)
            other = await merges.find_contact(connection, owner, into)
            return await merges.merge(connection, owner, one, other, id=str(uuid4()), by=BY, now=utc_now())

    _told(run(work()), as_json=as_json, hint=f"To undo it: leadlight contacts unmerge {contact} --site {site}")


@app.command("unmerge")
def unmerge(contact: ContactGiven, site: SiteOption, as_json: AsJson = False) -> None:
    """Take CONTACT out of the person it was merged into. Every number is as if they had never been merged."""

    async def work() -> Reach:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = (await sites.find(connection, site)).id
            one = await merges.find_contact(connection, owner, contact)
            return await merges.unmerge(connection, owner, one, by=BY, now=utc_now())

    _told(run(work()), as_json=as_json)


@app.command("merges")
def list_merges(
    site: SiteOption,
    undone: Annotated[bool, typer.Option("--undone", help="Also those that were taken back.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the merges in force, latest first."""

    async def work() -> list[dict[str, object]]:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            owner = (await sites.find(connection, site)).id
            return [_merge(stated) for stated in await merges.stated(connection, owner, undone=undone)]

    rows = run(work())
    if as_json:
        show(rows, as_json=True)
    else:
        shown = ("contact_email", "into_email", "by", "at", "undone_at")
        show([{name: row[name] for name in shown} for row in rows], as_json=False, hint="" if rows else "No merges.")


@app.command("withdraw")
def withdraw(visitor: VisitorId, contact: ContactGiven, site: SiteOption, as_json: AsJson = False) -> None:
    """Say that VISITOR was not CONTACT: what that browser claimed up to now does not hold. A new introduction counts."""

    async def work() -> Withdrawal:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = (await sites.find(connection, site)).id
            one = await merges.find_contact(connection, owner, contact)
            return await withdrawals.withdraw(connection, owner, visitor, one, id=str(uuid4()), by=BY, now=utc_now())

    hint = f"To undo it: leadlight contacts restore {visitor} {contact} --site {site}"
    _link(run(work()), as_json=as_json, hint=hint)


@app.command("restore")
def restore(visitor: VisitorId, contact: ContactGiven, site: SiteOption, as_json: AsJson = False) -> None:
    """Undo `withdraw`: every introduction of that browser holds again."""

    async def work() -> Withdrawal:
        async with open_database(settings_for_command()) as database, database.begin() as connection:
            owner = (await sites.find(connection, site)).id
            one = await merges.find_contact(connection, owner, contact)
            return await withdrawals.restore(connection, owner, visitor, one, by=BY, now=utc_now())

    _link(run(work()), as_json=as_json)


def _told(done: Reach, *, as_json: bool, hint: str = "") -> None:
    emails = list(done.emails) if as_json else ", ".join(done.emails)
    show({"person": done.person, "emails": emails, "visitors": done.visitors}, as_json=as_json, hint=hint)


def _link(done: Withdrawal, *, as_json: bool, hint: str = "") -> None:
    emails = list(done.emails) if as_json else ", ".join(done.emails)
    show({"visitor": done.visitor, "emails": emails, "claims": done.claims}, as_json=as_json, hint=hint)


def _merge(given: Stated) -> dict[str, object]:
    return {
        "id": given.id,
        "contact": given.contact,
        "contact_email": given.contact_email,
        "into": given.into,
        "into_email": given.into_email,
        "person": given.person,
        "by": given.by,
        "at": given.at.isoformat(),
        "undone_by": given.undone_by,
        "undone_at": given.undone_at and given.undone_at.isoformat(),
    }

"""`leadlight links key` and `links people`: mailings that merge in a keyed hash of each address by themselves."""

import secrets
from typing import Annotated

import typer

from leadlight.cli.identity.mint import FileOption, opened_list, told_bad
from leadlight.cli.output import show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.identity.people.emails import normalised
from leadlight.core.mailing.lists import Bad
from leadlight.runtime import read_secret, utc_now
from leadlight.store.identity import mail_merge
from leadlight.store.identity.mail_merge import AT_ONCE
from leadlight.store.owners import sites

KEY_BYTES = 32
NAMED_BAD_LINES = 1_000
"""Bad lines that the result names one by one; beyond it they are only counted."""

HINT = (
    "\nPut ?ll=h.HASH behind the addresses in a mailing, HASH being HMAC-SHA256 of this key and the reader's e-mail address in "
    "lower case, as 64 hex digits. It names contacts, and people uploaded with `leadlight links people`. Keep the key secret: "
    "--new replaces one that leaked."
)


def show_key(
    site: SiteOption,
    new: Annotated[bool, typer.Option("--new", help="Replace the key. What was mailed with the old one ends.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the site's mail-merge key; made when it is first asked for."""

    async def work() -> None:
        settings = settings_for_command()
        secret = read_secret(settings)
        make = mail_merge.replace_key if new else mail_merge.make_key
        async with open_database(settings) as database:
            async with database.read() as connection:
                owner = await sites.find(connection, site)
            key = await make(database, owner.id, secret, random=secrets.token_bytes(KEY_BYTES), now=utc_now())
            async with database.read() as connection:
                people = await mail_merge.count_people(connection, owner.id)
        result = {"site": owner.domain, "key": key.text, "made_at": key.made_at.isoformat(), "people": people}
        show(result, as_json=as_json, hint=HINT)

    run(work())


def add_people(site: SiteOption, file: FileOption, as_json: AsJson = False) -> None:
    """Upload people whom a keyed hash in a mailing may name, beside the contacts: a CSV file with a column called e-mail."""

    async def work() -> None:
        settings = settings_for_command()
        secret = read_secret(settings)
        lines, bad_lines, told = 0, 0, list[Bad]()
        async with open_database(settings) as database:
            async with database.read() as connection:
                owner = await sites.find(connection, site)
            key = await mail_merge.make_key(
                database, owner.id, secret, random=secrets.token_bytes(KEY_BYTES), now=utc_now()
            )
            waiting: list[str] = []

            async def save() -> None:
                async with database.begin() as connection:
                    await mail_merge.add_people(connection, key, waiting)
                waiting.clear()

            with opened_list(file) as people:
                for one in people:
                    email = None if isinstance(one, Bad) else normalised(one.email)
                    if isinstance(one, Bad) or email is None:
                        bad = (
                            one
                            if isinstance(one, Bad)
                            else Bad(one.line, f"{one.email[:100]!r} is not an e-mail address.")
                        )
                        bad_lines += 1
                        told += [bad] if bad_lines <= NAMED_BAD_LINES else []
                        told_bad(bad, bad_lines)
                        continue
                    lines += 1
                    waiting.append(email)
                    if len(waiting) >= AT_ONCE:
                        await save()
            await save()
            async with database.read() as connection:
                total = await mail_merge.count_people(connection, owner.id)
        result: dict[str, object] = {"site": owner.domain, "read": lines, "bad_lines": bad_lines, "people": total}
        if as_json:
            result["bad"] = [{"line": bad.line, "why": bad.why} for bad in told]
        show(result, as_json=as_json)
        if bad_lines and not lines:
            raise typer.Exit(1)

    run(work())

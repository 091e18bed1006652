"""`leadlight drops`: which events of a site, or which posts as a whole, were refused, when and why, and what to do."""

from datetime import timedelta
from typing import Annotated

import typer

from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.intake.drop_words import told
from leadlight.runtime import utc_now
from leadlight.store.collecting import drops
from leadlight.store.owners import sites


def list_drops(
    site: Annotated[
        str | None, typer.Option("--site", help="The site's id or its domain. Without it: posts refused as a whole.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3_660, help="How many days back, today included.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Show which events of a site were refused, by day (UTC) and reason, and what to do about each reason.

    Counted within two seconds. Posts that were refused as a whole, such as those with a write key that no site has, belong
    to no site: `leadlight drops` without --site shows them.
    """

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            since = utc_now().date() - timedelta(days=days - 1)
            owner = await sites.find(connection, site) if site is not None else None
            found = await drops.list_for(connection, owner.id if owner else drops.NO_SITE, since=since)
            whole = sum(drop.count for drop in await drops.list_for(connection, drops.NO_SITE, since=since))
        rows = [
            {
                "day": drop.day.isoformat(),
                "reason": drop.reason,
                "count": drop.count,
                "last_at": drop.last_at.isoformat(timespec="seconds"),
            }
            for drop in found
        ]
        if as_json:
            words = [told(drop.reason) for drop in found]
            show(
                [row | {"what": word.what, "do": word.do} for row, word in zip(rows, words, strict=True)], as_json=True
            )
            return
        show(rows, as_json=False)
        if not rows:
            what = f"Nothing of {owner.domain}" if owner else "No post as a whole"
            say(f"{what} was refused since {since.isoformat()}.")
        for reason in dict.fromkeys(drop.reason for drop in found):
            word = told(reason)
            say(f"\n{reason}: {word.what}\n  -> {word.do}")
        if owner and whole:
            say(
                f"\nBesides, {whole} {'post was' if whole == 1 else 'posts were'} refused as a whole, of no site that can be told: leadlight drops"
            )

    run(work())

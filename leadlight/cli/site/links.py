"""`leadlight link`: addresses that lead on to another and tell who clicked."""

from typing import Annotated

import typer

from leadlight.cli.output import show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import address_of, open_database, run, settings_for_command
from leadlight.core.intake import tracked_links
from leadlight.core.intake.tracked_links import DEFAULT_DAYS, MOST_DAYS, Link, NoAddress
from leadlight.core.mailing.minting import Minter, NoPerson
from leadlight.errors import WrongUsage
from leadlight.runtime import read_secret, utc_now
from leadlight.store.owners import sites

app = typer.Typer(
    help="Make tracked links, for mails and elsewhere: /l/TOKEN leads on to your page, and the click is told as "
    "`Link Clicked` with its campaign. A link cannot be changed or taken back: it ends when it expires.",
    no_args_is_help=True,
)


@app.command("add")
def add_link(
    url: Annotated[str, typer.Argument(help="Where it leads: https://shop.example/offer.")],
    site: SiteOption,
    campaign: Annotated[str | None, typer.Option(help="What the clicks are counted for.")] = None,
    expires: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="For how many days it is good.")] = DEFAULT_DAYS,
    person: Annotated[
        str | None, typer.Option(help="E-mail of the one person it is for; under seal in the link.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a tracked link and print it. The same destination, campaign, end and person give the same link."""

    async def work() -> None:
        settings = settings_for_command()
        async with open_database(settings) as database, database.read() as connection:
            owner = await sites.find(connection, site)
        end = tracked_links.end_of(utc_now(), expires)
        secret, here = read_secret(settings), address_of(settings, "collector")
        try:
            if person is not None:
                made = Minter(owner.id, secret, here, end, campaign or None).mint(person, url)
                result: dict[str, str | None] = {
                    "link": made.link,
                    "landing_url": made.landing_url,
                    "person": made.email,
                }
            else:
                token = tracked_links.mint(Link(owner.id, url, int(end.timestamp()), campaign or None), secret)
                result = {"link": f"{here}/l/{token}"}
            leads_to = tracked_links.destination(url)
        except (NoAddress, NoPerson) as error:
            raise WrongUsage(str(error)) from error
        result |= {"url": leads_to, "campaign": campaign or None, "expires_at": end.isoformat()}
        show(result, as_json=as_json)

    run(work())

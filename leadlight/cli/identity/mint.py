"""`leadlight links mint`: a link for each person of a list."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import msgspec
import typer

from leadlight.cli.output import say
from leadlight.cli.owners import SiteOption
from leadlight.cli.process import address_of, open_database, run, settings_for_command
from leadlight.core.intake.tracked_links import CAMPAIGN_CHARACTERS, DEFAULT_DAYS, MOST_DAYS
from leadlight.core.mailing.linked import LinkedList
from leadlight.core.mailing.lists import Bad, NoList, PeopleList, Person, bounded_lines
from leadlight.core.mailing.minting import Minter, NoAddress, NoPerson, PersonLink, end_of, home_of
from leadlight.errors import WrongUsage
from leadlight.runtime import read_secret, utc_now
from leadlight.store.owners import sites

STDIN = "-"
Write = Callable[[Person, PersonLink], None]
SHOWN_BAD_LINES = 100
"""Bad lines told one by one; beyond it they are only counted."""

FileOption = Annotated[str, typer.Option("--file", help="A CSV file with a heading; - reads standard input.")]


def mint_links(
    site: SiteOption,
    campaign: Annotated[str, typer.Option(help="The mailing: what the clicks are counted for.")],
    file: FileOption,
    url: Annotated[str | None, typer.Option(help="Where the links lead; by default, the site's front page.")] = None,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="For how many days they are good.")] = DEFAULT_DAYS,
    honeypot: Annotated[
        bool, typer.Option("--honeypot", help="Also a link for each that no reader can see: machines follow it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, in place of CSV.")] = False,
) -> None:
    """Make links for the people of a list, each with their e-mail address under seal, and print the list with the links.

    The list has a column called e-mail, and may have others called name and url. Bad lines are named and passed over.
    """
    if not campaign.strip() or len(campaign) > CAMPAIGN_CHARACTERS:
        raise WrongUsage(f"A campaign has from 1 to {CAMPAIGN_CHARACTERS} characters.")
    minter = run(_minter(site, campaign.strip(), url, days, honeypots=honeypot))
    with opened_list(file) as people:
        report = _print(people, minter, honeypot=honeypot, as_json=as_json)
    say(f"{report['minted']} minted, {report['bad_lines']} bad lines.")
    if report["bad_lines"] and not report["minted"]:
        raise typer.Exit(1)


async def _minter(wanted: str, campaign: str, url: str | None, days: int, *, honeypots: bool) -> Minter:
    settings = settings_for_command()
    async with open_database(settings) as database, database.read() as connection:
        site = await sites.find(connection, wanted)
    minter = Minter(
        site.id,
        read_secret(settings),
        address_of(settings, "collector"),
        end_of(utc_now(), days),
        campaign,
        url or home_of(site.domain),
        honeypots,
    )
    try:
        minter.mint("somebody@shop.example")
    except NoAddress as error:
        raise WrongUsage(str(error)) from error
    return minter


@contextmanager
def opened_list(file: str) -> Iterator[PeopleList]:
    """The people of a file, read as they are asked for.

    Raises:
        WrongUsage: there is no such file, or no list in it.
    """
    try:
        with _opened(file) as stream:
            try:
                yield PeopleList(bounded_lines(stream.readline))
            except NoList as error:
                raise WrongUsage(f"{file}: {error}") from error
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise WrongUsage(f"{file} cannot be read: {error.strerror or error}.") from error


def told_bad(bad: Bad, number: int) -> None:
    """Name a bad line, unless there are too many of them."""
    if number <= SHOWN_BAD_LINES:
        say(f"line {bad.line}: {bad.why}")
    elif number == SHOWN_BAD_LINES + 1:
        say("There are more bad lines.")


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == STDIN:
        yield sys.stdin.buffer
    else:
        with Path(file).open("rb") as stream:
            yield stream


def _print(people: PeopleList, minter: Minter, *, honeypot: bool, as_json: bool) -> dict[str, int]:
    write = _as_json_lines(sys.stdout) if as_json else _as_csv(sys.stdout, people, honeypots=honeypot)
    report = {"minted": 0, "bad_lines": 0}
    for one in people:
        bad = one if isinstance(one, Bad) else None
        if isinstance(one, Person):
            try:
                write(one, minter.mint(one.email, one.url))
            except (NoPerson, NoAddress) as error:
                bad = Bad(one.line, str(error))
        if bad is None:
            report["minted"] += 1
        else:
            report["bad_lines"] += 1
            told_bad(bad, report["bad_lines"])
    sys.stdout.flush()
    return report


def _as_json_lines(out: TextIO) -> Write:
    def write(person: Person, links: PersonLink) -> None:
        told = {"line": person.line, "name": person.name} | msgspec.to_builtins(links)
        out.write(json.dumps(told, ensure_ascii=False) + "\n")

    return write


def _as_csv(out: TextIO, people: PeopleList, *, honeypots: bool) -> Write:
    table = LinkedList(people, honeypots=honeypots)
    out.write(table.heading())

    def write(person: Person, links: PersonLink) -> None:
        out.write(table.line(person, links))

    return write

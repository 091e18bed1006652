"""`leadlight companies`: the owner's own list of companies and named accounts."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import uuid4

import typer
from msgspec import Struct

from leadlight.cli.identity.company_file import CompanyFile
from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.identity.companies.domains import shown
from leadlight.core.identity.companies.firmographics import OWN_LIST
from leadlight.core.identity.companies.own_list import (
    BadLine,
    Columns,
    Entry,
    ListRefused,
    read_header,
    read_line,
    united,
)
from leadlight.core.identity.networks.blocks import host_key
from leadlight.core.identity.people.emails import NO_RULES, MailDomains, MailRules
from leadlight.core.identity.people.mail_rules import mail_rules_of
from leadlight.errors import WrongUsage
from leadlight.runtime import read_secret, utc_now
from leadlight.store.companies import facts, list_changes, own_list
from leadlight.store.database import Database
from leadlight.store.owners import site_settings, sites
from services.identifier.knowledge import load_knowledge
from services.identifier.networks.classes import load_classes
from services.identifier.remote.configuration import ASKABLE

Part = TypeVar("Part")

AT_ONCE = 200
"""Companies in one transaction: a running Leadlight on SQLite waits for it."""

MOST_COMPANIES = 500_000
SHOWN_REMARKS = 20
PROGRESS_SECONDS = 2.0

app = typer.Typer(
    help="Your own companies and named accounts: who they are, which networks are theirs, and what you want to see of them.",
    no_args_is_help=True,
)


class Remark(Struct, frozen=True):
    """What somebody has to mend in a list."""

    line: int
    reason: str
    imported: bool  # whether the rest of the line counts all the same


class Reading(Struct):
    """A list that was read."""

    entries: dict[str, Entry]
    lines: dict[str, int]  # where each company stands first
    remarks: list[Remark]
    rows: int = 0


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="A CSV file; its first line names the columns.")],
    site: SiteOption,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take companies off the list that are not in the file.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Take also AS numbers of internet providers, whose customers are strangers.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take in a list of companies. Repeatable: the same file once more changes nothing.

    Columns, in English or one of several other languages: domain, name, industry, employees, country, website, networks, asn,
    tier, owner, note. Lines that make no sense are named with their number, and the others taken.
    """

    async def work() -> None:
        settings, now = settings_for_command(), utc_now()
        mail = load_knowledge().mail
        opened = CompanyFile(str(file))
        classes = {asn: label.kind.value for asn, label in load_classes(settings.data / "networks").tables.asns.items()}
        async with open_database(settings) as database:
            async with database.read() as connection:
                owner = await sites.find(connection, site)
                before = await own_list.domains_of(connection, owner.id)
                rules = mail_rules_of((await site_settings.current(connection, owner.id))[0])
                classes |= await own_list.classes_seen(connection, owner.id)
            reading = read_list(opened, mail, now, _told(opened), rules)
            forced = _judge_asns(reading, classes, force=force)
            key = host_key(read_secret(settings))
            result = await _write(
                database, owner.id, reading, forced, before, key, now, replace=replace, dry_run=dry_run
            )
        _report(result | {"site": owner.domain, "dry_run": dry_run}, reading, as_json=as_json)

    run(work())


@app.command("list")
def list_companies(site: SiteOption, as_json: AsJson = False) -> None:
    """Show the companies on a site's list."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            owner = await sites.find(connection, site)
            domains = await own_list.domains_of(connection, owner.id)
            known = await facts.by_domains(connection, owner.id, domains)
            ranges = await own_list.ranges_of(connection, owner.id)
        rows: list[dict[str, object]] = []
        for domain in sorted(domains):
            said = next(one for one in known[domain] if one.source == OWN_LIST)
            networks = ranges.get(domain, [])
            rows.append(
                {
                    "domain": domain if as_json else shown(domain),
                    "name": said.name,
                    "industry": said.industry,
                    "size": said.size,
                    "country": said.country,
                    "account": said.account,
                    "owner": said.owner,
                    "networks": networks if as_json else ", ".join(networks),
                }
            )
        show(
            rows, as_json=as_json, hint="" if rows else "No list has been imported yet: leadlight companies import FILE"
        )

    run(work())


def read_list(
    opened: CompanyFile, mail: MailDomains, now: datetime, progress: Callable[[int], None], rules: MailRules = NO_RULES
) -> Reading:
    """Every company of a file, those named twice as one.

    Raises:
        WrongUsage: it has no line that names a column of domains, or too many companies.
    """
    reading = Reading({}, {}, [])
    columns: Columns | None = None
    for number, cells in opened.lines(progress):
        if isinstance(cells, str):
            reading.remarks.append(Remark(number, cells, False))
            continue
        if columns is None:
            try:
                columns = read_header(cells)
            except ListRefused as refused:
                raise WrongUsage(f"{opened.path}: {refused}.") from None
            continue
        reading.rows += 1
        try:
            entry, left_out = read_line(cells, columns, mail, rules, now=now)
        except BadLine as bad:
            reading.remarks.append(Remark(number, str(bad), False))
            continue
        reading.remarks += [Remark(number, reason, True) for reason in left_out]
        known = reading.entries.get(entry.domain)
        reading.entries[entry.domain] = entry if known is None else united(known, entry)
        reading.lines.setdefault(entry.domain, number)
        if len(reading.entries) > MOST_COMPANIES:
            raise WrongUsage(f"{opened.path} has more than {MOST_COMPANIES:,} companies: split it.")
    if columns is None:
        raise WrongUsage(f"{opened.path} is empty.")
    _one_company_each(reading)
    return reading


def _one_company_each(reading: Reading) -> None:
    """A network that two companies claim stays with the one named first."""
    taken: dict[str, str] = {}
    for domain, entry in reading.entries.items():
        kept = []
        for each in entry.ranges:
            if taken.setdefault(each, domain) == domain:
                kept.append(each)
            else:
                text = f"{each} is {taken[each]}'s already"
                reading.remarks.append(Remark(reading.lines[domain], text, True))
        if len(kept) < len(entry.ranges):
            reading.entries[domain] = Entry(domain, entry.facts, tuple(kept), entry.asns)


def _judge_asns(reading: Reading, classes: Mapping[int, str], *, force: bool) -> dict[int, str]:
    """Leave out numbers of networks that strangers use; with `force` they are taken, and returned with their classes."""
    own = {"business", "education", "government"}
    forced: dict[int, str] = {}
    for domain, entry in reading.entries.items():
        kept = []
        for asn in entry.asns:
            kind = classes.get(asn)
            if kind is None or kind in own or kind == "unknown":
                kept.append(asn)
            elif force and kind in ASKABLE:
                kept.append(asn)
                forced[asn] = kind
            else:
                way = "; --force takes it all the same" if kind in ASKABLE else ""
                text = f"AS{asn} is left out: it is a network of class {kind}, and strangers come from there too{way}"
                reading.remarks.append(Remark(reading.lines[domain], text, True))
        reading.entries[domain] = Entry(domain, entry.facts, entry.ranges, tuple(kept))
    return forced


async def _write(
    database: Database,
    site: str,
    reading: Reading,
    forced: Mapping[int, str],
    before: set[str],
    key: bytes,
    now: datetime,
    *,
    replace: bool,
    dry_run: bool,
) -> dict[str, object]:
    """Bring the stored list to the file's. A line that could not be read takes no company off it."""
    entries = list(reading.entries.values())
    bad = sum(not remark.imported for remark in reading.remarks)
    gone = sorted(before - set(reading.entries)) if replace else []
    if gone and bad:
        say("Nothing is taken off the list, because some lines could not be read.")
        gone = []
    added = changed = unchanged = 0
    for part in _parts(entries):
        if dry_run:
            async with database.read() as connection:
                done = await own_list.compare(connection, site, part, forced, key=key)
        else:
            async with database.begin() as connection:
                done = await own_list.put(connection, site, part, forced, key=key)
                await list_changes.in_force(connection, site, done.places, version=uuid4().hex, now=now)
        added, changed, unchanged = added + done.added, changed + done.changed, unchanged + done.unchanged
    for names in _parts(gone):
        if not dry_run:
            async with database.begin() as connection:
                places = await own_list.remove(connection, site, names)
                await list_changes.in_force(connection, site, places, version=uuid4().hex, now=now)
    return {
        "rows": reading.rows,
        "companies": len(entries),
        "added": added,
        "changed": changed,
        "unchanged": unchanged,
        "removed": len(gone),
        "bad": bad,
    }


def _parts(given: Sequence[Part]) -> Iterator[Sequence[Part]]:
    for start in range(0, len(given), AT_ONCE):
        yield given[start : start + AT_ONCE]


def _report(result: Mapping[str, object], reading: Reading, *, as_json: bool) -> None:
    remarks = sorted(reading.remarks, key=lambda remark: remark.line)
    if as_json:
        listed = [{"line": one.line, "reason": one.reason, "imported": one.imported} for one in remarks]
        show({**result, "remarks": listed}, as_json=True)
        return
    show(result, as_json=False)
    for one in remarks[:SHOWN_REMARKS]:
        say(f"line {one.line}: {one.reason}{'' if one.imported else ' (not imported)'}")
    if len(remarks) > SHOWN_REMARKS:
        say(f"and {len(remarks) - SHOWN_REMARKS} more; --json lists them all")
    if result["dry_run"]:
        say("Nothing was changed: this was a dry run.")


def _told(opened: CompanyFile) -> Callable[[int], None]:
    """Says how far a large file is read, now and then."""
    last = time.monotonic()

    def progress(read: int) -> None:
        nonlocal last
        if opened.size and time.monotonic() - last > PROGRESS_SECONDS:
            last = time.monotonic()
            say(f"{read * 100 // opened.size} % read")

    return progress

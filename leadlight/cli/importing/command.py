"""`leadlight import`: past traffic out of a file, through the collector like any other, marked, and never alerting."""

import asyncio
import hmac
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import uuid4

import aiohttp
import typer

from leadlight.cli.importing.file import STDIN, PastFile, Piece
from leadlight.cli.importing.sender import EVENTS_A_SECOND, Sender
from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import address_of, open_database, run, settings_for_command
from leadlight.core.imports.lines import Format, Past
from leadlight.core.intake.admit import Arrival, admit
from leadlight.core.intake.calls import Unreadable, read_post
from leadlight.core.intake.drops import Drop
from leadlight.core.records import Channel
from leadlight.errors import ConfigurationError
from leadlight.runtime import read_secret, utc_now
from leadlight.store.collecting import imports
from leadlight.store.collecting.imports import Progress
from leadlight.store.database import Database
from leadlight.store.owners import keys, sites

SAVE_SECONDS = 2.0
"""Between two notes of how far the file is read. What is posted again after a crash does no harm."""

NAMED_BAD_LINES = 1_000
"""Bad lines that the result names one by one; beyond it they are only counted."""

SHOWN_BAD_LINES = 20
"""Of those, shown while somebody watches."""

KEY_LABEL = b"leadlight import readers"


def import_file(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file, gzipped or not; - reads standard input.")],
    site: SiteOption,
    form: Annotated[Format, typer.Option("--format", help="What its lines are.")],
    rate: Annotated[int, typer.Option(min=0, help="Events a second at most, for live visitors' sake. 0: no limit.")] = (
        EVENTS_A_SECOND
    ),
    from_start: Annotated[bool, typer.Option("--from-start", help="Read a file again that was read before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and check the file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import past traffic: access logs in the combined format, or Segment calls as JSON, one a line.

    Imported visitors count like any others, but never alert. A line that cannot be read is named and passed over. Reading
    goes on where an earlier import of the same file stopped; nothing is counted twice, whatever is imported again.
    """
    run(_import(file, site, form, rate, from_start=from_start, dry_run=dry_run, as_json=as_json))


@dataclass(slots=True)
class Report:
    """What came of the lines of this run."""

    lines: int = 0
    events: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    bad_lines: int = 0
    bad: list[dict[str, object]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, piece: Piece) -> None:
        self.lines += piece.lines
        self.events += len(piece.calls)
        self.skipped.update(piece.skipped)
        self.bad_lines += len(piece.bad)
        for line, why in piece.bad:
            if len(self.bad) < NAMED_BAD_LINES:
                self.bad.append({"line": line, "why": why})
            if len(self.bad) <= SHOWN_BAD_LINES:
                say(f"line {line}: {why}")
            elif len(self.bad) == SHOWN_BAD_LINES + 1:
                say("There are more bad lines: --json names them.")


async def _import(
    name: str, wanted: str, form: Format, rate: int, *, from_start: bool, dry_run: bool, as_json: bool
) -> None:
    settings = settings_for_command()
    secret = read_secret(settings)
    async with open_database(settings) as database:
        async with database.read() as connection:
            site = await sites.find(connection, wanted)
        past = Past(site.domain, hmac.digest(secret, KEY_LABEL + site.id.encode(), "sha256"), utc_now())
        report = Report()
        with PastFile(name) as file:
            before = await _resume(database, site.id, file, form) if not from_start and file.source != STDIN else None
            if dry_run:
                for piece in _pieces(file, form, past, site.id):
                    report.add(piece)
            else:
                async with _temporary_key(database, site.id, file.source) as key, aiohttp.ClientSession() as client:
                    sender = Sender(client, f"{address_of(settings, 'collector')}/v1/batch", key, rate)
                    await _send_all(file, form, past, site.id, sender, database, report, before or Progress())
    result: dict[str, Any] = {
        "site": site.domain,
        "format": form.value,
        "from_line": (before.lines if before else 0) + 1,
        "lines": report.lines,
        "events": 0 if dry_run else report.events - report.dropped.total(),
        "skipped": dict(report.skipped),
        "bad_lines": report.bad_lines,
        "dropped": dict(report.dropped),
    }
    if as_json:
        result["bad"] = report.bad
    show(_plain(result) if not as_json else result, as_json=as_json, hint=_hint(report, before, dry_run=dry_run))


def _plain(result: dict[str, Any]) -> dict[str, object]:
    """Counts by reason as words, for people."""
    return {
        name: ", ".join(f"{reason} {number}" for reason, number in value.items()) if isinstance(value, dict) else value
        for name, value in result.items()
    }


def _hint(report: Report, before: Progress | None, *, dry_run: bool) -> str:
    if dry_run:
        return f"Nothing was sent. {report.events} events would be imported."
    if not report.lines:
        return "The file is empty." if before is None else "Everything in the file was imported before."
    return ""


async def _resume(database: Database, site: str, file: PastFile, form: Format) -> Progress | None:
    """Where an earlier import of this file stopped, with the file moved on to there; None to begin at its start."""
    async with database.read() as connection:
        before = await imports.find(connection, site, file.source, form.value)
    if before is None or not before.position:
        return None
    if file.pass_over(before.position, before.digest, before.lines):
        say(f"Going on at line {before.lines + 1}, where the last import of this file stopped.")
        return before
    say("The file is not the one that was imported under this name: it is read from its start.")
    file.rewind()
    return None


async def _send_all(
    file: PastFile,
    form: Format,
    past: Past,
    site: str,
    sender: Sender,
    database: Database,
    report: Report,
    before: Progress,
) -> None:
    loop = asyncio.get_running_loop()
    saved_at, done = loop.time(), before

    async def save() -> None:
        if file.source != STDIN and done is not before:
            async with database.begin() as connection:
                await imports.save(connection, site, file.source, form.value, done, now=utc_now())

    length = file.size or None
    with typer.progressbar(range(0), length=length, label="Importing", file=sys.stderr) as bar:
        bar.update(file.read_bytes())
        shown = file.read_bytes()
        try:
            for piece in _pieces(file, form, past, site):
                if piece.calls:
                    report.dropped.update(await sender.post(piece.calls))
                report.add(piece)
                done = Progress(
                    piece.position,
                    piece.digest,
                    before.lines + report.lines,
                    before.events + report.events,
                    before.bad_lines + report.bad_lines,
                )
                bar.update(file.read_bytes() - shown)
                shown = file.read_bytes()
                if loop.time() - saved_at > SAVE_SECONDS:
                    await save()
                    saved_at = loop.time()
        except asyncio.CancelledError:  # Ctrl-C
            goes_on = "" if file.source == STDIN else " The same command goes on from there."
            say(f"\nStopped behind line {done.lines}.{goes_on}")
            raise
        finally:
            await save()


def _pieces(file: PastFile, form: Format, past: Past, site: str) -> Iterator[Piece]:
    """The file's pieces.

    Raises:
        ConfigurationError: the file is damaged, or its beginning is of another kind than was said.
    """
    for piece in file.pieces(form, past, _refusal(site)):
        if len(piece.bad) == piece.lines == file.line:
            line, why = piece.bad[0]
            others = ", ".join(other.value for other in Format if other is not form)
            raise ConfigurationError(
                f"No line of {file.source} is in the format {form.value}: line {line} is {why}. Nothing was imported. "
                f"Is it the format {others}?"
            )
        yield piece


def _refusal(site: str) -> Callable[[bytes], Drop | None]:
    """Why the collector would not admit a call, found out here, where the line's number is known."""
    arrival = Arrival(site, utc_now(), Channel.SERVER)

    def why(call: bytes) -> Drop | None:
        try:
            (read,) = read_post(b'{"batch":[%b]}' % call, None).calls
        except Unreadable:
            return Drop.WRONG_TYPE
        found = read if isinstance(read, Drop) else admit(read, arrival)
        return found if isinstance(found, Drop) else None

    return why


@asynccontextmanager
async def _temporary_key(database: Database, site: str, source: str) -> AsyncIterator[str]:
    """A secret key for this import alone: with one, the collector believes addresses. One that a crash left goes first."""
    name, key, id = f"import of {source}", keys.PREFIX + secrets.token_urlsafe(32), str(uuid4())
    async with database.begin() as connection:
        await keys.remove_named(connection, site, name)
        await keys.add(connection, site_id=site, id=id, name=name, key=key, scopes=["ingest"], now=utc_now())
    try:
        yield key
    finally:
        async with database.begin() as connection:
            await keys.remove_named(connection, site, name)

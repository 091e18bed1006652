"""`leadlight dead`: records that could not be processed, to be looked at, replayed or discarded."""

import getpass
import sys
from typing import Annotated

import aiohttp
import msgspec
import typer

from leadlight.bus import open_bus
from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson
from leadlight.cli.process import open_database, run, running_addresses, settings_for_command
from leadlight.core.readable import as_text, one_line, pretty
from leadlight.errors import LeadlightError, LogUnavailable, WrongUsage
from leadlight.runtime import internal, read_secret, utc_now
from leadlight.runtime.internal import Order, Outcome, outcome_of
from leadlight.runtime.passes import make_pass
from leadlight.runtime.replay import replay
from leadlight.settings import Settings
from leadlight.store import dead_letters
from leadlight.store.database import Database
from leadlight.store.dead_letters import Chosen, DeadLetter
from leadlight.store.owners import sites

REASON_CHARACTERS = 80
"""Of a reason in the table: the whole of it stands in `dead show`."""

REPLAY_SECONDS = 600
"""How long a command waits for the running process to publish everything."""

app = typer.Typer(
    help="Records that could not be processed: look at them, replay them once the cause is mended, or discard them.",
    no_args_is_help=True,
)

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="As `dead list` shows them.")]
All = Annotated[bool, typer.Option("--all", help="All that wait, of the site and consumer if these are given.")]
Site = Annotated[str | None, typer.Option("--site", help="Only of this site: its id or domain.")]
Consumer = Annotated[str | None, typer.Option(help="Only what this one could not process: identifier, scorer.")]


@app.command("list")
def list_dead(
    site: Site = None,
    consumer: Consumer = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, latest first.")] = 50,
    replayed: Annotated[bool, typer.Option("--replayed", help="Show those too that were replayed already.")] = False,
    as_json: AsJson = False,
) -> None:
    """List dead letters, latest first, with the reason of each."""

    async def work() -> None:
        async with open_database(settings_for_command()) as database:
            chosen = await _chosen(database, None, site, consumer)
            async with database.read() as connection:
                found = await dead_letters.some(connection, chosen, limit=limit, replayed=replayed)
                waiting = await dead_letters.waiting(connection, chosen)
        rows = [described(letter) for letter in found]
        if not as_json:
            rows = [row | {"reason": _short(str(row["reason"]))} for row in rows]
        hint = "leadlight dead show ID tells everything about one; dead replay and dead discard take ids or --all."
        if not rows:
            hint = "No dead letters wait: every record was processed."
        elif waiting > len(rows):
            hint = f"{waiting} wait in all: see --limit. {hint}"
        show(rows, as_json=as_json, hint=hint)

    run(work())


@app.command("show")
def show_dead(id: Annotated[str, typer.Argument(help="As `dead list` shows it.")], as_json: AsJson = False) -> None:
    """Show one dead letter: why and when it died, how often, and its bytes (JSON indented, anything else in hex)."""

    async def work() -> DeadLetter | None:
        async with open_database(settings_for_command()) as database, database.read() as connection:
            return await dead_letters.get(connection, id)

    letter = run(work())
    if letter is None:
        raise LeadlightError(f"There is no dead letter {id}. It may have been discarded: see `leadlight dead list`.")
    if as_json:
        show(in_full(letter), as_json=True)
        return
    told = described(letter) | {"reason": one_line(letter.reason, keep="\n"), "key": pretty(letter.record.key)}
    if letter.replayed_by:
        told["replayed_by"] = letter.replayed_by
    show(told, as_json=False)
    sys.stdout.write(f"\n{pretty(letter.record.value)}\n")


@app.command("replay")
def replay_dead(
    ids: Ids = None,
    everything: All = False,
    site: Site = None,
    consumer: Consumer = None,
    as_json: AsJson = False,
) -> None:
    """Publish dead letters again, byte for byte, once the cause is mended. Each is replayed once.

    Events that were counted already are known by their ids and counted no second time. What dies again is a new dead
    letter. Beside a running `leadlight up` that process does it; with Kafka this command does.
    """

    async def work() -> Outcome:
        settings = settings_for_command()
        async with open_database(settings) as database:
            chosen = await _chosen(database, _ids(ids, everything=everything), site, consumer)
            running = running_addresses(settings) if settings.embedded else None
            if running is not None:
                address = str(running.get("local") or running["collector"])
                return await _ask(settings, address, chosen)
            bus = await open_bus(url=settings.bus_url, data=settings.data, instance=f"{settings.instance}-replay")
            try:
                return outcome_of(await replay(bus, database, chosen, who=_who(), now=utc_now))
            finally:
                await bus.close()

    done = run(work())
    told = {
        "replayed": len(done.replayed),
        "already_replayed": len(done.already),
        "unknown": len(done.unknown),
        "ids": done.replayed,
    }
    if not as_json:
        del told["ids"]
    show(told, as_json=as_json, hint="What dies again stands in `leadlight dead list` as new." if done.replayed else "")
    for id in done.unknown:
        say(f"There is no dead letter {id}.")
    raise typer.Exit(1 if done.unknown else 0)


@app.command("discard")
def discard_dead(
    ids: Ids = None,
    everything: All = False,
    site: Site = None,
    consumer: Consumer = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete dead letters for good. Who did it, when, and how many is remembered."""
    named = _ids(ids, everything=everything)
    for id in named or ():
        dead_letters.parse_id(id)

    async def count() -> int:
        async with open_database(settings_for_command()) as database:
            chosen = await _chosen(database, named, site, consumer)
            if chosen.ids is not None:
                return len(set(chosen.ids))
            async with database.read() as connection:
                return await dead_letters.waiting(connection, chosen)

    async def work() -> int:
        async with open_database(settings_for_command()) as database:
            chosen = await _chosen(database, named, site, consumer)
            async with database.begin() as connection:
                return await dead_letters.discard(connection, chosen, who=_who(), now=utc_now())

    if not yes:
        number = run(count())
        letters = "1 dead letter" if number == 1 else f"{number} dead letters"
        if not sys.stdin.isatty():
            raise WrongUsage(f"This would delete {letters} for good: say --yes.")
        if number and not typer.confirm(f"Delete {letters} for good?", err=True):
            raise typer.Exit(1)
    discarded = run(work())
    show({"discarded": discarded}, as_json=as_json)
    raise typer.Exit(1 if named is not None and discarded < len(set(named)) else 0)


def described(letter: DeadLetter) -> dict[str, object]:
    """A dead letter in a list."""
    return {
        "id": letter.id,
        "site": letter.site_id,
        "died_at": letter.at.isoformat(timespec="seconds"),
        "deaths": letter.deaths,
        "bytes": len(letter.record.value),
        "replayed_at": letter.replayed_at and letter.replayed_at.isoformat(timespec="seconds"),
        "reason": letter.reason,
    }


def in_full(letter: DeadLetter) -> dict[str, object]:
    """A dead letter with everything, for programs. Of `value` and `value_hex` one is null, and so for the key."""
    record = letter.record
    key, value = as_text(record.key), as_text(record.value)
    return described(letter) | {
        "consumer": letter.consumer,
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "replayed_by": letter.replayed_by,
        "key": key,
        "key_hex": None if key is not None else record.key.hex(),
        "value": value,
        "value_hex": None if value is not None else record.value.hex(),
    }


def _ids(ids: list[str] | None, *, everything: bool) -> list[str] | None:
    """The ids given; None for all. Raises WrongUsage when neither or both were said."""
    if bool(ids) == everything:
        raise WrongUsage(
            "Name dead letters by their ids, or say --all." if not ids else "Either ids or --all, not both."
        )
    return ids or None


async def _chosen(database: Database, ids: list[str] | None, site: str | None, consumer: str | None) -> Chosen:
    if site is None:
        return Chosen(ids, None, consumer)
    async with database.read() as connection:
        return Chosen(ids, (await sites.find(connection, site)).id, consumer)


async def _ask(settings: Settings, address: str, chosen: Chosen) -> Outcome:
    """Have the running process do it: it alone holds the log."""
    ids = None if chosen.ids is None else list(chosen.ids)
    body = msgspec.json.encode(Order(_who(), ids, chosen.site_id, chosen.consumer))
    shown = make_pass(read_secret(settings), internal.REPLAY, body, now=utc_now())
    timeout = aiohttp.ClientTimeout(total=REPLAY_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers={internal.PASS_HEADER: shown}) as client,
            client.post(address + internal.REPLAY_PATH, data=body) as answer,
        ):
            said = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise LogUnavailable(f"The running process at {address} did not answer: {error}") from error
    if answer.status == 200:
        return msgspec.json.decode(said, type=Outcome)
    try:
        why = msgspec.json.decode(said, type=dict[str, object]).get("detail")
    except msgspec.DecodeError:
        why = None
    if answer.status == 400:
        raise WrongUsage(str(why))
    raise LeadlightError(f"The running process at {address} answered {answer.status}: {why or 'no reason given'}")


def _who() -> str:
    try:
        return f"{getpass.getuser()}, by command"
    except (OSError, KeyError):  # a container without a user of this number
        return "by command"


def _short(reason: str) -> str:
    told = one_line(" ".join(reason.split()))
    return told if len(told) <= REASON_CHARACTERS else told[: REASON_CHARACTERS - 1] + "…"

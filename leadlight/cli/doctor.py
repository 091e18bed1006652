"""`leadlight doctor`: look at a deployment from outside, and say what to do."""

import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.resources import files

import aiohttp
import typer

from leadlight.bus import open_bus
from leadlight.cli.checks.spool import look_at_spools
from leadlight.cli.output import show
from leadlight.cli.process import prepare_data_folder, run, running_addresses, settings_for_command
from leadlight.errors import ConfigurationError, LeadlightError
from leadlight.runtime import read_secret, utc_now
from leadlight.runtime.networks.standing import look, notices
from leadlight.settings import Settings
from leadlight.store import dead_letters
from leadlight.store.database import Database
from leadlight.store.migrate import check_schema
from leadlight.store.owners import sites, webhooks
from services.identifier.remote.configuration import read_providers

LOW_DISK_BYTES = 1 << 30
"""Below this much free space the log and the database fill up within days on a busy site."""

FREE_SPACE = "Free some space beside the data folder; if there is enough, look at the process's output."

MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look showed. `do` is the way out, empty when all is well."""

    check: str
    state: str  # ok, warn, fail
    found: str
    do: str = ""


def doctor(*, as_json: bool) -> None:
    findings = run(_examine())
    if as_json:
        show([asdict(finding) for finding in findings], as_json=True)
    else:
        for finding in findings:
            sys.stdout.write(f"{MARKS[finding.state]}  {finding.check}: {finding.found}\n")
            if finding.do:
                sys.stdout.write(f"      -> {finding.do}\n")
    raise typer.Exit(1 if any(finding.state == "fail" for finding in findings) else 0)


async def _examine() -> list[Finding]:
    settings = settings_for_command()
    return [
        *_settings(settings),
        *_files(),
        *_spools(settings),
        *_network_data(settings),
        *_providers(settings),
        *[finding async for finding in _database(settings)],
        *[finding async for finding in _log(settings)],
    ]


def _providers(settings: Settings) -> list[Finding]:
    try:
        providers = read_providers(settings)
    except ConfigurationError as error:
        return [
            Finding("paid services", "fail", str(error), "Correct the file: the identifier does not start with it.")
        ]
    if not providers:
        return []
    return [Finding("paid services", "ok", ", ".join(one.name for one in providers))]


def _settings(settings: Settings) -> list[Finding]:
    findings = []
    mode = "one process, embedded log" if settings.embedded else f"log at {settings.bus_url}"
    findings.append(Finding("settings", "ok", f"{mode}; instance {settings.instance}"))
    try:
        prepare_data_folder(settings)
        read_secret(settings)
    except ConfigurationError as error:
        findings.append(Finding("secret and data folder", "fail", str(error), "Set the variable that is named there."))
    else:
        findings.append(Finding("secret and data folder", "ok", "usable"))
    if (settings.embedded or settings.sqlite) and settings.data.exists():
        free = shutil.disk_usage(settings.data).free
        low = free < LOW_DISK_BYTES
        findings.append(
            Finding(
                "disk",
                "warn" if low else "ok",
                f"{free / (1 << 30):.1f} GiB free beside {settings.data}",
                "Free some space: a full disk makes the collector refuse posts." if low else "",
            )
        )
    return findings


def _files() -> list[Finding]:
    wanted = {"collector": "leadlight.js", "console": "console.css", "identifier": "bot_patterns.json"}
    missing = [
        name for service, name in wanted.items() if not files(f"services.{service}").joinpath("static", name).is_file()
    ]
    if missing:
        return [Finding("built files", "fail", f"missing: {', '.join(missing)}", "In a clone: make setup.")]
    return [Finding("built files", "ok", "snippet, console and data are there")]


def _spools(settings: Settings) -> list[Finding]:
    findings = []
    for spool in look_at_spools(settings, utc_now()):
        name, state = f"spool of {spool['instance']}", spool["state"]
        if state == "damaged" or spool["damaged_files"]:
            do = f"Look at the disk; files that ended in .damaged in {settings.data}/spool are kept and no longer read."
            findings.append(Finding(name, "warn", "a file is damaged", do))
        if not spool["records"]:
            continue
        held = f"{state}: {spool['records']:,} events, {spool['bytes'] / 1e6:,.1f} MB, the oldest from {spool['oldest_at']}"
        if not spool["running"]:
            do = f"Start a collector with LEADLIGHT_INSTANCE={spool['instance']}: it drains them at once."
            findings.append(Finding(name, "warn", f"{held}; no collector is running", do))
        else:
            refusing = state in ("full", "too_old")
            do = "" if state == "draining" else "Start Kafka; the collector drains them by itself."
            findings.append(Finding(name, "fail" if refusing else "warn", held, do))
    return findings


def _network_data(settings: Settings) -> list[Finding]:
    files, missing = look(settings.data, utc_now(), check_sums=True)
    findings = [Finding("network data", "warn", found, do) for found, do in notices(files, missing)]
    used = [each.file for each in files if each.state == "in_use"]
    if used and not findings:
        findings.append(Finding("network data", "ok", ", ".join(used)))
    return findings


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    database = Database(settings.effective_database_url)
    where = "SQLite" if settings.sqlite else "PostgreSQL"
    try:
        await check_schema(database)
        async with database.read() as connection:
            found = await sites.list_all(connection)
            dead = await dead_letters.count(connection, since=utc_now() - timedelta(days=1))
            hooks = await webhooks.list_for(connection, [site.id for site in found])
    except ConfigurationError as error:
        yield Finding("database", "fail", str(error), "leadlight migrate")
        return
    except LeadlightError as error:
        yield Finding("database", "fail", f"{where}: {error}", "Start it, or correct LEADLIGHT_DATABASE_URL.")
        return
    finally:
        await database.close()
    yield Finding("database", "ok", f"{where} at this version's schema")
    if found:
        yield Finding("sites", "ok", ", ".join(site.domain for site in found))
    else:
        yield Finding("sites", "warn", "none yet", "leadlight site add NAME --domain DOMAIN")
    if dead:
        yield Finding("records", "warn", f"{dead} could not be processed since yesterday", "leadlight dead list")
    else:
        yield Finding("records", "ok", "none died since yesterday")
    for hook in hooks:
        if hook.disabled_at:
            do = "Mend the receiver, then `leadlight webhook remove` and `webhook add`."
            yield Finding("webhook", "warn", f"{hook.url} is off: {hook.disabled_reason}", do)


async def _log(settings: Settings) -> AsyncIterator[Finding]:
    running = running_addresses(settings) if settings.embedded else None
    if running:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as client,
                client.get(f"{running['collector']}/readyz") as answer,
            ):
                problems = (await answer.json())["problems"]
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            do = "Look at its output; if it hangs, stop it and start it again."
            yield Finding("process", "fail", f"pid {running['pid']} does not answer: {error!r}", do)
            return
        for part, text in problems.items():
            do = FREE_SPACE if part == "log" else "Look at its output."
            yield Finding("process", "fail", f"{part}: {text}", do)
        if not problems:
            yield Finding("process", "ok", f"running at {running['collector']}")
        return
    try:
        bus = await open_bus(url=settings.bus_url, data=settings.data, instance=f"{settings.instance}-doctor")
    except LeadlightError as error:
        yield Finding("log", "fail", str(error), "Correct LEADLIGHT_BUS_URL, or stop the other process.")
        return
    try:
        problem = await bus.problem()
    finally:
        await bus.close()
    if problem is None:
        yield Finding("log", "ok", "takes records")
    else:
        do = FREE_SPACE if settings.embedded else "Start Kafka, then `leadlight topics`."
        yield Finding("log", "fail", problem, do)

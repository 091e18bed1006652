"""What commands share with a running process: the event loop, the database, and the addresses it wrote down."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from leadlight.errors import ConfigurationError
from leadlight.logs import configure_logs
from leadlight.settings import Settings, read_settings
from leadlight.store.database import Database
from leadlight.store.migrate import check_schema, migrate

T = TypeVar("T")

PORTS = {"collector": 8000, "feed": 8001, "console": 8002}


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine on uvloop, which the collector's speed relies on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def settings_for_command(data: Path | None = None) -> Settings:
    settings = read_settings(data=data)
    configure_logs(level="warning", form="text")
    return settings


@asynccontextmanager
async def open_database(settings: Settings, *, create: bool = False) -> AsyncIterator[Database]:
    """The database, at this version's schema; PostgreSQL wants `leadlight migrate` first.

    Raises:
        ConfigurationError: there is no SQLite database here and none is to be made: most likely the wrong folder.
    """
    if settings.sqlite and not settings.database_url and not create and not (settings.data / "leadlight.db").exists():
        raise ConfigurationError(
            f"There are no data of Leadlight in {settings.data.absolute()}. Name their folder with LEADLIGHT_DATA, "
            "or begin with `leadlight up` or `leadlight site add`."
        )
    prepare_data_folder(settings)
    database = Database(settings.effective_database_url)
    try:
        if settings.sqlite:
            await migrate(database)
        else:
            await check_schema(database)
        yield database
    finally:
        await database.close()


def prepare_data_folder(settings: Settings) -> None:
    """Raises ConfigurationError when the folder is needed and cannot be written."""
    if not (settings.embedded or settings.sqlite):
        return
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(settings.data, os.W_OK):
            raise PermissionError(13, "no permission to write")
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {settings.data} cannot be used: {error.strerror or error}. "
            "Choose another with --data or LEADLIGHT_DATA."
        ) from error


def note_addresses(settings: Settings, addresses: dict[str, str | None]) -> None:
    """Leave the addresses of this process in the data folder, for commands that run beside it."""
    path = _noted(settings)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"pid": os.getpid(), **addresses}))
    fresh.replace(path)


def forget_addresses(settings: Settings) -> None:
    _noted(settings).unlink(missing_ok=True)


def running_addresses(settings: Settings) -> dict[str, Any] | None:
    """The addresses of the process that is running on this data folder, if there is one."""
    try:
        noted: dict[str, Any] = json.loads(_noted(settings).read_text())
        os.kill(int(noted["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return None
    return noted


def address_of(settings: Settings, service: str) -> str:
    """The origin under which people or browsers reach a service."""
    if settings.public_url:
        return settings.public_url
    noted = running_addresses(settings) if settings.embedded else None
    if noted:
        return str(noted["collector"])
    port = settings.port or (PORTS["collector"] if settings.embedded else PORTS[service])
    return origin(settings.host, port)


def origin(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _noted(settings: Settings) -> Path:
    return settings.data / "running.json"

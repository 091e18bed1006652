"""What every process is made of: settings, database, event log, clock and the wish to stop."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from leadlight.bus import open_bus
from leadlight.bus.port import Bus
from leadlight.errors import ConfigurationError
from leadlight.runtime.lately import Lately
from leadlight.settings import SECRET_MINIMUM_CHARACTERS, Settings
from leadlight.store.database import Database


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Runtime:
    """One process's surroundings, made once and passed on."""

    settings: Settings
    secret: bytes
    database: Database
    bus: Bus
    now: Callable[[], datetime] = utc_now
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    lately: Lately = field(default_factory=Lately)
    at_exit: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What services opened, to be closed when nobody is served any more and before the log and the database are."""

    async def pause(self, seconds: float) -> bool:
        """Wait, but not longer than the process lives; whether it goes on."""
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """Open the database and the log, and close them in order at the end."""
    secret = read_secret(settings)
    database = Database(settings.effective_database_url)
    try:
        bus = await open_bus(url=settings.bus_url, data=settings.data, instance=settings.instance)
        try:
            runtime = Runtime(settings, secret, database, bus)
            async with runtime.at_exit:
                yield runtime
        finally:
            await bus.close()
    finally:
        await database.close()


def read_secret(settings: Settings) -> bytes:
    """The installation's secret: the variable's, or one that is made once and kept in the data folder.

    Raises:
        ConfigurationError: several processes must share a secret, and none is set; or the folder cannot be written.
    """
    if settings.secret:
        return settings.secret.encode()
    if not settings.embedded or not settings.sqlite:
        raise ConfigurationError(
            "LEADLIGHT_SECRET is not set. Processes that share a log and a database need the same secret: "
            "`openssl rand -hex 32` makes one."
        )
    path = settings.data / "secret"
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            fresh = path.with_suffix(f".{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            with fresh.open("w") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())  # a power cut must not leave an empty one
            try:
                path.hardlink_to(fresh)  # whoever comes first wins, whole
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        secret = path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {settings.data} cannot be used: {error.strerror or error}. "
            "Choose another with --data or LEADLIGHT_DATA, or free some space."
        ) from error
    if len(secret) < SECRET_MINIMUM_CHARACTERS:
        raise ConfigurationError(
            f"{path} holds no whole secret: bring it back from a backup. Without one remove it, and a new one is made, "
            "which cannot open what the old one sealed."
        )
    return secret.encode()

"""Spools that nobody drains any more: their host was renamed, or their container replaced by one of another name."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from leadlight.bus.embedded.lock import is_locked
from leadlight.bus.embedded.log import ASIDE
from leadlight.errors import ConfigurationError, LeadlightError
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from services.collector.spool.spool import Records, Spool
from services.collector.spool.standing import look, spool_folder, spools_folder

log = get_logger(__name__)

LEFT_SECONDS = 600.0
"""An instance that comes back under its own name within this time drains its spool itself."""

LOOK_SECONDS = 60.0
BATCH_RECORDS = 1_000

Publish = Callable[[Records], Awaitable[None]]


async def drain_left_spools(runtime: Runtime, publish: Publish) -> None:
    """Whenever the log is there, bring it what other instances left on this data folder; until the process stops."""
    while await runtime.pause(LOOK_SECONDS):
        await drain_left(runtime, publish)


async def drain_left(runtime: Runtime, publish: Publish) -> None:
    """Look once. Events of one visitor from two instances had no order among them to begin with."""
    for folder in left_spools(runtime):
        try:
            if await runtime.bus.problem() is not None:
                return
            await _drain(folder, runtime, publish)
        except (LeadlightError, OSError) as error:
            log.warning("a spool that was left behind is not drained yet", folder=str(folder), why=str(error))


def left_spools(runtime: Runtime) -> list[Path]:
    """Other instances' spools with events in them, which no process holds and nobody has touched for a while."""
    settings, now = runtime.settings, runtime.now().timestamp()
    own = spool_folder(settings.data, settings.instance)
    found = []
    for folder in sorted(spools_folder(settings.data).glob("*")):
        if folder == own or not folder.is_dir():
            continue
        try:
            touched = max((file.stat().st_mtime for file in folder.iterdir()), default=now)
            if now - touched < LEFT_SECONDS or is_locked(folder):
                continue
            if look(folder, limit_bytes=settings.spool_bytes, now=now).records:
                found.append(folder)
        except (OSError, ConfigurationError) as error:
            log.warning("a spool cannot be looked at", folder=str(folder), why=str(error))
    return found


async def _drain(folder: Path, runtime: Runtime, publish: Publish) -> None:
    spool = Spool.open(folder, limit_bytes=runtime.settings.spool_bytes, now=lambda: runtime.now().timestamp())
    count = spool.records
    try:
        while not runtime.stopping.is_set() and (records := await spool.read(BATCH_RECORDS)):
            await publish(records)
            spool.advance()
    finally:
        empty = not spool.records
        await spool.close(remove=empty and not list(folder.glob(f"*{ASIDE}*")))
    if empty:
        log.warning("drained a spool that another instance had left behind", folder=str(folder), records=count)

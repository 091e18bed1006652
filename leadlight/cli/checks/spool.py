"""`leadlight spool status`: what collectors hold on this host's disk while Kafka is away."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import typer

from leadlight.bus.embedded.lock import is_locked
from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson
from leadlight.cli.process import settings_for_command
from leadlight.errors import LogDamaged
from leadlight.runtime import utc_now
from leadlight.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Events that collectors keep on their own disk while Kafka is away.")


@app.callback()
def spool() -> None:
    pass


@app.command()
def status(as_json: AsJson = False) -> None:
    """How full the spools on this data folder are, one line for each instance; beside running collectors or without.

    State: empty; filling (the log is away); draining (it is back, the oldest events go first); full or too_old (posts
    are refused with 503 until some have gone; nothing is dropped); damaged. The embedded log has no spool: it would lie
    on the same disk.
    """
    settings = settings_for_command()
    rows = look_at_spools(settings, utc_now())
    show(rows, as_json=as_json)
    if as_json or rows:
        return
    if settings.embedded:
        say("The embedded log has no spool: it would lie on the same disk.")
    elif not settings.spool_bytes:
        say("LEADLIGHT_SPOOL_BYTES is 0: collectors keep nothing while Kafka is away.")
    else:
        say(f"No collector has run on {settings.data.absolute()} yet. LEADLIGHT_DATA names another folder.")


def look_at_spools(settings: Settings, now: datetime) -> Sequence[dict[str, Any]]:
    """Each spool in the data folder as it stands. Read only; no lock is taken."""
    from services.collector.spool.standing import look, spools_folder

    rows = []
    for folder in sorted(path for path in spools_folder(settings.data).glob("*") if path.is_dir()):
        row: dict[str, Any] = {"instance": folder.name, "state": "damaged", "records": None, "bytes": None}
        row |= {"oldest_at": None, "age_seconds": None, "limit_bytes": settings.spool_bytes, "damaged_files": None}
        try:
            seen = look(folder, limit_bytes=settings.spool_bytes, now=now.timestamp())
        except LogDamaged as damage:
            say(str(damage))
        else:
            row = {name: getattr(seen, name) for name in seen.__slots__}
            row["oldest_at"] = seen.oldest_at.isoformat() if seen.oldest_at else None
            row["age_seconds"] = round(seen.age_seconds, 3) if seen.age_seconds is not None else None
        rows.append({**row, "running": is_locked(folder)})
    return rows

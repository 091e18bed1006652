"""`leadlight bots`, as an owner types it."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadlight.cli.commands import app
from leadlight.errors import LeadlightError
from leadlight.store.database import Database, insert
from leadlight.store.tables import visitors
from tests.services.cli.command import Outcome

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SITE = ("--site", "shop.example", "--json")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder; commands are run in this process."""
    monkeypatch.setenv("LEADLIGHT_DATA", str(tmp_path))
    handlers = logging.getLogger().handlers[:]
    yield tmp_path
    logging.getLogger().handlers[:] = handlers


def run(*words: str) -> Outcome:
    done = CliRunner().invoke(app, words)
    if isinstance(done.exception, LeadlightError):
        return Outcome(1, done.stdout, str(done.exception))
    return Outcome(done.exit_code, done.stdout, done.stderr)


async def kept(home: Path, site: str) -> None:
    database = Database(f"sqlite+aiosqlite:///{home / 'leadlight.db'}")
    async with database.begin() as connection:
        await connection.execute(
            insert(connection, visitors).values(
                site_id=site,
                id="v-1",
                anonymous_id="a-1",
                partition=0,
                bot_reasons="agent",
                bot_evidence="agent:Googlebot@0a1b2c3d4e5f",
                updated_at=NOW,
            )
        )
    await database.close()


def test_a_bot_is_listed_restored_and_taken_back(home: Path) -> None:
    site = run("site", "add", "Shop", "--domain", "shop.example", "--json").json["id"]
    assert run("bots", "list", *SITE).json == []
    asyncio.run(kept(home, site))
    [bot] = run("bots", "list", *SITE).json
    assert (bot["id"], bot["reasons"], bot["evidence"]) == ("v-1", ["agent"], ["agent:Googlebot"])
    restored = run("bots", "restore", "v-1", *SITE).json
    assert (restored["decision"], [lesson["label"] for lesson in restored["lessons"]]) == ("person", ["Googlebot"])
    [lesson] = run("bots", "lessons", *SITE).json
    assert (lesson["about"], lesson["says"], lesson["learnt_from"]) == ("agent", "person", "command line")
    assert run("bots", "lessons", *SITE, "--forget", lesson["id"]).json == []
    assert run("bots", "undo", "v-1", *SITE).json == {"id": "v-1", "undone": True}
    assert run("bots", "undo", "v-1", *SITE).code == 1
    marked = run("bots", "mark", "v-1", "--only-this", *SITE).json
    assert (marked["decision"], marked["lessons"]) == ("machine", [])
    assert "no visitor" in run("bots", "restore", "nobody", *SITE).err

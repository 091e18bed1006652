"""`leadlight identify`, whatever it is given."""

import os
import subprocess
from pathlib import Path

import pytest
from msgspec.json import decode

from .command import COMMAND, environment


@pytest.mark.parametrize(("given", "kind"), [(b"\xff\xfe", "agent"), (b"m\xfcller@norrvik.example", "email")])
def test_broken_bytes_are_judged_like_anything_else(tmp_path: Path, given: bytes, kind: str) -> None:
    done = subprocess.run(
        [COMMAND, "identify", os.fsdecode(given), "--json"],
        env=environment(tmp_path),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    verdict = decode(done.stdout)
    assert (verdict["kind"], verdict["input"]) == (kind, given.decode("utf-8", "replace"))

"""The installed command, run as people run it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = str(Path(sys.executable).parent / "leadlight")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


def environment(data: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with no setting of Leadlight but the data folder and `extra`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LEADLIGHT_")}
    return clean | {"LEADLIGHT_DATA": str(data), "COLUMNS": "200"} | dict(extra or {})


def leadlight(data: Path, *words: str, extra: Mapping[str, str] | None = None) -> Outcome:
    """Run `leadlight WORDS` with its data in `data`."""
    done = subprocess.run(
        [COMMAND, *words], env=environment(data, extra), capture_output=True, text=True, timeout=60, check=False
    )
    return Outcome(done.returncode, done.stdout, done.stderr)

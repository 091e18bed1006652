"""The running product: `leadlight up`, as people start it."""

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.services.cli.command import COMMAND, environment


@contextmanager
def up(data: Path, *words: str, extra: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """What it printed once it was ready, and its process."""
    process = subprocess.Popen(
        [COMMAND, "up", "--json", *words],
        env=environment(data, extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.communicate()[1])
        yield {**json.loads(line), "process": process}
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise

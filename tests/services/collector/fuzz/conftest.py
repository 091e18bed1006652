import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest

from tests.infra.parts import free_port
from tests.services.cli.command import COMMAND, environment, leadlight


@dataclass(frozen=True, slots=True)
class Installation:
    """`leadlight up` as people run it, with one site."""

    address: str
    write_key: str
    process: psutil.Process

    def resident_bytes(self) -> int:
        return int(self.process.memory_info().rss)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A process of its own, shared by the tests of this folder: it must survive them all."""
    data = tmp_path_factory.mktemp("fuzzed")
    site = leadlight(data, "site", "add", "Fernwerk", "--domain", "fernwerk.example", "--json").json
    words = [COMMAND, "up", "--no-demo-site", "--json", "--port", str(free_port())]
    quiet = environment(data, {"LEADLIGHT_LOG_LEVEL": "error"})
    with subprocess.Popen(words, env=quiet, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        try:
            assert running.stdout is not None
            address = json.loads(running.stdout.readline())["collector"]
            yield Installation(address, site["write_key"], psutil.Process(running.pid))
            assert running.poll() is None, "it ended by itself"
        finally:
            running.terminate()
            running.wait(20)


@pytest.fixture(autouse=True)
def _no_proxies() -> None:
    """Requests to this machine take no detour."""
    os.environ["NO_PROXY"] = "127.0.0.1"

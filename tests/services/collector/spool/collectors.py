"""Collectors as processes of their own, on Kafka and one data folder, to be killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from tests.infra.parts import accepts, free_port
from tests.services.collector.front_door import Answer, basic

COMMAND = str(Path(sys.executable).parent / "leadlight")


class Collectors:
    """A deployment of collectors on one host: commands run in it, and each instance can be started and killed."""

    def __init__(self, bus_url: str, data: Path) -> None:
        self.data = data
        self._bus_url = bus_url
        self._processes: list[subprocess.Popen[str]] = []
        self.write_key = ""

    async def prepare(self) -> None:
        await self.command("migrate")
        await self.command("topics")
        self.write_key = (await self.command("site", "add", "Fernwerk", "--domain", "fernwerk.example"))["write_key"]

    async def command(self, *words: str) -> Any:
        done = await asyncio.to_thread(self._run, *words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([COMMAND, *words], env=self._environment(), capture_output=True, text=True, check=False)

    async def spool(self, instance: str) -> Mapping[str, Any]:
        """What `leadlight spool status` says of it."""
        [found] = [row for row in await self.command("spool", "status") if row["instance"] == instance]
        return dict(found)

    async def start(self, instance: str) -> "Collector":
        port = free_port()
        environment = self._environment() | {"LEADLIGHT_INSTANCE": instance, "LEADLIGHT_PORT": str(port)}
        process = self._launch(environment)
        self._processes.append(process)
        async with asyncio.timeout(30):
            while process.poll() is None and not accepts(port):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return Collector(f"http://127.0.0.1:{port}", self.write_key, process)

    @staticmethod
    def _launch(environment: Mapping[str, str]) -> "subprocess.Popen[str]":
        return subprocess.Popen([COMMAND, "run", "collector"], env=environment, stderr=subprocess.PIPE, text=True)

    def end(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("LEADLIGHT_")}
        return own | {
            "LEADLIGHT_DATA": str(self.data),
            "LEADLIGHT_BUS_URL": self._bus_url,
            "LEADLIGHT_SECRET": "s" * 32,
            "LEADLIGHT_LOG_LEVEL": "warning",
        }


class Collector:
    """One process; its methods are what visitors, operators and the power supply do."""

    def __init__(self, address: str, write_key: str, process: "subprocess.Popen[str]") -> None:
        self._address = address
        self._write_key = write_key
        self._process = process

    async def post(self, path: str, body: Any) -> Answer:
        """The answer; 0 for none, because the process has gone."""
        try:
            async with (
                aiohttp.ClientSession(self._address, headers=basic(self._write_key)) as client,
                client.post(path, json=body) as answer,
            ):
                return Answer(answer.status, answer.headers, await answer.read())
        except aiohttp.ClientError:
            return Answer(0, {}, b"")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(15) == 0

    def last_words(self) -> tuple[int, str]:
        """How the process ended by itself, and what it said."""
        _out, told = self._process.communicate(timeout=15)
        return self._process.returncode, told

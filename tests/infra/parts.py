"""What a server under test shares with the others: where it is found, its port, its process."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"

_handed_out: set[int] = set()


class PartMissing(Exception):
    """A server that tests need is not on this machine. The message says how to get it."""


class PartBroken(Exception):
    """A server under test did not do what it was told. The message ends with what it printed."""


def missing(part: PartMissing) -> NoReturn:
    """Skip a test whose server is not here; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(part), pytrace=False)
    pytest.skip(str(part))


def free_port() -> int:
    """A loopback port that nobody listens on.

    Below the range that outgoing connections draw from: a client that reconnects to a dead server's port there can,
    on loopback, be given that very port and talk to itself.
    """
    for _ in range(1000):
        port = random.randint(20_000, 31_999)
        if port in _handed_out:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _handed_out.add(port)
            return port
    raise PartBroken("no free port between 20000 and 31999")


def accepts(port: int) -> bool:
    """Whether something takes connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def scratch_folder(part: str) -> Path:
    """A new folder for one server's data, for every user to pass through: servers that refuse root need that."""
    folder = Path(tempfile.mkdtemp(prefix=f"leadlight-{part}-"))
    folder.chmod(0o755)
    return folder


class Server:
    """One real server process and its log file. Its methods block: from a coroutine, use `asyncio.to_thread`."""

    def __init__(
        self,
        part: str,
        command: list[str],
        *,
        folder: Path,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.part = part
        self.folder = folder
        self._command = command
        self._user = user
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "output.log"

    @property
    def running(self) -> bool:
        """Whether the process is there; a paused one is."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise PartBroken(f"{self.part} was not started")
        return self._process.pid

    def launch(self, ready: Callable[[], bool], *, within_seconds: float) -> None:
        """Start the process and wait until `ready`."""
        if self.running:
            raise PartBroken(f"{self.part} runs already")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment,
                user=self._user,
                group=self._user and primary_group(self._user),
                extra_groups=None if self._user is None else [],
                start_new_session=True,  # Ctrl-C ends the tests; they then end their servers, in order
            )
        deadline = time.monotonic() + within_seconds
        while not ready():
            if self._process.poll() is not None:
                raise PartBroken(f"{self.part} ended with {self._process.returncode}\n{self.output()}")
            if time.monotonic() > deadline:
                self.end(signal.SIGKILL, within_seconds=10)
                raise PartBroken(f"{self.part} was not ready after {within_seconds:.0f} s\n{self.output()}")
            time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process; it must run."""
        if self._process is None or not self.running:
            raise PartBroken(f"{self.part} does not run\n{self.output()}")
        self._process.send_signal(number)

    def pause(self) -> None:
        """SIGSTOP; returns when every thread stands still, which on a busy machine takes a moment."""
        self.send(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if not self.running:
            raise PartBroken(f"{self.part} ended instead of pausing\n{self.output()}")

    def resume(self) -> None:
        """Go on after `pause`."""
        self.send(signal.SIGCONT)

    def end(self, number: signal.Signals, *, within_seconds: float) -> None:
        """Send a signal and wait for the end; SIGKILL when it takes too long. Nothing to do when it ended before."""
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(number)
            self._process.send_signal(signal.SIGCONT)  # a paused process would never hear it
        try:
            self._process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise PartBroken(f"{self.part} did not end within {within_seconds:.0f} s\n{self.output()}") from None

    def output(self) -> str:
        """The last of what the server printed."""
        if not self._log.exists():
            return ""
        return self._log.read_text(errors="replace")[-4000:]

    def remove(self) -> None:
        """End it at once and remove its data."""
        self.end(signal.SIGKILL, within_seconds=10)
        shutil.rmtree(self.folder)


def primary_group(user: str) -> int:
    """The group that a user's processes run in."""
    import pwd

    return pwd.getpwnam(user).pw_gid

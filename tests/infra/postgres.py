"""A real PostgreSQL server for tests and benchmarks, in a cluster of its own, on loopback."""

import os
import pwd
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import Self

import psutil

from tests.infra.parts import PartBroken, PartMissing, Server, free_port, primary_group, scratch_folder

OWNER = "leadlight"


class PostgresServer:
    """One server with a cluster of its own. Its methods block: from a coroutine, use `asyncio.to_thread`.

    Durable as in production: fsync, full-page writes and synchronous commit are on.
    """

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self.port = free_port()
        self.folder = folder
        self._programs = programs
        self._user = user
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(folder),
            "max_connections": "200",
            "log_min_messages": "warning",
        }
        command = [str(programs / "postgres"), "-D", str(folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self._server = Server("PostgreSQL", command, folder=folder, user=user)

    @classmethod
    def create(cls) -> Self:
        """A server with an empty cluster, not yet started.

        Raises:
            PartMissing: PostgreSQL's programs are not here.
        """
        programs = find_programs()
        user = unprivileged_user()
        folder = scratch_folder("postgres")
        if user is not None:
            shutil.chown(folder, user)
        server = cls(programs, folder, user)
        server._initialise()
        return server

    def url(self, database: str = "postgres") -> str:
        """As `LEADLIGHT_DATABASE_URL` takes it."""
        return f"postgresql+asyncpg://{OWNER}@127.0.0.1:{self.port}/{database}"

    @property
    def running(self) -> bool:
        return self._server.running

    @property
    def pid(self) -> int:
        return self._server.pid

    def start(self) -> None:
        """Start and wait until the server takes queries; on the port it had before."""
        self._server.launch(self._ready, within_seconds=60)

    def stop(self) -> None:
        """Break the connections off and shut down in order."""
        self._server.end(signal.SIGINT, within_seconds=30)

    def kill(self) -> None:
        """SIGKILL to the server and all its backends at once, as a power cut would."""
        family = [psutil.Process(self._server.pid)] if self.running else []
        family += [child for parent in family for child in parent.children(recursive=True)]
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._server.end(signal.SIGKILL, within_seconds=10)
        psutil.wait_procs(family, timeout=10)

    def restart(self) -> None:
        """Stop in order and start with the same data; starts a killed one."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """SIGSTOP to the server and its backends: connections stay open and nothing answers."""
        for process in [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]:
            process.suspend()
            while process.status() not in (
                psutil.STATUS_STOPPED,
                psutil.STATUS_ZOMBIE,
            ):  # a backend may just have ended
                time.sleep(0.005)

    def resume(self) -> None:
        """Go on after `pause`."""
        for process in [*psutil.Process(self.pid).children(recursive=True), psutil.Process(self.pid)]:
            process.resume()

    def remove(self) -> None:
        """End it and remove its data."""
        self.kill()
        self._server.remove()

    def create_database(self) -> str:
        """A new, empty database with a name nobody has; returns the name."""
        name = f"leadlight_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str, *, database: str = "postgres") -> str:
        """Run one statement as the owner; returns its rows, unaligned."""
        done = self._psql(statement, database)
        if done.returncode != 0:
            raise PartBroken(f"{statement}\n{done.stderr}{self._server.output()}")
        return done.stdout.strip()

    def _initialise(self) -> None:
        command = [str(self._programs / "initdb"), "-D", str(self.folder / "data"), "-U", OWNER]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            user=self._user,
            group=self._user and primary_group(self._user),
            extra_groups=None if self._user is None else [],
        )
        if done.returncode != 0:
            raise PartBroken(f"initdb failed\n{done.stdout}{done.stderr}")

    def _ready(self) -> bool:
        return self._psql("SELECT 1", "postgres").returncode == 0

    def _psql(self, statement: str, database: str) -> "subprocess.CompletedProcess[str]":
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", OWNER, "-d", database]
        return subprocess.run(
            [str(self._programs / "psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", *address, "-c", statement],
            capture_output=True,
            text=True,
            check=False,
            env={"PGCONNECT_TIMEOUT": "5", "PATH": os.environ.get("PATH", "")},
        )


def find_programs() -> Path:
    """The folder with PostgreSQL's programs: the newest of Debian's, else that of `initdb` on the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise PartMissing("PostgreSQL is not installed: install it, on Debian the package postgresql")
    return Path(on_path).resolve().parent


def unprivileged_user() -> str | None:
    """Who the server runs as when we are root, which its programs refuse; nobody else otherwise."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"

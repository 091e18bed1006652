"""What the tree may and may not hold."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.infra.parts import ROOT

REGISTRY = re.compile(
    r"https?://[a-z0-9.-]*(npmjs|npm\.|pypi|pythonhosted|maven|debian\.org|crates\.io|golang|yarnpkg)[a-z0-9.-]*"
)
REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))
SHELL_SCRIPT = re.compile(r"#!.*\b(ba)?sh\b")
SECTION = re.compile(r"^(?P<name>[a-z0-9._-]+)(\[.*\])?==\S+", re.MULTILINE)


def tracked_files() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return (ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def tracked_texts() -> Iterator[tuple[Path, str]]:
    for path in tracked_files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def pinned(file: str) -> set[str]:
    return {match["name"] for match in SECTION.finditer((ROOT / file).read_text())}


def test_no_tracked_file_names_a_registry() -> None:
    found = [f"{path.relative_to(ROOT)}: {hit[0]}" for path, text in tracked_texts() if (hit := REGISTRY.search(text))]
    assert found == []


def test_the_npm_lock_has_hashes_and_no_addresses() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    fetched = {path: entry for path, entry in packages.items() if "node_modules/" in path and not entry.get("link")}
    assert fetched
    assert [path for path, entry in fetched.items() if "integrity" not in entry] == []
    assert [path for path, entry in fetched.items() if "resolved" in entry] == []


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_every_requirement_is_pinned_with_hashes(file: Path) -> None:
    entries = re.sub(r"\s*\\\n\s+", " ", file.read_text()).splitlines()
    entries = [entry for entry in entries if entry.strip() and not entry.lstrip().startswith("#")]
    assert entries
    assert [
        entry for entry in entries if not re.fullmatch(r"\S+==\S+( ; .+?)?( --hash=sha256:[0-9a-f]{64})+", entry)
    ] == []


def test_the_pins_cover_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    def names(requirements: list[str]) -> set[str]:
        return {Requirement(text).name.lower() for text in requirements}

    assert names(project["project"]["dependencies"]) <= pinned("requirements.txt") <= pinned("requirements-dev.txt")
    assert names(project["build-system"]["requires"]) <= pinned("requirements-build.txt")
    assert names(project["dependency-groups"]["dev"]) <= pinned("requirements-dev.txt")


def test_what_is_built_or_fetched_is_not_tracked() -> None:
    grown = {"node_modules", "static", ".venv", ".cache", "dist", "__pycache__", ".leadlight"}
    assert [str(path) for path in tracked_files() if grown & set(path.relative_to(ROOT).parts)] == []


def test_services_never_import_one_another_and_floors_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_shell_script_parses_and_can_be_run() -> None:
    scripts = [path for path, text in tracked_texts() if SHELL_SCRIPT.match(text)]
    assert {ROOT / ".ci/run", ROOT / "scripts/setup", ROOT / "scripts/test"} <= set(scripts)
    for script in scripts:
        subprocess.run(["bash", "-n", script], check=True)
        assert os.access(script, os.X_OK), script


def test_every_link_of_the_documentation_leads_to_a_file() -> None:
    broken = []
    for path, text in tracked_texts():
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\((?!https?:|mailto:|#|/)([^)#\s]+)", text):
            if not (path.parent / target).exists():
                broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert broken == []

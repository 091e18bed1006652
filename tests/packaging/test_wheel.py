"""The wheel, made from what the container's build gets to see, is all that a machine needs."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.parts import ROOT, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; loud when it fails."""
    done = subprocess.run(command, cwd=cwd, env=bare_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def bare_environment() -> dict[str, str]:
    """This environment without anything that could lead a command back into the tree."""
    ours = ("LEADLIGHT_", "PYTHON", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def copy_build_context(target: Path) -> None:
    """Copy what deploy/Dockerfile.dockerignore lets through: re-admitted roots less what is shut out in any folder."""
    lines = (ROOT / "deploy/Dockerfile.dockerignore").read_text().split("\n")
    rules = [line for line in lines if line and not line.startswith(("#", "*"))]
    admitted = [path for rule in rules if rule.startswith("!") for path in ROOT.glob(rule[1:])]
    anywhere = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    shut_out = {ROOT / rule for rule in rules if not rule.startswith("!")}

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in anywhere or Path(folder) / name in shut_out}

    for source in admitted:
        destination = target / source.relative_to(ROOT)
        if source.is_dir():
            shutil.copytree(source, destination, ignore=ignored)
        else:
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, destination)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    context = tmp_path_factory.mktemp("context")
    copy_build_context(context)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", context / "dist", cwd=context)
    (built,) = (context / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel and its pinned requirements, and nothing else."""
    environment = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", environment, cwd=environment)
    pip: list[str | Path] = [environment / "bin/python", "-m", "pip", "--quiet", "install", "--no-deps"]
    run(*pip, "--require-hashes", "-r", ROOT / "requirements.txt", cwd=environment)
    run(*pip, wheel, cwd=environment)
    return environment


@contextlib.contextmanager
def leadlight_up(installed: Path, folder: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, str]]]:
    """`leadlight up --json` in a folder of its own, and the addresses it prints."""
    with (folder / "stderr.log").open("a") as log:
        process = subprocess.Popen(
            [installed / "bin/leadlight", "up", "--json", "--port", str(free_port())],
            cwd=folder,
            env=bare_environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"it ended\n{(folder / 'stderr.log').read_text()}"
            yield process, json.loads(line)
        finally:
            process.kill()


def get(url: str) -> tuple[str, bytes]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.headers["content-type"], answer.read()


def test_the_wheel_brings_the_licence_the_browser_code_and_the_migrations(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "services/collector/static/leadlight.js" in names
    assert "leadlight/py.typed" in names
    assert any(re.fullmatch(r"leadlight/store/migrations/versions/\w+\.py", name) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(re.fullmatch(r"services/console/static/.+\.css", name) for name in names)


def test_the_wheel_brings_nothing_but_the_product(wheel: Path) -> None:
    roots = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert roots == {"leadlight", "services", f"leadlight-{wheel.name.split('-')[1]}.dist-info"}


def test_the_pinned_requirements_are_what_the_wheel_asks_for(installed: Path) -> None:
    assert "No broken requirements" in run(installed / "bin/python", "-m", "pip", "check", cwd=installed)


def test_the_wheel_alone_serves_everything_and_stops_cleanly(installed: Path, tmp_path: Path) -> None:
    for _start in ("first", "again, on the data of the first"):
        with leadlight_up(installed, tmp_path) as (process, addresses):
            _, health = get(addresses["collector"] + "/healthz")
            assert json.loads(health)["status"] == "ok"
            kind, snippet = get(addresses["collector"] + "/leadlight.js")
            assert kind.startswith("text/javascript")
            assert snippet == (ROOT / "services/collector/static/leadlight.js").read_bytes()
            assert get(addresses["console"])[0].startswith("text/html")
            assert get(addresses["docs"])[0].startswith("text/html")
            assert get(addresses["demo_site"])[0].startswith("text/html")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, (tmp_path / "stderr.log").read_text()


def test_the_command_of_the_wheel_lists_every_variable(installed: Path, tmp_path: Path) -> None:
    shown = run(installed / "bin/leadlight", "--help", cwd=tmp_path)
    documented = set(re.findall(r"LEADLIGHT_[A-Z_]+", (ROOT / "docs/operators.md").read_text()))
    assert documented <= set(re.findall(r"LEADLIGHT_[A-Z_]+", shown))

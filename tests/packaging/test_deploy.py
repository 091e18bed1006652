"""The deployment files name what exists, and hang together."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from leadlight.cli.commands import app
from leadlight.cli.running import ServiceName
from leadlight.settings import VARIABLES, read_settings
from tests.infra.parts import ROOT, PartMissing, missing

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS: dict[str, dict[str, Any]] = {
    name: service for name, service in COMPOSE["services"].items() if service["image"] == "leadlight"
}
UNIT = (DEPLOY / "leadlight.service").read_text()


def understood(arguments: list[str]) -> bool:
    """Whether the `leadlight` command takes these arguments; it ends the test with its own words when not."""
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    with command.make_context("leadlight", [], resilient_parsing=True) as context:
        name, found, rest = command.resolve_command(context, arguments)
        assert found is not None
        with found.make_context(name, rest, parent=context):
            return True


def filled_in(text: str) -> str:
    """A value of the compose file with its own variables replaced: by their default, else by something long."""
    return re.sub(r"\$\{\w+:[-?]([^}]*)\}", lambda it: it[1] if it[0].find(":-") > 0 else "x" * 64, text)


def test_the_compose_file_keeps_to_its_schema() -> None:
    checker = Path(sys.executable).parent / "check-jsonschema"
    command: list[str | Path] = [checker, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_runs_every_service_by_itself() -> None:
    run = [service["command"][1:] for service in OURS.values() if service["command"][0] == "run"]
    assert sorted(run) == sorted([name] for name in ServiceName)


@pytest.mark.parametrize("name", OURS)
def test_the_command_understands_what_compose_starts(name: str) -> None:
    assert understood(OURS[name]["command"])


@pytest.mark.parametrize("name", OURS)
def test_the_settings_that_compose_gives_are_valid(name: str) -> None:
    given = {key: filled_in(str(value)) for key, value in OURS[name]["environment"].items()}
    settings = read_settings(given)
    assert not settings.embedded
    assert not settings.sqlite


def test_what_compose_refers_to_is_there() -> None:
    names = set(COMPOSE["services"])
    for name, service in COMPOSE["services"].items():
        assert set(service.get("depends_on", ())) <= names - {name}
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).is_file()
    assert (DEPLOY / OURS["collector"]["build"]["context"] / OURS["collector"]["build"]["dockerfile"]).is_file()


def test_the_services_start_after_the_database_and_the_topics_are_made() -> None:
    for name in ServiceName:
        waits = {other: how["condition"] for other, how in OURS[name]["depends_on"].items()}
        assert waits == dict.fromkeys(("migrate", "topics"), "service_completed_successfully")


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_is_built_in_stages_and_runs_without_root() -> None:
    words = [word for word, _ in instructions()]
    assert words.count("FROM") > 1
    last_stage = instructions()[len(words) - words[::-1].index("FROM") :]
    users = [rest for word, rest in last_stage if word == "USER"]
    assert len(users) == 1
    assert int(users[0].split(":")[0]) > 0


def test_the_image_installs_only_what_is_pinned() -> None:
    installs = re.findall(r"pip install ([^&]+)", " && ".join(rest for word, rest in instructions() if word == "RUN"))
    assert len(installs) == 3
    for arguments in map(shlex.split, installs):
        assert "--no-deps" in arguments
        assert "--require-hashes" in arguments or arguments[-1] == "/wheel/*.whl"
    copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    assert [path for paths in copied for path in paths if not (ROOT / path).exists()] == []


def test_the_image_starts_the_command_with_settings_that_it_knows() -> None:
    given = dict(instructions())
    assert given["ENTRYPOINT"] == '["leadlight"]'
    assert understood(yaml.safe_load(given["CMD"]))
    variables = set(re.findall(r"LEADLIGHT_[A-Z_]+", given["ENV"]))
    assert variables
    assert variables <= set(VARIABLES)


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        missing(PartMissing("systemd-analyze is not installed: on Debian it is in the package systemd"))
    here = Path(sys.executable).parent
    unit = tmp_path / "leadlight.service"
    unit.write_text(UNIT.replace("/opt/leadlight/bin", str(here)))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    about_us = [line for line in done.stderr.splitlines() if "leadlight" in line]
    assert (done.returncode, about_us) == (0, [])


def test_the_unit_starts_the_command_with_settings_that_it_knows() -> None:
    start = re.search(r"^ExecStart=\S+/leadlight (.+)$", UNIT, re.MULTILINE)
    assert start is not None
    assert understood(shlex.split(start[1]))
    environment = re.search(r"^Environment=(.+)$", UNIT, re.MULTILINE)
    assert environment is not None
    read_settings(dict(pair.split("=", 1) for pair in shlex.split(environment[1])))


def test_shell_scripts_pass_shellcheck() -> None:
    if shutil.which("shellcheck") is None:
        missing(PartMissing("shellcheck is not installed: on Debian it is the package shellcheck"))
    scripts = [ROOT / ".ci/run", *(path for path in (ROOT / "scripts").iterdir() if path.suffix == "")]
    assert all(os.access(script, os.X_OK) for script in scripts)
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

"""`leadlight run`, apart from the other commands: a service keeps only what it needs in memory."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from leadlight.cli import serving
from leadlight.cli.owners import AsJson

SETTINGS: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": 110},
}


class ServiceName(StrEnum):
    COLLECTOR = "collector"
    IDENTIFIER = "identifier"
    SCORER = "scorer"
    ALERTER = "alerter"
    FEED = "feed"
    CONSOLE = "console"


def run_services(
    services: Annotated[list[ServiceName], typer.Argument(metavar="SERVICE...", help="One or more, in one process.")],
    as_json: AsJson = False,
) -> None:
    """Run one or more services on Kafka and PostgreSQL: collector, identifier, scorer, alerter, feed, console."""
    serving.run_services([str(service) for service in dict.fromkeys(services)], as_json=as_json)


def app(prog_name: str) -> None:
    """The command line of which the first word is `run`."""
    alone = typer.Typer(**SETTINGS)
    alone.callback()(_nothing)  # so that `run` stays a word of its own
    alone.command("run")(run_services)
    alone(prog_name=prog_name)


def _nothing() -> None:
    pass

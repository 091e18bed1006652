"""The list of commands, and the help that is their manual."""

from pathlib import Path
from typing import Annotated

import typer

from leadlight import __version__
from leadlight.cli import demo, doctor, serving
from leadlight.cli.checks import dead, spool
from leadlight.cli.checks.drops import list_drops
from leadlight.cli.checks.install import check_install
from leadlight.cli.identity import bots, contacts, corrections, providers
from leadlight.cli.identity import data as network_data
from leadlight.cli.identity.identify import identify
from leadlight.cli.identity.mail_merge import add_people, show_key
from leadlight.cli.identity.mint import mint_links
from leadlight.cli.importing.command import import_file
from leadlight.cli.output import show
from leadlight.cli.owners import AsJson, key_app, site_app, user_app, webhook_app
from leadlight.cli.process import prepare_data_folder, run, settings_for_command
from leadlight.cli.running import SETTINGS, run_services
from leadlight.cli.site import hide, links
from leadlight.cli.site import settings as site_settings
from leadlight.cli.site.snippet import show_snippet
from leadlight.settings import VARIABLES
from leadlight.store.database import Database
from leadlight.store.migrate import migrate

_MANUAL = "\n\n".join(f"{name}  {meaning}" for name, meaning in VARIABLES.items())

app = typer.Typer(
    help="Leadlight shows who is on your website and how much they want to buy.\n\n"
    "Start with `leadlight up`: everything in one process, no configuration.",
    epilog=f"Every setting is a variable of the environment:\n\n{_MANUAL}",
    no_args_is_help=True,
    **SETTINGS,
)
site_app.add_typer(site_settings.app, name="settings")
site_app.command("snippet")(show_snippet)
app.add_typer(site_app, name="site")
links.app.command("mint")(mint_links)
links.app.command("key")(show_key)
links.app.command("people")(add_people)
app.add_typer(links.app, name="link")
app.add_typer(links.app, name="links")
app.add_typer(hide.app, name="hide")
app.add_typer(key_app, name="key")
app.add_typer(user_app, name="user")
app.add_typer(webhook_app, name="webhook")
app.add_typer(demo.app, name="demo")
app.command("import")(import_file)
app.add_typer(network_data.app, name="data")
app.add_typer(bots.app, name="bots")
app.add_typer(dead.app, name="dead")
app.add_typer(spool.app, name="spool")
app.command("drops")(list_drops)
app.add_typer(corrections.app, name="companies")
app.add_typer(providers.app, name="providers")
app.add_typer(contacts.app, name="contacts")
app.command("check-install")(check_install)
app.command("identify")(identify)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def leadlight(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def up(
    data: Annotated[Path | None, typer.Option(help="Folder for everything that is kept.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65534, help="Port; the demo site takes the next.")] = None,
    demo_site: Annotated[bool, typer.Option("--demo-site/--no-demo-site", help="Serve the demo site too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Run everything in one process, on SQLite and the embedded log. Ctrl-C stops; all data are kept."""
    serving.up(data=data, host=host, port=port, demo_site=demo_site, as_json=as_json)


app.command("run")(run_services)


@app.command("migrate")
def migrate_database(as_json: AsJson = False) -> None:
    """Bring the database to this version. Repeatable."""

    async def work() -> None:
        settings = settings_for_command()
        prepare_data_folder(settings)
        database = Database(settings.effective_database_url)
        try:
            before, after = await migrate(database)
        finally:
            await database.close()
        show({"before": before, "after": after, "changed": before != after}, as_json=as_json)

    run(work())


@app.command()
def topics(as_json: AsJson = False) -> None:
    """Bring the Kafka topics to this version. Repeatable; the embedded log needs none."""
    serving.topics(as_json=as_json)


@app.command("doctor")
def examine(as_json: AsJson = False) -> None:
    """Check this deployment; say what is wrong and what to do."""
    doctor.doctor(as_json=as_json)

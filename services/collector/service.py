"""The collector: takes events over HTTP and answers when the log has them."""

import asyncio

from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.runtime.service import Problems, Service
from services.collector.arrival import Arrivals
from services.collector.ingest import Ingest
from services.collector.journal import open_journal
from services.collector.keys import WriteKeys
from services.collector.pages import pages_app
from services.collector.pages.files import NOT_BUILT, SNIPPET, Files
from services.collector.sightings import Sightings
from services.collector.tally import Tally

log = get_logger(__name__)

PORT = 8000
PREFIXES = ("/v1/", "/leadlight", "/l/")


def service(runtime: Runtime) -> Service:
    """The collector of one process."""
    keys, tally, files, arrivals = (
        WriteKeys(runtime),
        Tally(runtime),
        Files(kept=runtime.settings.data / "snippets"),
        Arrivals(runtime),
    )
    journal = open_journal(runtime)

    ingest = Ingest(runtime, keys, arrivals, tally, journal, Sightings(runtime))

    async def run() -> None:
        try:
            await asyncio.to_thread(files.keep)
        except OSError as error:
            log.warning("frozen snippets are not kept for later versions", error=str(error))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keys.refresh())
            tasks.create_task(tally.run())
            tasks.create_task(arrivals.run())
            tasks.create_task(journal.run())

    async def find_problems() -> Problems:
        return journal.problems() | ({} if files.find(SNIPPET) else {"snippet": NOT_BUILT.detail})

    return Service(
        "collector",
        PORT,
        run=run,
        app=pages_app(runtime, keys, files, arrivals, ingest.store),
        prefixes=PREFIXES,
        direct=ingest.direct(),
        problems=find_problems,
        covered=journal.covered,
    )

"""The collector: takes events over HTTP and answers when the log has them."""

import asyncio

from leadlight.core.intake.calls import Post
from leadlight.runtime import Runtime
from leadlight.runtime.service import Problems, Service
from services.collector.arrival import Headers, Peer
from services.collector.ingest import Ingest, Outcome
from services.collector.journal import open_journal
from services.collector.keys import Grant, WriteKeys
from services.collector.pages import pages_app
from services.collector.pages.files import NOT_BUILT, SNIPPET, Files
from services.collector.tally import Tally

PORT = 8000
PREFIXES = ("/v1/", "/leadlight", "/l/")


def service(runtime: Runtime) -> Service:
    """The collector of one process."""
    keys, tally, files = WriteKeys(runtime), Tally(runtime), Files()
    journal = open_journal(runtime)

    async def store(post: Post, headers: Headers, peer: Peer, grant: Grant) -> Outcome:
        return await ingest.store(post, headers, peer, grant)

    ingest = Ingest(runtime, keys, tally, journal, rest=pages_app(runtime, keys, files, store))

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keys.refresh())
            tasks.create_task(tally.run())
            tasks.create_task(journal.run())

    async def find_problems() -> Problems:
        return journal.problems() | ({} if files.find(SNIPPET) else {"snippet": NOT_BUILT.detail})

    return Service(
        "collector",
        PORT,
        run=run,
        app=ingest.app,
        prefixes=PREFIXES,
        problems=find_problems,
        covered=journal.covered,
    )

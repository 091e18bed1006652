"""The collector: takes events over HTTP and answers when the log has them."""

import asyncio

from leadlight.runtime import Runtime
from leadlight.runtime.service import Problems, Service
from services.collector.ingest import Ingest
from services.collector.journal import Journal
from services.collector.keys import WriteKeys
from services.collector.pages import NOT_BUILT, SNIPPET, Snippet, pages_app
from services.collector.tally import Tally

PORT = 8000
PREFIXES = ("/v1/", "/leadlight", "/l/")


def service(runtime: Runtime) -> Service:
    """The collector of one process."""
    keys, tally, snippet = WriteKeys(runtime), Tally(runtime), Snippet(SNIPPET)
    ingest = Ingest(runtime, keys, tally, Journal(runtime), rest=pages_app(keys, snippet))

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keys.refresh())
            tasks.create_task(tally.run())

    async def find_problems() -> Problems:
        return {} if snippet.current() else {"snippet": NOT_BUILT.detail}

    return Service("collector", PORT, run=run, app=ingest.app, prefixes=PREFIXES, problems=find_problems)

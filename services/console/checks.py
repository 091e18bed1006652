"""Checks of an installation that go on behind the set-up page. They stand in the database, for any process to show."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec

from leadlight.core.installation.verdict import Expected, Kind, Remark, State
from leadlight.errors import Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.runtime.installation.check import PageReport, Report, check
from leadlight.store.owners import checks
from leadlight.store.owners.checks import Check
from leadlight.store.owners.sites import Site

log = get_logger(__name__)

AT_ONCE = 3
"""In one process; further ones wait their turn."""

MOST_PAGES = 200
"""As many as a person reads about. The command looks at more."""

KEEP_SECONDS = 0.5
"""How often a check that goes on is written down."""


class Checks:
    """The checks of this process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()

    async def start(self, site: Site, address: str, expected: Expected) -> bool:
        """Begin to check, in the background; False if a check of this site goes on."""
        id, report = str(uuid4()), Report(address)
        async with self._runtime.database.begin() as connection:
            begun = await checks.begin(
                connection, site.id, id, address=address, report=_plain(report), now=self._runtime.now()
            )
        if begun:
            task = asyncio.create_task(self._run(site, id, report, expected))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return begun

    async def run(self) -> None:
        """Let go of what goes on when the process stops."""
        await self._runtime.stopping.wait()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, site: Site, id: str, report: Report, expected: Expected) -> None:
        loop = asyncio.get_running_loop()
        kept = loop.time()

        async def progress(so_far: Report) -> None:
            nonlocal kept
            if loop.time() - kept >= KEEP_SECONDS:
                kept = loop.time()
                await self._keep(site, id, so_far, ended=False)

        try:
            async with self._turn:
                report = await check(
                    report.address,
                    expected,
                    domain=site.domain,
                    allowed=self._runtime.settings.webhook_allow,
                    limit=MOST_PAGES,
                    progress=progress,
                )
        except Exception:
            log.exception("a check of an installation failed", site=site.id, address=report.address)
            text = "The check broke off. It was written to the log; trying again may help."
            report.problems.append(Remark(Kind.UNREACHABLE, State.FAIL, text))
        await self._keep(site, id, report, ended=True)

    async def _keep(self, site: Site, id: str, report: Report, *, ended: bool) -> None:
        try:
            async with self._runtime.database.begin() as connection:
                await checks.keep(connection, site.id, id, _plain(report), now=self._runtime.now(), ended=ended)
        except Outage as error:
            log.warning("how far a check is could not be kept", error=str(error))


@dataclass(frozen=True, slots=True)
class Same:
    """Pages of which the same is to be said."""

    state: State
    remarks: Sequence[Remark]
    pages: Sequence[PageReport]


def report_of(kept: Check) -> Report:
    return msgspec.convert(kept.report, Report)


def grouped(report: Report) -> list[Same]:
    """The pages by what is to be said of them: the worst first, and of those what concerns most pages."""
    by_remarks: defaultdict[tuple[tuple[Kind, str], ...], list[PageReport]] = defaultdict(list)
    for page in report.pages:
        by_remarks[
            tuple((remark.kind, remark.text) for remark in page.remarks if remark.kind is not Kind.REDIRECT)
        ].append(page)
    order = {State.FAIL: 0, State.WARN: 1, State.OK: 2}
    groups = [
        Same(pages[0].state, [one for one in pages[0].remarks if one.kind is not Kind.REDIRECT], pages)
        for pages in by_remarks.values()
    ]
    return sorted(groups, key=lambda same: (order[same.state], -len(same.pages)))


def _plain(report: Report) -> Any:
    return msgspec.to_builtins(report)

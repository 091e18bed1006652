"""A whole check: from an address to the pages it stands for, and a verdict on each."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import aiohttp

from leadlight.core.installation.sitemaps import (
    NotASitemap,
    looks_like_sitemap,
    read_list,
    read_sitemap,
    sitemaps_of,
    web_address,
)
from leadlight.core.installation.verdict import Expected, Kind, Page, Remark, State, judge, worst
from leadlight.errors import WrongUsage
from leadlight.runtime.installation.fetch import (
    GZIP,
    PAGE_BYTES,
    SITEMAP_BYTES,
    Fetched,
    fetch,
    gunzip,
    open_client,
)
from leadlight.settings import Network

AT_ONCE = 4
"""Pages fetched at the same time: as many as one browser would, so that no shop feels it."""

MOST_SITEMAPS = 50
MOST_PAGES = 5_000
CHECK_SECONDS = 900.0
"""For everything together: what is left then is said to be left."""


@dataclass(slots=True)
class PageReport:
    """What one page's check gave."""

    url: str
    state: State
    remarks: list[Remark]
    status: int | None = None  # None: it did not answer
    leads_to: str | None = None  # where its redirects end


@dataclass(slots=True)
class Report:
    """A check and how far it is. Grows while it goes on."""

    address: str
    kind: str = "page"  # page, sitemap
    pages: list[PageReport] = field(default_factory=list)
    problems: list[Remark] = field(default_factory=list)  # of sitemaps, and of the check as a whole
    listed: int = 0  # pages to look at
    left_out: int = 0  # beyond the limit
    elsewhere: int = 0  # listed, but of other hosts

    @property
    def state(self) -> State:
        return worst([*self.problems, *(remark for page in self.pages for remark in page.remarks)])

    def count(self, state: State) -> int:
        return sum(page.state == state for page in self.pages)


Progress = Callable[[Report], Awaitable[None]]


def address_of(given: str) -> str:
    """The address that an owner means: `shop.example` is https://shop.example/.

    Raises:
        WrongUsage: it is none of the web.
    """
    text = given.strip()
    if "://" not in text:
        host = text.partition("/")[0].rpartition(":")[0] or text.partition("/")[0]
        text = f"{'http' if _is_local(host) else 'https'}://{text}"
    address = web_address(text.partition("#")[0])
    if address is None:
        raise WrongUsage(f"{given!r} is no web address. Expected something like https://www.shop.example/.")
    return urlsplit(address)._replace(path=urlsplit(address).path or "/").geturl()


async def check(
    address: str,
    expected: Expected,
    *,
    domain: str,
    allowed: Sequence[Network],
    limit: int,
    progress: Progress,
) -> Report:
    """Look at the page at `address`, or at each that its sitemap lists; at most `limit` of them.

    `domain` is the site's: of what a sitemap lists, only pages of the address's host and of this domain are fetched.
    """
    report = Report(address)
    try:
        async with asyncio.timeout(CHECK_SECONDS), open_client(allowed) as client:
            await _Check(client, report, expected, domain, min(limit, MOST_PAGES), progress).run()
    except TimeoutError:
        left = report.listed - len(report.pages)
        text = f"After {CHECK_SECONDS / 60:.0f} min {left} pages were left; they were not looked at."
        report.problems.append(Remark(Kind.UNREACHABLE, State.WARN, text, "Check a part of them, or one page."))
    return report


@dataclass(slots=True)
class _Check:
    """One check while it runs."""

    client: aiohttp.ClientSession
    report: Report
    expected: Expected
    domain: str
    limit: int
    progress: Progress

    async def run(self) -> None:
        first = await fetch(self.client, self.report.address, most_bytes=self._room(self.report.address))
        if isinstance(first, Remark):
            self.report.listed = 1
            await self._add(PageReport(self.report.address, State.FAIL, [first]))
            return
        body = _unpacked(first)
        pages = list(read_list(first.text, most=MOST_PAGES)) if _is_list(first) else []
        if looks_like_sitemap(body) or pages:
            self.report.kind = "sitemap"
            pages = pages or await self._pages_of({first.url: body})
            if not pages and not self.report.problems:
                self._problem(first.url, "lists no page of this site.")
            await self._look(pages)
            return
        parts = urlsplit(self.report.address)
        further = await self._by_robots(first.url) if parts.path in ("", "/") and not parts.query else []
        known = {self.report.address, first.url}
        await self._look([page for page in further if page not in known], first=first)

    async def _by_robots(self, home: str) -> list[str]:
        """The pages that a site's robots.txt leads to."""
        robots = await fetch(self.client, urljoin(home, "/robots.txt"), most_bytes=PAGE_BYTES)
        if isinstance(robots, Remark) or robots.status != 200:
            return []
        named = list(sitemaps_of(robots.text))[:MOST_SITEMAPS]
        if named:
            self.report.kind = "sitemap"
        return await self._pages_of(dict.fromkeys(named))

    async def _pages_of(self, sitemaps: dict[str, bytes | None]) -> list[str]:
        """The pages that sitemaps list, and those that they lead to; each page once."""
        pages: dict[str, None] = {}
        waiting, seen = list(sitemaps), set(sitemaps)
        while waiting and len(seen) <= MOST_SITEMAPS and len(pages) < MOST_PAGES:
            url = waiting.pop(0)
            body = sitemaps.get(url) or await self._sitemap(url)
            if body is None:
                continue
            try:
                found = await asyncio.to_thread(read_sitemap, body, most=MOST_PAGES)
            except NotASitemap as error:
                self._problem(url, f"is no sitemap: {error}.")
                continue
            for page in found.pages:
                if self._is_ours(page):
                    pages.setdefault(page)
                else:
                    self.report.elsewhere += 1
            for further in found.sitemaps:
                if further not in seen and self._is_ours(further):
                    seen.add(further)
                    waiting.append(further)
        return list(pages)

    async def _sitemap(self, url: str) -> bytes | None:
        answer = await fetch(self.client, url, most_bytes=SITEMAP_BYTES)
        if isinstance(answer, Remark):
            self.report.problems.append(
                Remark(answer.kind, answer.state, f"The sitemap {url}: {answer.text}", answer.do)
            )
            return None
        if answer.status != 200:
            self._problem(url, f"answers {answer.status}.")
            return None
        return _unpacked(answer)

    async def _look(self, pages: Sequence[str], first: Fetched | None = None) -> None:
        """Look at each page, a few at a time. `first` is the address's own, which is here already."""
        own = 0 if first is None else 1
        chosen = pages[: self.limit - own]
        self.report.left_out = len(pages) - len(chosen)
        self.report.listed = len(chosen) + own
        if first is not None:
            await self._add(await self._page_report(self.report.address, first, alone=not chosen))
        else:
            await self.progress(self.report)
        waiting = iter(chosen)

        async def worker() -> None:
            for url in waiting:
                answer = await fetch(self.client, url)
                if isinstance(answer, Remark):
                    await self._add(PageReport(url, answer.state, [answer]))
                else:
                    await self._add(await self._page_report(url, answer, alone=False))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(AT_ONCE, len(chosen))):
                tasks.create_task(worker())
        place = {url: number for number, url in enumerate(chosen)}
        self.report.pages.sort(key=lambda page: place.get(page.url, -1))

    async def _page_report(self, url: str, answer: Fetched, *, alone: bool) -> PageReport:
        """`alone`: somebody asked for this very page, so that it must be one."""
        leads_to = answer.url if answer.hops else None
        notes = [Remark(Kind.REDIRECT, State.OK, f"It leads to {answer.url}.")] if leads_to else []
        if answer.status >= 400:
            remarks = [_error_status(answer.status)]
        elif not answer.is_html:
            kind = answer.content_type.partition(";")[0].strip() or "no type"
            state = State.FAIL if alone else State.OK
            remarks = [Remark(Kind.NOT_HTML, state, f"It is no HTML page, but {kind}: no tag can stand in it.")]
        else:
            page = Page(answer.url, answer.text, answer.policies, answer.cut)
            remarks = await asyncio.to_thread(judge, page, self.expected)
        return PageReport(url, worst(remarks), [*remarks, *notes], answer.status, leads_to)

    async def _add(self, page: PageReport) -> None:
        self.report.pages.append(page)
        await self.progress(self.report)

    def _problem(self, sitemap: str, text: str) -> None:
        self.report.problems.append(Remark(Kind.UNREACHABLE, State.FAIL, f"The sitemap {sitemap} {text}"))

    def _is_ours(self, url: str) -> bool:
        host = urlsplit(url).hostname or ""
        return host in (self.domain, urlsplit(self.report.address).hostname) or host.endswith(f".{self.domain}")

    def _room(self, address: str) -> int:
        path = urlsplit(address).path.lower()
        return SITEMAP_BYTES if path.endswith((".xml", ".gz", ".txt")) else PAGE_BYTES


def _error_status(status: int) -> Remark:
    do = {
        401: "It asks for a password: open it yourself and watch the live line.",
        403: "It refuses programs, or everybody: open it yourself and watch the live line.",
        404: "Take it out of the sitemap, or mend the address.",
        429: "It is asked too often: try again later, or with fewer pages.",
    }.get(status, "Open it in a browser: does it work there?")
    return Remark(Kind.ERROR_STATUS, State.FAIL, f"It answers {status} instead of a page.", do)


def _unpacked(answer: Fetched) -> bytes:
    """A file that is packed itself, as sitemap.xml.gz is, unpacked; anything else as it is."""
    if not answer.body.startswith(GZIP):
        return answer.body
    try:
        return gunzip(answer.body, most_bytes=SITEMAP_BYTES)
    except ValueError:
        return answer.body


def _is_list(answer: Fetched) -> bool:
    plain = answer.content_type.partition(";")[0].strip().lower() == "text/plain"
    return answer.status == 200 and plain and urlsplit(answer.url).path.lower().endswith(".txt")


def _is_local(host: str) -> bool:
    if host.strip("[]").lower() == "localhost":
        return True
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return False

"""`leadlight check-install`: whether a site's pages carry the tag, and whether it can work there."""

import sys
from typing import Annotated, Any

import msgspec
import typer

from leadlight.cli.output import say, show
from leadlight.cli.owners import AsJson, SiteOption
from leadlight.cli.process import address_of as collector_address
from leadlight.cli.process import open_database, run, settings_for_command
from leadlight.core.installation.verdict import Expected, Remark, State
from leadlight.core.readable import one_line
from leadlight.runtime.installation.check import MOST_PAGES, PageReport, Report, address_of, check
from leadlight.store.owners import site_settings, sites

MARKS = {State.OK: "ok  ", State.WARN: "LOOK", State.FAIL: "FAIL"}


def check_install(
    address: Annotated[str, typer.Argument(metavar="URL|SITEMAP", help="A page, a sitemap, or just shop.example.")],
    site: SiteOption,
    limit: Annotated[int, typer.Option(min=1, max=MOST_PAGES, help="How many pages at the most.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Fetch a page, or every page of a sitemap, and say whether the tag is there and can work.

    A sitemap may be an index, packed (.gz) or a plain list; for a bare host the one that robots.txt names is taken.
    Nothing of the pages is run: what a tag manager inserts cannot be seen, and is said to be unseen. Four pages are
    fetched at a time, 2 MB and 15 s each at the most. Private addresses are refused, unless LEADLIGHT_WEBHOOK_ALLOW
    lists them: LEADLIGHT_WEBHOOK_ALLOW=127.0.0.0/8 leadlight check-install http://127.0.0.1:8001/ --site S

    Ends with 0 when no page has anything wrong (things to look at are not wrong), and with 1 otherwise.
    """
    wanted = address_of(address)

    async def work() -> Report:
        settings = settings_for_command()
        async with open_database(settings) as database, database.read() as connection:
            own = await sites.find(connection, site)
            others = {one.write_key: one.domain for one in await sites.list_all(connection) if one.id != own.id}
            decided, _ = await site_settings.current(connection, own.id)
        collector = collector_address(settings, "collector")
        expected = Expected(
            own.write_key,
            collector,
            sites.snippet(own, collector, decided.privacy),
            certain=settings.public_url is not None,
            others=others,
        )
        progress = _Progress()
        try:
            return await check(
                wanted,
                expected,
                domain=own.domain,
                allowed=settings.webhook_allow,
                limit=limit,
                progress=progress.show,
            )
        finally:
            progress.close()

    report = run(work())
    if as_json:
        show(in_full(report), as_json=True)
    else:
        for page in report.pages:
            _print_page(page)
        for remark in report.problems:
            _print_remark(MARKS[remark.state], remark)
        say(summary(report))
    raise typer.Exit(1 if report.state is State.FAIL else 0)


def in_full(report: Report) -> dict[str, Any]:
    """A report for programs."""
    document: dict[str, Any] = msgspec.to_builtins(report)
    counts = {state.value: report.count(state) for state in State}
    return {"state": report.state.value, **counts, **document}


def summary(report: Report) -> str:
    """`12 pages: 10 ok, 1 to look at, 1 wrong.`"""
    number = len(report.pages)
    parts = [f"{report.count(State.OK)} ok"]
    parts += [f"{report.count(State.WARN)} to look at"] if report.count(State.WARN) else []
    parts += [f"{report.count(State.FAIL)} wrong"] if report.count(State.FAIL) else []
    said = f"\n{number} {'page' if number == 1 else 'pages'}: {', '.join(parts)}."
    if report.left_out:
        said += f" {report.left_out} more are listed: see --limit."
    if report.elsewhere:
        said += f" {report.elsewhere} of other hosts were left out."
    return said


def _print_page(page: PageReport) -> None:
    sys.stdout.write(f"{MARKS[page.state]}  {one_line(page.url)}\n")
    for remark in page.remarks:
        _print_remark("    ", remark)


def _print_remark(mark: str, remark: Remark) -> None:
    sys.stdout.write(f"{mark}  {one_line(remark.text)}\n")
    if remark.do:
        sys.stdout.write(f"      -> {one_line(remark.do)}\n")


class _Progress:
    """How far a check is, on stderr, once there is more than one page."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._done = 0

    async def show(self, report: Report) -> None:
        if report.listed <= 1:
            return
        if self._bar is None:
            self._bar = typer.progressbar(length=report.listed, label="Pages ", file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(len(report.pages) - self._done)
        self._done = len(report.pages)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)

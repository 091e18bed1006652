from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext

import hatch_build
from tests.infra.parts import ROOT, free_port
from tests.services.snippet.forms_world import FormCollector, FormSite, Visit, arrive
from tests.services.snippet.world import Collector, Site


@pytest.fixture(scope="session")
def script() -> Path:
    """The snippet as it ships, built from the sources of now."""
    hatch_build.build_browser_code()
    return ROOT / "services" / "collector" / "static" / "leadlight.js"


@pytest.fixture
async def collector(script: Path) -> AsyncIterator[Collector]:
    port = free_port()
    collector = Collector(f"http://127.0.0.1:{port}", script)
    async with serving(collector.app(), port):
        yield collector


@pytest.fixture
async def site(collector: Collector) -> AsyncIterator[Site]:
    port = free_port()
    site = Site(f"http://127.0.0.1:{port}", collector.origin)
    async with serving(site.app(), port):
        yield site


@pytest.fixture
async def person(browser: Browser) -> AsyncIterator[BrowserContext]:
    """Somebody's browser, empty at first."""
    context = await browser.new_context()
    yield context
    await context.close()


@pytest.fixture
async def visit(person: BrowserContext, script: Path) -> AsyncIterator[Visit]:
    """Somebody on a site of forms; no test may make the page complain."""
    ports = free_port(), free_port()
    collector = FormCollector(f"http://127.0.0.1:{ports[0]}", script)
    site = FormSite(f"http://127.0.0.1:{ports[1]}", collector.origin)
    async with serving(collector.app(), ports[0]), serving(site.app(), ports[1]):
        visit = await arrive(person, site, collector)
        yield visit
        assert visit.complaints == []


@asynccontextmanager
async def serving(app: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()

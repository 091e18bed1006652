"""A real Chromium for tests, driven by Playwright."""

import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.infra.parts import PartBroken, PartMissing

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

# Headless Chromium names itself, and a headless browser counts as a bot.
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"

UNDRIVEN = "--disable-blink-features=AutomationControlled"
"""Pages are not told that a program drives the browser: what people's browsers say, and the craftier scanners'."""

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find_chromium() -> Path:
    """The browser's program: `CHROMIUM` from the environment, else the first known name on the path."""
    wanted = os.environ.get("CHROMIUM")
    found = shutil.which(wanted) if wanted else next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise PartMissing("Chromium is not installed: install it, on Debian the package chromium, or set CHROMIUM")
    return Path(found)


@asynccontextmanager
async def open_browser(*more: str) -> AsyncIterator[Browser]:
    """A browser without a window, which says it is an ordinary desktop one. `more` are further flags."""
    program = find_chromium()
    flags = [*FLAGS, *more, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    agent = USER_AGENT.format(major=major_version(program))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*flags, f"--user-agent={agent}"])
        try:
            yield browser
        finally:
            await browser.close()


def major_version(program: Path) -> str:
    """The browser's main version, such as 140."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r" (\d+)\.\d", said)
    if version is None:
        raise PartBroken(f"{program} --version said {said!r}")
    return version[1]

"""Takes the README's picture of the console: python -m tests.services.console.picture docs/images/console.png"""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.infra.chromium import open_browser
from tests.infra.parts import free_port
from tests.services.console.cast import morning
from tests.services.console.stage import open_stage


async def take(path: Path) -> None:
    """The page Now on a desk, with the morning's cast."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_stage(Path(folder), free_port()) as stage, open_browser() as browser:
            for person in morning(stage):
                await stage.happens(person)
            context = await browser.new_context(
                viewport={"width": 1280, "height": 800}, device_scale_factor=1.5, reduced_motion="reduce"
            )
            page = await context.new_page()
            await page.goto(await stage.sign_in_link())
            await page.wait_for_url(stage.url + "/")
            await page.wait_for_timeout(1_000)
            path.parent.mkdir(parents=True, exist_ok=True)
            await page.screenshot(path=path)


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))

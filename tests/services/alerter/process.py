"""An alerter as a process of its own, to be killed: `python -m tests.services.alerter.process DATABASE_URL FOLDER`."""

import asyncio
import sys
from ipaddress import ip_network
from pathlib import Path

from leadlight.runtime import open_runtime
from leadlight.settings import Settings
from services.alerter.alerter import Alerter


async def main(database_url: str, folder: str) -> None:
    settings = Settings(
        data=Path(folder), database_url=database_url, secret="s" * 32, webhook_allow=(ip_network("127.0.0.0/8"),)
    )
    async with open_runtime(settings) as runtime:
        await Alerter(runtime).run()


asyncio.run(main(sys.argv[1], sys.argv[2]))

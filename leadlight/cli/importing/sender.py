"""How an import reaches the collector: one post after another, at a bounded pace, until each is confirmed."""

import asyncio

import aiohttp

from leadlight.cli.output import say
from leadlight.errors import ConfigurationError, LogUnavailable

EVENTS_A_SECOND = 2_000
"""Live visitors share the way with an import: unbounded, it would make their alerts wait behind a year of logs."""

PATIENCE_SECONDS = 300.0
"""How long a collector may be away before the import gives up; the same command goes on later."""

LONGEST_PAUSE_SECONDS = 10.0


class Sender:
    """Posts pieces one after another, no faster than asked, until the collector has each."""

    def __init__(self, client: aiohttp.ClientSession, url: str, key: str, rate: int) -> None:
        self._client, self._url, self._rate = client, url, rate
        self._auth = aiohttp.BasicAuth(key, "")
        self._free_at = 0.0

    async def post(self, calls: list[bytes]) -> dict[str, int]:
        """Have the calls stored; how many were dropped for which reason.

        Raises:
            LogUnavailable: the collector was away, or refused, for too long.
            ConfigurationError: it refuses what can't be put right by waiting.
        """
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._free_at - loop.time())
        if self._rate:
            self._free_at = max(loop.time(), self._free_at) + len(calls) / self._rate
        body = b'{"batch":[' + b",".join(calls) + b"]}"
        give_up_at, pause = loop.time() + PATIENCE_SECONDS, 0.5
        while True:
            try:
                timeout = aiohttp.ClientTimeout(total=15)
                headers = {"Content-Type": "application/json"}
                async with self._client.post(
                    self._url, data=body, auth=self._auth, headers=headers, timeout=timeout
                ) as answer:
                    if answer.status == 200:
                        return _dropped(answer.headers.get("Leadlight-Dropped", ""))
                    why = f"it answered {answer.status}: {(await answer.text())[:300]}"
                    if answer.status < 500 and answer.status not in (408, 429):
                        raise ConfigurationError(f"The collector at {self._url} does not take the import: {why}")
            except (aiohttp.ClientConnectionError, TimeoutError) as error:
                why = f"{error or 'no answer'}. Is `leadlight up` running?"
            if loop.time() + pause > give_up_at:
                raise LogUnavailable(
                    f"The collector at {self._url} did not take the import for {PATIENCE_SECONDS:.0f} s: {why} "
                    "The same command goes on where it stopped"
                )
            if pause == 0.5:
                say(f"Waiting for the collector: {why}")
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)


def _dropped(header: str) -> dict[str, int]:
    pairs = (part.partition("=") for part in header.split(",") if "=" in part)
    return {reason.strip(): int(number) for reason, _, number in pairs}

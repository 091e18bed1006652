"""One signed POST, after Standard Webhooks 1.0, to an address that may be reached."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

import leadlight
from leadlight.runtime.outbound import guarded_connector
from leadlight.settings import Network
from leadlight.store.owners.webhooks import SECRET_PREFIX
from services.alerter.schedule import retry_after

SEND_SECONDS = 10.0
"""From resolving the name to the answer's first bytes; less than the lease."""

EXCERPT_BYTES = 500
"""Of an answer that is no success: enough to see what the receiver complains about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered; no `status` when it did not."""

    status: int | None
    error: str | None
    retry_after: timedelta | None
    duration_ms: int


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of a message."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.new(key, b"%b.%d.%b" % (id.encode(), timestamp, body), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


@asynccontextmanager
async def open_client(allowed: Sequence[Network]) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that connects to nothing but what `allowed` and the public internet hold."""
    # a kept connection that the receiver has just closed would look like a failure
    connector = guarded_connector(allowed, keep_alive=False)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=SEND_SECONDS),
        headers={"User-Agent": f"Leadlight/{leadlight.__version__}", "Content-Type": "application/json"},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    ) as client:
        yield client


async def send(client: aiohttp.ClientSession, *, url: str, secret: str, id: str, body: bytes, now: datetime) -> Answer:
    """Send one message once. Never raises for what receivers and networks do."""
    timestamp = int(now.timestamp())
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, id, timestamp, body),
    }
    begun = time.monotonic()

    def took() -> int:
        return round((time.monotonic() - begun) * 1000)

    try:
        async with client.post(url, data=body, headers=headers, allow_redirects=False) as response:
            wait = retry_after(response.headers.get("Retry-After"), now)
            if 200 <= response.status < 300:
                return Answer(response.status, None, None, took())
            return Answer(response.status, await _complaint(response), wait, took())
    except TimeoutError:
        return Answer(None, f"no answer within {SEND_SECONDS:.0f} s", None, took())
    except aiohttp.ClientConnectorError as error:
        return Answer(None, _plain(str(error.os_error)), None, took())
    except aiohttp.ClientResponseError as error:
        return Answer(None, _plain(f"the answer is not HTTP: {error.message}"), None, took())
    except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
        return Answer(None, _plain(str(error) or type(error).__name__), None, took())


async def _complaint(response: aiohttp.ClientResponse) -> str:
    """An answer that is no success, in short."""
    if 300 <= response.status < 400:
        return "a redirect, which is not followed: give the webhook the address it leads to"
    try:
        said = await response.content.read(EXCERPT_BYTES)
    except (aiohttp.ClientError, OSError, TimeoutError):
        said = b""
    return _plain(said.decode("utf-8", "replace")) or (response.reason or "no reason given")


def _plain(text: str) -> str:
    """Text that fits a line of a log and every database."""
    return "".join(character if character.isprintable() else " " for character in text)[:EXCERPT_BYTES].strip()

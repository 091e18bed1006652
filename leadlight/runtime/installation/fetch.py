"""One page or sitemap over HTTP: redirects one by one, never past a bound in time or bytes, packed or not."""

import asyncio
import errno
import ipaddress
import re
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

import aiohttp

import leadlight
from leadlight.core.installation.sitemaps import web_address
from leadlight.core.installation.verdict import Kind, Remark, State
from leadlight.core.readable import one_line
from leadlight.runtime.outbound import guarded_connector, refused_address
from leadlight.settings import Network

FETCH_SECONDS = 15.0
"""For one page with all its redirects."""

PAGE_BYTES = 2 << 20
"""Of a page, unpacked. Tags stand near the beginning."""

SITEMAP_BYTES = 10 << 20
"""Of a sitemap, unpacked: some 80,000 addresses, more than are ever looked at."""

REDIRECTS = 5

USER_AGENT = f"Mozilla/5.0 (compatible; Leadlight/{leadlight.__version__}; installation check)"

GZIP = b"\x1f\x8b"

_CHARSET = re.compile(
    r"charset\s*=\s*[\"']?(utf-?16(?:le|be)?|iso-8859-\d{1,2}|windows-125\d|shift_jis|euc-jp|gb2312|gbk|big5)", re.I
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, after all redirects."""

    url: str
    status: int
    content_type: str
    policies: Sequence[str]
    body: bytes
    cut: bool  # it was longer
    hops: int

    @property
    def text(self) -> str:
        given = _CHARSET.search(self.content_type)
        return self.body.decode(given[1] if given else "utf-8", "replace")

    @property
    def is_html(self) -> bool:
        kind = self.content_type.partition(";")[0].strip().lower()
        if kind in ("text/html", "application/xhtml+xml"):
            return True
        return not kind and self.body.lstrip()[:1] == b"<"


@asynccontextmanager
async def open_client(allowed: Sequence[Network]) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that connects to nothing but what `allowed` and the public internet hold."""
    async with aiohttp.ClientSession(
        connector=guarded_connector(allowed, keep_alive=True),
        headers={
            "User-Agent": USER_AGENT,
            "Accept": "text/html,application/xml;q=0.9,*/*;q=0.5",
            "Accept-Encoding": "gzip",
        },
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        max_line_size=32_768,
        max_field_size=65_536,  # policies grow long
    ) as client:
        yield client


async def fetch(client: aiohttp.ClientSession, url: str, *, most_bytes: int = PAGE_BYTES) -> Fetched | Remark:
    """What `url` answers in the end, or why it answers nothing. Never raises for what sites and networks do."""
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return await _follow(client, url, most_bytes)
    except TimeoutError:
        return _unreachable(f"It did not answer in full within {FETCH_SECONDS:.0f} s.")
    except aiohttp.ClientConnectorCertificateError as error:
        return _unreachable(f"Its certificate is not valid: {error.certificate_error}.")
    except aiohttp.ClientConnectorDNSError as error:
        return _unreachable(f"There is no host {error.host}.", "Look for a misspelling in the address.")
    except aiohttp.ClientConnectorError as error:
        if (address := refused_address(error.os_error)) is not None:
            return not_allowed(address)
        if error.os_error.errno == errno.ECONNREFUSED:
            return _unreachable("The connection is refused: no web server listens there.")
        return _unreachable(f"It cannot be reached: {error.os_error.strerror or error.os_error}.")
    except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
        return _unreachable(f"Its answer cannot be read: {str(error) or type(error).__name__}.")


def not_allowed(address: str) -> Remark:
    """That an address is private, and how its owner can have it checked all the same."""
    text = f"{address} is no public address, and checks go to no others unless that is allowed."
    try:
        ip = ipaddress.ip_address(address)
        network = "127.0.0.0/8" if ip.is_loopback and ip.version == 4 else str(ipaddress.ip_network(ip))
    except ValueError:
        network = address
    do = (
        f"If it is yours, set LEADLIGHT_WEBHOOK_ALLOW={network} for the command, or for the running Leadlight to check "
        "in the console."
    )
    return Remark(Kind.NOT_ALLOWED, State.FAIL, text, do)


async def _follow(client: aiohttp.ClientSession, url: str, most_bytes: int) -> Fetched | Remark:
    for hops in range(REDIRECTS + 1):
        async with client.get(url, allow_redirects=False) as answer:
            location = answer.headers.get("Location")
            if answer.status in (301, 302, 303, 307, 308) and location:
                target = web_address(urljoin(url, location).partition("#")[0])
                if target is None:
                    return _unreachable(f"It redirects to no web address: {one_line(location)[:200]}.")
                url = target
                continue
            body, cut = await _read(answer, most_bytes)
            return Fetched(
                url=url,
                status=answer.status,
                content_type=answer.headers.get("Content-Type", ""),
                policies=answer.headers.getall("Content-Security-Policy", []),
                body=body,
                cut=cut,
                hops=hops,
            )
    return _unreachable(f"It redirects more than {REDIRECTS} times.")


async def _read(answer: aiohttp.ClientResponse, most_bytes: int) -> tuple[bytes, bool]:
    """The body, unpacked while it comes, so that nothing grows beyond `most_bytes`; whether there was more."""
    packing = answer.headers.get("Content-Encoding", "").strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip"):
        raise aiohttp.ClientPayloadError(f"it is packed as {one_line(packing)[:40]}, which was not asked for")
    unpack = Unpacking(most_bytes) if packing.endswith("gzip") else None
    body = bytearray()
    async for part in answer.content.iter_chunked(65_536):
        body += unpack.feed(part) if unpack else part
        if len(body) >= most_bytes:
            return bytes(body[:most_bytes]), True
    return bytes(body), False


def gunzip(body: bytes, *, most_bytes: int) -> bytes:
    """A sitemap that is itself a .gz file, up to `most_bytes` of it. Raises ValueError when it is broken."""
    try:
        return Unpacking(most_bytes).feed(body)
    except aiohttp.ClientPayloadError as error:
        raise ValueError(str(error)) from error


class Unpacking:
    """A gzip stream that gives no more than it was allowed to, whatever it claims."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._stream = zlib.decompressobj(wbits=31)

    def feed(self, part: bytes) -> bytes:
        if self._left <= 0 or self._stream.eof:
            return b""
        try:
            given = self._stream.decompress(part, self._left)
        except zlib.error as error:
            raise aiohttp.ClientPayloadError("its packing is broken") from error
        self._left -= len(given)
        return given


def _unreachable(text: str, do: str = "") -> Remark:
    return Remark(Kind.UNREACHABLE, State.FAIL, one_line(text), do)

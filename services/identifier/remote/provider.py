"""One paid service over HTTP: asked within a time limit, read up to a size, believed as far as it is plausible."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec
from yarl import URL

import leadlight
from leadlight.core.identity.people.emails import MailDomains
from leadlight.core.identity.providers.reading import Told, read_answer
from leadlight.core.identity.providers.shape import KeyPlace, path_of, query_of
from leadlight.core.records import Network
from services.identifier.remote.configuration import ProviderSettings
from services.identifier.remote.names import provider_domains
from services.identifier.remote.sources import KeyRefused, NotAnswered, NotYet, Outcome

ANSWER_BYTES = 256 * 1024
"""Of an answer; real ones have a few KB."""

UNREADABLE = timedelta(hours=1)
"""How long the answer to a question that the provider calls wrong is remembered."""

FOUND = "found"
ASKED_WRONG = "asked_wrong"


@asynccontextmanager
async def open_client() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections to providers: no cookies, no proxies of the environment, nothing unpacked."""
    async with aiohttp.ClientSession(
        headers={
            "User-Agent": f"Leadlight/{leadlight.__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        },
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    ) as client:
        yield client


class Provider:
    """A source that costs money."""

    def __init__(
        self, settings: ProviderSettings, client: aiohttp.ClientSession, mail: MailDomains, now: Callable[[], datetime]
    ) -> None:
        self.settings = settings
        self._client = client
        self._mail = mail
        self._now = now
        self._access = provider_domains()

    @property
    def name(self) -> str:
        return f"provider:{self.settings.name}"

    def takes(self, network: Network) -> bool:
        return network.kind in self.settings.classes

    async def ask(self, address: str, network: Network) -> Outcome:
        """Ask once. Raises NotAnswered, KeyRefused or NotYet."""
        shape = self.settings.shape
        status, body = await self._fetch(address)
        if status in shape.later:
            raise NotYet
        if status in shape.nothing or status == 204:
            return Outcome("no_company", self.settings.remember_nothing)
        if status in (400, 422):
            return Outcome(ASKED_WRONG, UNREADABLE)
        try:
            decoded = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise NotAnswered("its answer is no JSON") from None
        found = read_answer(
            decoded, shape, network, self._mail, access=self._access, provider=self.settings.name, now=self._now()
        )
        if isinstance(found, Told):
            return Outcome(FOUND, self.settings.remember, found.answer, found.facts)
        return Outcome(found.value, self.settings.remember_nothing)

    async def _fetch(self, address: str) -> tuple[int, bytes]:
        """Status and body of an answer that says something, in full."""
        request = self.settings.shape.request
        url = URL(self.settings.url + path_of(self.settings.shape, address), encoded=True)
        try:
            async with self._client.request(
                request.method,
                url.update_query(query_of(self.settings.shape, address, self.settings.key)),
                headers={**request.headers, **self._key_header()},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self.settings.timeout_seconds),
            ) as answer:
                self._refuse(answer)
                return answer.status, await self._read(answer)
        except TimeoutError:
            raise NotAnswered(f"no answer within {self.settings.timeout_seconds:g} s") from None
        except aiohttp.ClientError as error:
            raise NotAnswered(_without_address(type(error).__name__)) from None
        except (OSError, ValueError) as error:
            raise NotAnswered(type(error).__name__) from None

    def _refuse(self, answer: aiohttp.ClientResponse) -> None:
        wait = _retry_after(answer.headers.get("Retry-After"), self._now())
        status = answer.status
        if status in self.settings.shape.later or status in self.settings.shape.nothing or status in (400, 422):
            return
        if status in (401, 402, 403):
            raise KeyRefused(f"it answers {status}: is the key right, and the account in credit?", wait=wait)
        if status == 429:
            raise NotAnswered("it answers 429: too many questions", wait=wait)
        if 300 <= status < 400:
            raise NotAnswered(f"it answers {status}, a redirect, which is not followed: is the url right?")
        if status >= 400:
            raise NotAnswered(f"it answers {status}", wait=wait)

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        if answer.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise NotAnswered("its answer is packed, which was not asked for")
        body = bytearray()
        async for part in answer.content.iter_any():
            body += part
            if len(body) > ANSWER_BYTES:
                raise NotAnswered(f"its answer is larger than {ANSWER_BYTES >> 10} KiB")
        return bytes(body)

    def _key_header(self) -> dict[str, str]:
        key, request = self.settings.key, self.settings.shape.request
        match request.key:
            case KeyPlace.BEARER:
                return {"Authorization": f"Bearer {key}"}
            case KeyPlace.BASIC:
                pair = base64.b64encode(f"{self.settings.account}:{key}".encode()).decode()
                return {"Authorization": f"Basic {pair}"}
            case KeyPlace.BASIC_TOKEN:
                return {"Authorization": f"Basic {key}"}
            case KeyPlace.HEADER:
                return {request.key_name: key}
            case KeyPlace.QUERY:
                return {}


def _retry_after(header: str | None, now: datetime) -> timedelta | None:
    """The wait that a `Retry-After` header asks for, in seconds or as a date."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 86_400 * 30))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta(0))


def _without_address(kind: str) -> str:
    """What went wrong with a connection; an error's own text would hold the visitor's address and the key."""
    return {"ClientConnectorDNSError": "there is no such host", "ClientConnectorError": "it cannot be reached"}.get(
        kind, f"the connection failed: {kind}"
    )

"""Tracked links: an address that leads on to another, sealed so that only what was minted is ever followed.

A link may be made for one person. Their e-mail address stands inside the seal, never readable in an address.
"""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

URL_CHARACTERS = 2_048
CAMPAIGN_CHARACTERS = 256
DEFAULT_DAYS = 365
MOST_DAYS = 3_660

TOKEN_CHARACTERS = 4_096
"""No token that was ever minted is longer; others are not even tried."""

_PURPOSE = b"leadlight tracked links v1"
_TAG_BYTES = 16
_ADDRESS = re.compile(r"[!-\[\]-~]+")
r"""What an address is spelt with. No blank and no line break, which would end a header; no `\`, which browsers take
for a slash, so that a host is not the one that was looked at."""

_KEPT = "/%:=&?~#+!$,;'@()*[].-_"


class Link(msgspec.Struct, frozen=True, array_like=True):
    """Where a tracked link leads, and for whom its clicks count."""

    site: str
    url: str
    expires_at: int  # seconds since 1970
    campaign: str | None = None
    person: str | None = None  # normalised e-mail
    honeypot: bool = False  # no reader can see it: who follows it is a machine

    def is_over(self, now: datetime) -> bool:
        return now.timestamp() >= self.expires_at


_PLAIN_FIELDS = 4
"""Of a link for everybody: all that it is sealed with, so that its token stays what it was before there were persons."""

_LINK_ID_CHARACTERS = 32


class NoAddress(ValueError):
    """What was given is no web address to lead people to. The message says why."""


def destination(given: str) -> str:
    """The address as it will stand in the answer: other letters than ASCII's percent-encoded, hosts in punycode.

    Raises:
        NoAddress: it is not http or https, has no host, hides a user name, or holds what breaks a header.
    """
    text = given.strip()
    try:
        parts = urlsplit(text)
        if not text.isascii():
            host = (parts.hostname or "").encode("idna").decode()
            place = f"{host}:{parts.port}" if parts.port else host
            if "@" not in parts.netloc:
                spelt = (quote(part, safe=_KEPT) for part in (parts.path, parts.query, parts.fragment))
                parts = parts._replace(netloc=place)
                parts = parts._replace(**dict(zip(("path", "query", "fragment"), spelt, strict=True)))
                text = urlunsplit(parts)
        parts.port  # noqa: B018 - raises ValueError for nonsense
    except (ValueError, UnicodeError):
        raise NoAddress(f"{given[:100]!r} is not a web address. Expected https://host/path.") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or not _ADDRESS.fullmatch(text):
        raise NoAddress(f"{given[:100]!r} is not a web address. Expected https://host/path.")
    if "@" in parts.netloc:
        raise NoAddress("The address must not contain a user name or password: readers take it for the host.")
    if len(text) > URL_CHARACTERS:
        raise NoAddress(f"The address takes at most {URL_CHARACTERS} characters.")
    return text


def end_of(now: datetime, days: int) -> datetime:
    """When a link made now for so many days ends: with the last of them, so that a day's links are alike."""
    last = now.astimezone(UTC) + timedelta(days=days)
    return last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def mint(link: Link, secret: bytes) -> str:
    """The token of a link. The same link gives the same token.

    Raises:
        NoAddress: its destination is none, or its campaign is too long.
    """
    if link.campaign and len(link.campaign) > CAMPAIGN_CHARACTERS:
        raise NoAddress(f"The campaign takes at most {CAMPAIGN_CHARACTERS} characters.")
    fields = msgspec.structs.astuple(msgspec.structs.replace(link, url=destination(link.url)))
    plain = msgspec.msgpack.encode(fields if link.person else fields[:_PLAIN_FIELDS])
    token = coded(sealer(secret, _PURPOSE).encrypt(plain, []))
    if len(token) > TOKEN_CHARACTERS:
        raise NoAddress("The address and the campaign are too long together.")
    return token


def read(token: str, secret: bytes) -> Link | None:
    """The link of a token, expired or not; None if it was not minted with this secret."""
    sealed = decoded(token)
    if sealed is None:
        return None
    try:
        return msgspec.msgpack.decode(sealer(secret, _PURPOSE).decrypt(sealed, []), type=Link)
    except (InvalidTag, msgspec.DecodeError):
        return None


def link_id(token: str) -> str:
    """Which link a token is of, told without the token: a hash of what is sealed, however that is spelt."""
    return sha256(decoded(token) or token.encode()).hexdigest()[:_LINK_ID_CHARACTERS]


def coded(sealed: bytes) -> str:
    """Sealed bytes as they stand in an address."""
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def decoded(token: str) -> bytes | None:
    """The sealed bytes that a token spells; None if it spells none."""
    if len(token) > TOKEN_CHARACTERS or not token.isascii():
        return None
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    return sealed if len(sealed) > _TAG_BYTES else None


@lru_cache(8)
def sealer(secret: bytes, purpose: bytes) -> AESSIV:
    """Seals and signs at once, and needs no random number: a token tells nothing and cannot be made elsewhere."""
    return AESSIV(HKDF(algorithm=SHA256(), length=64, salt=None, info=purpose).derive(secret))

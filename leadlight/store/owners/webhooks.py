"""Webhook endpoints: where alerts are told to, and the sealed secret that signs them."""

import base64
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.errors import ConfigurationError, WrongUsage
from leadlight.store.database import insert
from leadlight.store.tables import webhooks

TYPES = ("visitor.hot",)
SECRET_PREFIX = "whsec_"
URL_CHARACTERS = 2_048
"""Longer addresses are cut by proxies on the way."""

_NONCE_BYTES = 12
_PLAIN = re.compile(r"[!-~]+")  # what an address is spelt with; other letters are percent-encoded or punycode


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint of one site. `types` None: told of everything."""

    site_id: str
    id: str
    url: str
    types: frozenset[str] | None
    secret_sealed: bytes
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None

    def wants(self, type: str) -> bool:
        return self.disabled_at is None and (self.types is None or type in self.types)


def new_secret(random: bytes) -> str:
    """A signing secret as Standard Webhooks 1.0 writes it, from 24 to 64 random bytes."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def seal(plain: str, *, secret: bytes, bound_to: str) -> bytes:
    """Encrypt a credential for the database; `bound_to` keeps it from being moved to another row."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(_sealing_key(secret)).encrypt(nonce, plain.encode(), bound_to.encode())


def unseal(sealed: bytes, *, secret: bytes, bound_to: str) -> str:
    """Raises ConfigurationError when LEADLIGHT_SECRET is not the one it was sealed with."""
    nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(_sealing_key(secret)).decrypt(nonce, body, bound_to.encode()).decode()
    except InvalidTag as error:
        raise ConfigurationError(
            "A stored credential cannot be opened: LEADLIGHT_SECRET is not the one it was stored with."
        ) from error


def parse_types(text: str | None) -> frozenset[str] | None:
    """Raises WrongUsage for an event type that does not exist."""
    if text is None or not text.strip():
        return None
    types = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not types <= set(TYPES):
        raise WrongUsage(f"{text!r}: expected one or more of {', '.join(TYPES)}, separated by commas.")
    return types


def check_url(url: str) -> str:
    """Raises WrongUsage for what is no web address."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError for nonsense
    except ValueError:
        parts = urlsplit("")
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or len(url) > URL_CHARACTERS
        or not _PLAIN.fullmatch(url)
    ):
        raise WrongUsage(f"{url[:100]!r} is not a web address. Expected https://host/path.")
    if parts.username or parts.password:
        raise WrongUsage("A webhook's address must not contain a user name or password.")
    return url


async def add(
    connection: AsyncConnection,
    *,
    site_id: str,
    id: str,
    url: str,
    types: frozenset[str] | None,
    secret_sealed: bytes,
    now: datetime,
) -> None:
    """Add an endpoint. `secret_sealed` is bound to its id."""
    await connection.execute(
        insert(connection, webhooks).values(
            site_id=site_id,
            id=id,
            url=check_url(url),
            types=None if types is None else ",".join(sorted(types)),
            secret_sealed=secret_sealed,
            created_at=now,
        )
    )


async def list_for(connection: AsyncConnection, site_ids: Sequence[str]) -> Sequence[Webhook]:
    """The endpoints of these sites, oldest first, also disabled ones."""
    rows = await connection.execute(
        select(webhooks).where(webhooks.c.site_id.in_(site_ids)).order_by(webhooks.c.created_at, webhooks.c.id)
    )
    return [_webhook(row) for row in rows]


async def disable(connection: AsyncConnection, site_id: str, id: str, *, reason: str, now: datetime) -> None:
    """Stop telling an endpoint anything; the reason is shown to the owner."""
    await connection.execute(
        update(webhooks)
        .where(webhooks.c.site_id == site_id, webhooks.c.id == id)
        .values(disabled_at=now, disabled_reason=reason)
    )


async def remove(connection: AsyncConnection, site_id: str, id: str) -> bool:
    """Whether there was one to remove."""
    done = await connection.execute(delete(webhooks).where(webhooks.c.site_id == site_id, webhooks.c.id == id))
    return done.rowcount == 1


def _sealing_key(secret: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"leadlight credentials v1").derive(secret)


def _webhook(row: Row[tuple[object, ...]]) -> Webhook:
    given = row._mapping
    return Webhook(
        site_id=given["site_id"],
        id=given["id"],
        url=given["url"],
        types=None if given["types"] is None else frozenset(str(given["types"]).split(",")),
        secret_sealed=given["secret_sealed"],
        created_at=given["created_at"],
        disabled_at=given["disabled_at"],
        disabled_reason=given["disabled_reason"],
    )

"""Secret keys of integrators: what a key may do, and nothing of the key itself but its hash."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.errors import WrongUsage
from leadlight.store.database import insert
from leadlight.store.tables import keys

SCOPES = ("read", "write", "ingest")
PREFIX = "llk_"
"""Makes a leaked key easy to find for the scanners that look for such things."""


@dataclass(frozen=True, slots=True)
class Key:
    """A secret key of one site; `scopes` is a subset of `SCOPES`."""

    site_id: str
    id: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def hashed(token: str) -> str:
    """What is stored of a random token. A plain digest is enough: there is nothing to guess in 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def parse_scopes(text: str) -> frozenset[str]:
    """The scopes in `read,write,ingest`.

    Raises:
        WrongUsage: one is unknown, or there is none.
    """
    scopes = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not scopes or not scopes <= set(SCOPES):
        raise WrongUsage(f"{text!r}: expected one or more of {', '.join(SCOPES)}, separated by commas.")
    return scopes


async def add(
    connection: AsyncConnection, *, site_id: str, id: str, name: str, key: str, scopes: Collection[str], now: datetime
) -> None:
    """Keep a new key's hash and scopes; the key itself is shown once, by the caller."""
    await connection.execute(
        insert(connection, keys).values(
            site_id=site_id,
            id=id,
            name=name,
            key_hash=hashed(key),
            scopes=",".join(scope for scope in SCOPES if scope in scopes),
            created_at=now,
        )
    )


async def verify(connection: AsyncConnection, key: str) -> Key | None:
    """The key presented, if it is one and has not been revoked."""
    row = (
        await connection.execute(select(keys).where(keys.c.key_hash == hashed(key), keys.c.revoked_at.is_(None)))
    ).one_or_none()
    return None if row is None else _key(row)


async def list_for(connection: AsyncConnection, site_id: str) -> Sequence[Key]:
    rows = await connection.execute(select(keys).where(keys.c.site_id == site_id).order_by(keys.c.created_at))
    return [_key(row) for row in rows]


async def revoke(connection: AsyncConnection, site_id: str, id: str, *, now: datetime) -> bool:
    """Whether there was a live key to revoke."""
    done = await connection.execute(
        update(keys)
        .where(keys.c.site_id == site_id, keys.c.id == id, keys.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return done.rowcount == 1


async def remove_named(connection: AsyncConnection, site_id: str, name: str) -> None:
    """Remove keys that a command made for itself, and their every trace."""
    await connection.execute(delete(keys).where(keys.c.site_id == site_id, keys.c.name == name))


async def touch(connection: AsyncConnection, site_id: str, id: str, *, now: datetime) -> None:
    """Remember that the key was used."""
    await connection.execute(update(keys).where(keys.c.site_id == site_id, keys.c.id == id).values(last_used_at=now))


def _key(row: Row[tuple[object, ...]]) -> Key:
    given = row._mapping
    return Key(
        site_id=given["site_id"],
        id=given["id"],
        name=given["name"],
        scopes=frozenset(str(given["scopes"]).split(",")),
        created_at=given["created_at"],
        last_used_at=given["last_used_at"],
        revoked_at=given["revoked_at"],
    )

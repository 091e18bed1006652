"""How it is known who a visitor is and whose company's: method, confidence and evidence of the claims behind it."""

from collections.abc import Iterable
from typing import Any

from msgspec.json import decode
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store import bulk
from leadlight.store.tables import visitor_companies, visitor_contacts

ClaimKey = tuple[str, str, str]  # site, visitor, event id
How = tuple[str | None, float | None, dict[str, Any]]

_KEY = ("site_id", "visitor_id", "event_id")


async def of_contacts(connection: AsyncConnection, keys: Iterable[ClaimKey]) -> dict[ClaimKey, How]:
    return await _of(connection, visitor_contacts, keys)


async def of_companies(connection: AsyncConnection, keys: Iterable[ClaimKey]) -> dict[ClaimKey, How]:
    return await _of(connection, visitor_companies, keys)


async def _of(connection: AsyncConnection, table: Table, keys: Iterable[ClaimKey]) -> dict[ClaimKey, How]:
    rows = await bulk.select(connection, table, (*_KEY, "method", "confidence", "evidence"), _KEY, keys)
    return {
        (site, visitor, id): (method, confidence, read(found)) for site, visitor, id, method, confidence, found in rows
    }


def read(found: Any) -> dict[str, Any]:
    """Evidence as drivers give it."""
    if isinstance(found, str | bytes):
        found = decode(found)
    return found if isinstance(found, dict) else {}

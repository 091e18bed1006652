"""What every request may ask, read the same way everywhere."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import unquote

from fastapi import Query, Request

from services.feed.problems import Problem

LIMIT_DEFAULT = 50
LIMIT_MOST = 200

Limit = Annotated[int, Query(ge=1, le=LIMIT_MOST, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(description="`next_cursor` of the page before; leave it out to begin.", max_length=16_384)
]
Order = Annotated[
    Literal["asc", "desc"], Query(description="By time: `asc` oldest first, `desc` newest first.", alias="order")
]
Since = Annotated[
    datetime | None, Query(description="At or after this time, as in 2026-05-04T09:30:00Z; without an offset, UTC.")
]
Intent = Annotated[Literal["cold", "warm", "hot"] | None, Query(description="How interested now.")]
Grade = Annotated[Literal["A", "B", "C", "D", "E"] | None, Query(description="The one label a rep reads.")]
Bot = Annotated[
    Literal["false", "true", "any"] | None,
    Query(description="`false` people only, the default; `true` bots only; `any` both, the default of look-ups."),
]

_EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


def utc(given: datetime | None) -> datetime | None:
    """The time meant, within what can be stored."""
    if given is None:
        return None
    aware = given if given.tzinfo else given.replace(tzinfo=UTC)
    return min(max(aware, _EARLIEST), _LATEST).astimezone(UTC)


def refuse_nul(request: Request) -> None:
    """Refuse NUL characters: no id, e-mail or domain has one, and databases choke on them.

    Raises:
        Problem: there is one in the path or the query.
    """
    if "\x00" in request.scope["path"] or "\x00" in unquote(request.scope["query_string"].decode("latin-1")):
        raise Problem(HTTPStatus.BAD_REQUEST, "The request contains a NUL character.")

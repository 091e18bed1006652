"""Opaque places to go on from: whoever gets one gives it back as it is."""

import base64
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, TypeVar

import msgspec

from leadlight.store.views.change_feed import Vector
from services.feed.problems import Problem

T = TypeVar("T")

LONGEST_CHARACTERS = 16_384
"""A cursor of the changes names each writer; nothing real comes near this."""


Position = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ListPlace(msgspec.Struct, frozen=True, array_like=True, tag_field="of", tag="list"):
    """The last row of a page. `newest_first` keeps a walk from turning round."""

    at: datetime
    id: str
    newest_first: bool


class VisitPlace(msgspec.Struct, frozen=True, array_like=True, tag_field="of", tag="visits"):
    """The start of a page's oldest visit."""

    at: datetime


class TimelinePlace(msgspec.Struct, frozen=True, array_like=True, tag_field="of", tag="timeline"):
    """The last moment of a page."""

    at: datetime
    kind: Position
    id: str
    newest_first: bool


class ChangePlace(msgspec.Struct, frozen=True, array_like=True, tag_field="of", tag="changes"):
    """A position for each writer of changes."""

    vector: dict[str, Position]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ListPlace | VisitPlace | TimelinePlace | ChangePlace)


def cursor(place: ListPlace | VisitPlace | TimelinePlace | ChangePlace) -> str:
    return base64.urlsafe_b64encode(_encoder.encode(place)).rstrip(b"=").decode()


def change_cursor(vector: Vector) -> str:
    return cursor(ChangePlace(dict(vector)))


def place_of(given: str, kind: type[T]) -> T:
    """The place that a cursor stands for.

    Raises:
        Problem: it is none of ours, or one of another list.
    """
    try:
        if len(given) > LONGEST_CHARACTERS:
            raise ValueError
        raw = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        place = _decoder.decode(raw)
        naive = not isinstance(place, ChangePlace) and place.at.tzinfo is None
        if not isinstance(place, kind) or naive or b"\\u0000" in raw or _encoder.encode(place) != raw:
            raise ValueError
    except (ValueError, msgspec.DecodeError) as error:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "The cursor is not one of this list: give `next_cursor` back as it came, or begin without one.",
        ) from error
    return place


def list_mark(given: str | None, *, newest_first: bool) -> tuple[datetime, str] | None:
    """Where a walk through a list goes on.

    Raises:
        Problem: the cursor is none of ours, or belongs to a walk in the other direction.
    """
    if given is None:
        return None
    place = place_of(given, ListPlace)
    if place.newest_first != newest_first:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "The cursor belongs to a walk in the other order: keep `order` as it was."
        )
    return place.at, place.id

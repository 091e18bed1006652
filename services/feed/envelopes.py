"""What answers wrap objects in, and how they are written out."""

import hashlib
from datetime import datetime
from http import HTTPStatus
from typing import Literal

import msgspec
from fastapi import Request, Response

from leadlight.core.intake.tracked_links import DEFAULT_DAYS
from leadlight.core.objects import Alert, Change, Moment, Visit, Visitor

TAG_BYTES = 12

_encoder = msgspec.json.Encoder()


class VisitorList(msgspec.Struct, frozen=True):
    """A page of visitors."""

    data: list[Visitor]
    next_cursor: str | None


class VisitList(msgspec.Struct, frozen=True):
    """A page of visits, newest first."""

    data: list[Visit]
    next_cursor: str | None


class NewLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tracked link that is wanted; with `person`, one that is made for this person alone."""

    url: str
    campaign: str | None = None
    expires_days: int = DEFAULT_DAYS
    person: str | None = None
    honeypot: bool = False


class NewRecipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of those for whom links are wanted."""

    person: str
    url: str | None = None


class NewLinks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Links that are wanted for many people at once."""

    people: list[NewRecipient]
    url: str | None = None
    campaign: str | None = None
    expires_days: int = DEFAULT_DAYS
    honeypot: bool = False


class TrackedLink(msgspec.Struct, frozen=True):
    """A tracked link. The last four are null unless it was made for one person."""

    link: str
    url: str
    campaign: str | None
    expires_at: datetime
    person: str | None = None
    landing_url: str | None = None
    token: str | None = None
    honeypot_link: str | None = None


class LinkOutcome(msgspec.Struct, frozen=True):
    """What became of one row: a link, or why there is none."""

    row: int
    link: TrackedLink | None
    error: str | None


class LinkBatch(msgspec.Struct, frozen=True):
    """What became of all rows, in their order."""

    data: list[LinkOutcome]
    minted: int
    refused: int


class NewCompanyCorrection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody says of the company that a visitor is taken for."""

    company: str | None = None
    name: str | None = None
    scope: Literal["range", "connection", "visitor"] | None = None


class CompanyCorrection(msgspec.Struct, frozen=True):
    """A correction."""

    id: str
    visitor: str
    company: str
    name: str | None
    wrong: bool
    scope: str  # range, connection, visitor
    range: str | None
    said_by: str
    said_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    visitors: int | None


class CompanyCorrectionList(msgspec.Struct, frozen=True):
    """A page of corrections, newest first."""

    data: list[CompanyCorrection]
    next_cursor: str | None


class Timeline(msgspec.Struct, frozen=True):
    """A page of moments."""

    data: list[Moment]
    next_cursor: str | None


class AlertList(msgspec.Struct, frozen=True):
    """A page of alerts."""

    data: list[Alert]
    next_cursor: str | None


class ChangeList(msgspec.Struct, frozen=True):
    """A page of changes. There is always a cursor: changes go on."""

    data: list[Change]
    next_cursor: str
    has_more: bool  # whether asking again at once would bring more


def whole(request: Request, body: msgspec.Struct) -> Response:
    """One object with its tag; 304 for a reader that has it already.

    Points decay by the second: the tag is a weak one and looks at whole points only.
    """
    tag = f'W/"{hashlib.blake2b(_encoder.encode(_without_decimals(body)), digest_size=TAG_BYTES).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if _matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(_encoder.encode(body), headers=headers, media_type="application/json")


def page(body: msgspec.Struct) -> Response:
    return Response(
        _encoder.encode(body), headers={"Cache-Control": "private, no-store"}, media_type="application/json"
    )


def _without_decimals(body: msgspec.Struct) -> msgspec.Struct:
    if not isinstance(body, Visitor):
        return body
    reasons = [msgspec.structs.replace(reason, points=round(reason.points)) for reason in body.reasons]
    return msgspec.structs.replace(body, reasons=reasons)


def _matches(given: str, tag: str) -> bool:
    bare = tag.removeprefix("W/")
    return given.strip() == "*" or any(each.strip().removeprefix("W/") == bare for each in given.split(","))

"""Tracked links made by programs: whoever writes mails makes one for each."""

from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, FastAPI, Request, Response

from leadlight.core.intake import tracked_links
from leadlight.core.intake.tracked_links import MOST_DAYS, Link, NoAddress
from leadlight.core.mailing.minting import Minter, NoPerson, end_of
from leadlight.runtime import Runtime
from leadlight.store.owners.keys import Key
from services.feed import reference
from services.feed.envelopes import LinkBatch, LinkOutcome, NewLink, NewLinks, NewRecipient, TrackedLink
from services.feed.keyring import Keyring
from services.feed.problems import Problem

Wanted = TypeVar("Wanted")

BODY_BYTES = 16_384
BATCH_PEOPLE = 1_000
BATCH_BYTES = 1_048_576


class _Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`NewLinks`, with each row still to be read: one that is wrong is told of, and spoils no other."""

    people: list[msgspec.Raw]
    url: str | None = None
    campaign: str | None = None
    expires_days: int = tracked_links.DEFAULT_DAYS
    honeypot: bool = False


_link_decoder = msgspec.json.Decoder(NewLink)
_batch_decoder = msgspec.json.Decoder(_Batch)
_recipient_decoder = msgspec.json.Decoder(NewRecipient)


def add_links(app: FastAPI, runtime: Runtime, keyring: Keyring) -> None:
    writer = keyring.holder_of("write")

    def minter_for(wanted: NewLink | _Batch, key: Key, request: Request) -> Minter:
        if not 1 <= wanted.expires_days <= MOST_DAYS:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"`expires_days` is from 1 to {MOST_DAYS}.")
        here = runtime.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        ends = end_of(runtime.now(), wanted.expires_days)
        campaign, url = wanted.campaign or None, wanted.url or ""
        return Minter(key.site_id, runtime.secret, here, ends, campaign, url, wanted.honeypot)

    @app.post(
        "/api/v1/links",
        tags=["Links"],
        status_code=HTTPStatus.CREATED,
        openapi_extra=_takes(NewLink),
        **reference.answers(TrackedLink, status=HTTPStatus.CREATED),
    )
    async def add_link(request: Request, key: Annotated[Key, Depends(writer)]) -> Response:
        """Make a tracked link: it leads on to `url`, and each click is told as `Link Clicked` with its campaign.

        Needs the scope `write`. With `person` the link is theirs alone: who follows it is identified once the page that
        it leads to has seen a human. The same person, destination, campaign and end give the same link. It cannot be taken
        back: it ends when it expires.
        """
        wanted = await _read(request, _link_decoder, BODY_BYTES)
        minter = minter_for(wanted, key, request)
        try:
            made = _for_person(minter, wanted.person) if wanted.person is not None else _for_everybody(minter)
        except (NoAddress, NoPerson) as error:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        return Response(msgspec.json.encode(made), HTTPStatus.CREATED, media_type="application/json")

    @app.post(
        "/api/v1/links/batch",
        tags=["Links"],
        openapi_extra=_takes(NewLinks),
        **reference.answers(LinkBatch),
    )
    async def add_links_of_many(request: Request, key: Annotated[Key, Depends(writer)]) -> Response:
        """Make links for up to 1,000 people, each as `POST /api/v1/links` with `person` does.

        Needs the scope `write`. A row that makes no sense is answered with its error, and the others are made. Asking again
        gives the same links.
        """
        wanted = await _read(request, _batch_decoder, BATCH_BYTES)
        if len(wanted.people) > BATCH_PEOPLE:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"`people` takes at most {BATCH_PEOPLE} at a time.")
        minter = minter_for(wanted, key, request)
        outcomes = [_outcome(row, given, minter) for row, given in enumerate(wanted.people)]
        minted = sum(outcome.link is not None for outcome in outcomes)
        body = LinkBatch(outcomes, minted, len(outcomes) - minted)
        return Response(msgspec.json.encode(body), media_type="application/json")


def _outcome(row: int, given: msgspec.Raw, minter: Minter) -> LinkOutcome:
    try:
        wanted = _recipient_decoder.decode(given)
        return LinkOutcome(row, _for_person(minter, wanted.person, wanted.url), None)
    except (NoAddress, NoPerson) as error:
        return LinkOutcome(row, None, str(error))
    except msgspec.DecodeError as error:
        return LinkOutcome(row, None, f"The row is not as described: {error}.")


def _for_person(minter: Minter, person: str, url: str | None = None) -> TrackedLink:
    made = minter.mint(person, url)
    return TrackedLink(
        made.link,
        made.url,
        made.campaign,
        made.expires_at,
        made.email,
        made.landing_url,
        made.token,
        made.honeypot_link,
    )


def _for_everybody(minter: Minter) -> TrackedLink:
    if minter.honeypots:
        raise NoPerson("A honeypot needs a `person` whose clicks it tells apart.")
    link = Link(minter.site, minter.url, int(minter.expires_at.timestamp()), minter.campaign)
    token = tracked_links.mint(link, minter.secret)
    return TrackedLink(
        f"{minter.here}/l/{token}", tracked_links.destination(minter.url), link.campaign, minter.expires_at
    )


async def _read(request: Request, decoder: msgspec.json.Decoder[Wanted], most_bytes: int) -> Wanted:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most_bytes:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body takes at most {most_bytes} bytes.")
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"The body is not as described: {error}.") from error


def _takes(body: type[msgspec.Struct]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{body.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

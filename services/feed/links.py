"""Tracked links made by programs: whoever writes mails makes one for each."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Request, Response

from leadlight.core.intake import tracked_links
from leadlight.core.intake.tracked_links import MOST_DAYS, Link, NoAddress
from leadlight.runtime import Runtime
from leadlight.store.owners.keys import Key
from services.feed import reference
from services.feed.envelopes import NewLink, TrackedLink
from services.feed.keyring import Keyring
from services.feed.parameters import refuse_nul
from services.feed.problems import Problem

BODY_BYTES = 16_384

_decoder = msgspec.json.Decoder(NewLink)


def add_links(app: FastAPI, runtime: Runtime, keyring: Keyring) -> None:
    async def writer(request: Request) -> Key:
        refuse_nul(request)
        return await keyring.admit(request.headers.get("authorization"), "write")

    @app.post(
        "/api/v1/links",
        tags=["Links"],
        status_code=HTTPStatus.CREATED,
        openapi_extra=_takes(NewLink),
        **reference.answers(TrackedLink, status=HTTPStatus.CREATED),
    )
    async def add_link(request: Request, key: Annotated[Key, Depends(writer)]) -> Response:
        """Make a tracked link: it leads on to `url`, and each click is told as `Link Clicked` with its campaign.

        Needs the scope `write`. The same destination, campaign and end give the same link. It cannot be taken back: it
        ends when it expires.
        """
        wanted = await _read(request)
        ends = tracked_links.end_of(runtime.now(), wanted.expires_days)
        link = Link(key.site_id, wanted.url, int(ends.timestamp()), wanted.campaign or None)
        try:
            token = tracked_links.mint(link, runtime.secret)
            leads_to = tracked_links.destination(wanted.url)
        except NoAddress as error:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        here = runtime.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        made = TrackedLink(f"{here}/l/{token}", leads_to, link.campaign, ends)
        return Response(msgspec.json.encode(made), HTTPStatus.CREATED, media_type="application/json")


async def _read(request: Request) -> NewLink:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body takes at most {BODY_BYTES} bytes.")
    try:
        wanted = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"The body is not as described: {error}.") from error
    if not 1 <= wanted.expires_days <= MOST_DAYS:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"`expires_days` is from 1 to {MOST_DAYS}.")
    return wanted


def _takes(body: type[msgspec.Struct]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{body.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

"""Corrections of the company that a visitor was taken for."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response

from leadlight.core.identity.companies.corrections import Scope
from leadlight.core.identity.companies.names import stated_name
from leadlight.runtime import Runtime
from leadlight.runtime.domains import company_domain
from leadlight.store.identity import corrections
from leadlight.store.identity.corrections import Made, NoSuchVisitor, NothingToCorrect
from leadlight.store.owners.keys import Key
from services.feed import reference
from services.feed.cursors import ListPlace, cursor, list_mark
from services.feed.envelopes import CompanyCorrection, CompanyCorrectionList, NewCompanyCorrection
from services.feed.keyring import Keyring
from services.feed.parameters import Cursor, Limit
from services.feed.problems import Problem

BODY_BYTES = 4_096

_decoder = msgspec.json.Decoder(NewCompanyCorrection)


def add_company_corrections(app: FastAPI, runtime: Runtime, keyring: Keyring) -> None:
    writer, reader = keyring.holder_of("write"), keyring.holder_of("read")

    @app.post(
        "/api/v1/visitors/{id}/company-corrections",
        tags=["Corrections"],
        status_code=HTTPStatus.CREATED,
        openapi_extra=_takes(NewCompanyCorrection),
        **reference.answers(CompanyCorrection, of_one=True, status=HTTPStatus.CREATED),
    )
    async def correct_company(request: Request, key: Annotated[Key, Depends(writer)], id: str) -> Response:
        """Say that a visitor's company is wrong, or which it is. It is remembered for the range, past and future.

        Needs the scope `write`. Without `company` the one that the visitor is taken for is wrong. Without `scope` it holds
        as widely as makes sense: for the address block in a company's own network, for the connection on a provider's
        line, for this visitor where strangers share addresses or where the visitor named the company.
        """
        wanted = await _read(request)
        domain = name = None
        if wanted.company is not None:
            domain, name = company_domain(wanted.company), stated_name(wanted.name)
            if domain is None:
                raise Problem(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    "`company` is no company's domain, as in kiln.example; a mail service's names nobody.",
                )
        try:
            async with runtime.database.begin() as connection:
                made, number = await corrections.add(
                    connection,
                    key.site_id,
                    id,
                    id=str(uuid4()),
                    domain=domain,
                    name=name,
                    scope=Scope(wanted.scope) if wanted.scope is not None else None,
                    who=f"key {key.name}",
                    now=runtime.now(),
                )
        except NoSuchVisitor as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from error
        except NothingToCorrect as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from error
        return _answer(_told(made, number), HTTPStatus.CREATED)

    @app.get("/api/v1/company-corrections", tags=["Corrections"], **reference.answers(CompanyCorrectionList))
    async def list_company_corrections(
        key: Annotated[Key, Depends(reader)],
        cursor_given: Annotated[Cursor, Query(alias="cursor")] = None,
        limit: Limit = 50,
        visitor: Annotated[str | None, Query(description="Those said at one visitor.")] = None,
    ) -> Response:
        """Corrections, the latest first; those that were withdrawn too."""
        after = list_mark(cursor_given, newest_first=True)
        async with runtime.database.read() as connection:
            found, further = await corrections.page(connection, key.site_id, limit=limit, after=after, visitor=visitor)
        more = cursor(ListPlace(*further, newest_first=True)) if further else None
        return _answer(CompanyCorrectionList([_told(made) for made in found], more))

    @app.delete(
        "/api/v1/company-corrections/{id}",
        tags=["Corrections"],
        **reference.answers(CompanyCorrection, of_one=True),
    )
    async def withdraw_company_correction(key: Annotated[Key, Depends(writer)], id: str) -> Response:
        """Take a correction back: everything that followed from it is derived anew. Repeating it changes nothing.

        Needs the scope `write`.
        """
        async with runtime.database.begin() as connection:
            made = await corrections.withdraw(connection, key.site_id, id, who=f"key {key.name}", now=runtime.now())
        if made is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no correction {id[:100]} on this key's site.")
        return _answer(_told(made))


def _told(made: Made, number: int | None = None) -> CompanyCorrection:
    return CompanyCorrection(
        id=made.id,
        visitor=made.visitor,
        company=made.domain,
        name=made.name,
        wrong=made.wrong,
        scope=made.scope.value,
        range=made.range,
        said_by=made.said_by,
        said_at=made.said_at,
        withdrawn_by=made.withdrawn_by,
        withdrawn_at=made.withdrawn_at,
        visitors=number,
    )


def _answer(body: msgspec.Struct, status: int = HTTPStatus.OK) -> Response:
    headers = {"Cache-Control": "private, no-store"}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


async def _read(request: Request) -> NewCompanyCorrection:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body takes at most {BODY_BYTES} bytes.")
    try:
        wanted = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"The body is not as described: {error}.") from error
    if "\x00" in (wanted.company or "") + (wanted.name or ""):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The body is not as described: it holds a NUL.")
    return wanted


def _takes(body: type[msgspec.Struct]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{body.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

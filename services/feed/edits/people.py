"""Who is whom, stated over the API: contacts merged and taken apart, browsers taken off people, and how it is known."""

from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response

from leadlight.core.identity.people.merges import Refusal
from leadlight.core.objects import VisitorLinks
from leadlight.runtime import Runtime
from leadlight.store.identity import merges, withdrawals
from leadlight.store.identity.merges import MergeRefused, Reach, Stated
from leadlight.store.identity.withdrawals import Withdrawal, WithdrawalRefused
from leadlight.store.owners.keys import Key
from leadlight.store.views import links, visitor_objects
from services.feed import reference
from services.feed.edits.people_bodies import ContactMerge, ContactMergeList, LinkEdit, NewMerge, PeopleEdit
from services.feed.envelopes import page
from services.feed.keyring import Keyring
from services.feed.problems import Problem

BODY_BYTES = 4_096
MOST_MERGES = 1_000

_decoder = msgspec.json.Decoder(NewMerge)
_TAKES = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewMerge"}}},
    }
}


def add_people(app: FastAPI, runtime: Runtime, keyring: Keyring) -> None:
    writer, reader = keyring.holder_of("write"), keyring.holder_of("read")

    @app.post(
        "/api/v1/contacts/{id}/merge",
        tags=["Contacts"],
        openapi_extra=_TAKES,
        **reference.answers(PeopleEdit, of_one=True),
    )
    async def merge_contact(request: Request, key: Annotated[Key, Depends(writer)], id: str) -> Response:
        """Say that this contact is the same person as another, under the other's name and address.

        Needs the scope `write`. `into` is a contact's id or e-mail address. Everything follows: visits, score, traits, the
        look-up by either address, exclusions; and events still to come. What was said stays as it was said, so unmerging
        leaves no trace. A person holds at most 20 further addresses.
        """
        wanted = await _read(request)
        try:
            async with runtime.database.begin() as connection:
                contact = await merges.find_contact(connection, key.site_id, id)
                into = await merges.find_contact(connection, key.site_id, wanted.into)
                done = await merges.merge(
                    connection, key.site_id, contact, into, id=str(uuid4()), by=f"key {key.name}", now=runtime.now()
                )
        except MergeRefused as refused:
            raise _problem(refused) from refused
        return page(_edit(contact, done))

    async def unmerge(key: Key, id: str) -> Response:
        try:
            async with runtime.database.begin() as connection:
                contact = await merges.find_contact(connection, key.site_id, id)
                done = await merges.unmerge(connection, key.site_id, contact, by=f"key {key.name}", now=runtime.now())
        except MergeRefused as refused:
            raise _problem(refused) from refused
        return page(_edit(contact, done))

    @app.post("/api/v1/contacts/{id}/unmerge", tags=["Contacts"], **reference.answers(PeopleEdit, of_one=True))
    async def unmerge_contact(key: Annotated[Key, Depends(writer)], id: str) -> Response:
        """Take a contact out of the person it was merged into, with whoever was merged into it before.

        Needs the scope `write`. Every number is derived anew as if they had never been merged.
        """
        return await unmerge(key, id)

    @app.delete("/api/v1/contacts/{id}/merge", tags=["Contacts"], **reference.answers(PeopleEdit, of_one=True))
    async def delete_merge(key: Annotated[Key, Depends(writer)], id: str) -> Response:
        """The same as `unmerge`."""
        return await unmerge(key, id)

    @app.get("/api/v1/contact-merges", tags=["Contacts"], **reference.answers(ContactMergeList))
    async def list_contact_merges(
        key: Annotated[Key, Depends(reader)],
        undone: Annotated[bool, Query(description="Also those that were taken back.")] = False,
    ) -> Response:
        """Merges in force, latest first; the latest thousand."""
        async with runtime.database.read() as connection:
            found = await merges.stated(connection, key.site_id, undone=undone, limit=MOST_MERGES)
        return page(ContactMergeList([_told(stated) for stated in found]))

    @app.get("/api/v1/visitors/{id}/links", tags=["Visitors"], **reference.answers(VisitorLinks, of_one=True))
    async def get_links(key: Annotated[Key, Depends(reader)], id: str) -> Response:
        """How it is known who a visitor is and whose: by what method, how surely, on what evidence, from when to when.

        What was withdrawn is there too, marked with when and by whom.
        """
        async with runtime.database.read() as connection:
            if not await visitor_objects.exists(connection, key.site_id, id):
                raise Problem(HTTPStatus.NOT_FOUND, f"There is no visitor {id[:100]} on this key's site.")
            found = await links.of_visitor(connection, key.site_id, id)
        return page(found)

    @app.delete(
        "/api/v1/visitors/{id}/contacts/{contact}", tags=["Visitors"], **reference.answers(LinkEdit, of_one=True)
    )
    async def withdraw_contact(key: Annotated[Key, Depends(writer)], id: str, contact: str) -> Response:
        """Say that this browser was not this person's: what it claimed up to now does not hold.

        Needs the scope `write`. `contact` is an id or an e-mail address. A later introduction counts again.
        """
        try:
            async with runtime.database.begin() as connection:
                found = await merges.find_contact(connection, key.site_id, contact)
                done = await withdrawals.withdraw(
                    connection, key.site_id, id, found, id=str(uuid4()), by=f"key {key.name}", now=runtime.now()
                )
        except (MergeRefused, WithdrawalRefused) as refused:
            raise Problem(HTTPStatus.NOT_FOUND, str(refused)) from refused
        return page(_link(done))

    @app.post(
        "/api/v1/visitors/{id}/contacts/{contact}/restore",
        tags=["Visitors"],
        **reference.answers(LinkEdit, of_one=True),
    )
    async def restore_contact(key: Annotated[Key, Depends(writer)], id: str, contact: str) -> Response:
        """Undo what took this person off the browser: every introduction holds again. Needs the scope `write`."""
        try:
            async with runtime.database.begin() as connection:
                found = await merges.find_contact(connection, key.site_id, contact)
                done = await withdrawals.restore(
                    connection, key.site_id, id, found, by=f"key {key.name}", now=runtime.now()
                )
        except (MergeRefused, WithdrawalRefused) as refused:
            raise Problem(HTTPStatus.NOT_FOUND, str(refused)) from refused
        return page(_link(done))


def _problem(refused: MergeRefused) -> Problem:
    unknown = refused.why is Refusal.UNKNOWN
    return Problem(HTTPStatus.NOT_FOUND if unknown else HTTPStatus.CONFLICT, refused.why.value)


def _edit(contact: str, done: Reach) -> PeopleEdit:
    return PeopleEdit(contact, done.person, list(done.emails), done.visitors)


def _link(done: Withdrawal) -> LinkEdit:
    return LinkEdit(done.visitor, list(done.contacts), list(done.emails), done.claims)


def _told(given: Stated) -> ContactMerge:
    return ContactMerge(
        id=given.id,
        contact=given.contact,
        contact_email=given.contact_email,
        into=given.into,
        into_email=given.into_email,
        person=given.person,
        merged_by=given.by,
        merged_at=given.at,
        undone_by=given.undone_by,
        undone_at=given.undone_at,
    )


async def _read(request: Request) -> NewMerge:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body takes at most {BODY_BYTES} bytes.")
    try:
        wanted = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"The body is not as described: {error}.") from error
    if "\x00" in wanted.into:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The body is not as described: it holds a NUL.")
    return wanted

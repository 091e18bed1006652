"""Who is whom, said in the console: contacts merged and taken apart, browsers taken off people and given back."""

import re
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from leadlight.core.identity.people.merges import MOST_MERGED
from leadlight.store.identity import merges, withdrawals
from leadlight.store.identity.merges import MergeRefused
from leadlight.store.identity.withdrawals import WithdrawalRefused
from leadlight.store.views import visitor_objects
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import Admin, OurRuntime, Signed

router = APIRouter()

ID = re.compile(r"[0-9a-f-]{36}")

ContactId = Annotated[str, Form(max_length=36)]
Address = Annotated[str, Form(max_length=300)]


@router.api_route("/visitors/{id}/merge", methods=READ)
async def ask_to_merge(
    request: Request,
    id: str,
    seat: Admin,
    runtime: OurRuntime,
    email: Annotated[str, Query(max_length=300)] = "",
) -> HTMLResponse:
    """What making one person of this visitor's contact and another would do. Nothing is changed."""
    given = marked(request, seat)
    site = seat.site.id
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        found = await visitor_objects.by_ids(connection, site, [_id(id)], now=given["now"], excluded=True)
        if not found or found[0].contact is None:
            raise HTTPException(404)
        contact = found[0].contact
        refused, reach, other = "", None, ""
        try:
            other = await merges.find_contact(connection, site, email)
            reach = await merges.preview(connection, site, other, contact.id)
        except MergeRefused as refusal:
            refused = refusal.why.value
    return page(
        request,
        "merge.html",
        {
            **context,
            "visitor": found[0],
            "contact": contact,
            "email": email.strip(),
            "other": other,
            "refused": refused,
            "reach": reach,
            "most": MOST_MERGED,
        },
        status=409 if refused else 200,
    )


@router.post("/visitors/{id}/merge")
async def merge(id: str, seat: Admin, runtime: OurRuntime, contact: ContactId, into: ContactId) -> RedirectResponse:
    """Make one person of two contacts."""
    try:
        async with runtime.database.begin() as tx:
            pair = (_id(contact), _id(into))
            await merges.merge(tx, seat.site.id, *pair, id=str(uuid4()), by=seat.user.email, now=runtime.now())
    except MergeRefused as refused:
        raise HTTPException(409, refused.why.value) from refused
    return _back(id)


@router.post("/visitors/{id}/unmerge")
async def unmerge(id: str, seat: Admin, runtime: OurRuntime, contact: ContactId) -> RedirectResponse:
    """Take a contact out of the person it was merged into."""
    try:
        async with runtime.database.begin() as tx:
            await merges.unmerge(tx, seat.site.id, _id(contact), by=seat.user.email, now=runtime.now())
    except MergeRefused as refused:
        raise HTTPException(409, refused.why.value) from refused
    return _back(id)


@router.post("/visitors/{id}/not-them")
async def withdraw(id: str, seat: Signed, runtime: OurRuntime, contact: ContactId) -> RedirectResponse:
    """Say that this browser was not this person's."""
    try:
        async with runtime.database.begin() as tx:
            pair = (_id(id), _id(contact))
            await withdrawals.withdraw(tx, seat.site.id, *pair, id=str(uuid4()), by=seat.user.email, now=runtime.now())
    except WithdrawalRefused as refused:
        raise HTTPException(409, str(refused)) from refused
    return _back(id)


@router.post("/visitors/{id}/them-again")
async def restore(id: str, seat: Signed, runtime: OurRuntime, contact: ContactId) -> RedirectResponse:
    """Undo that."""
    try:
        async with runtime.database.begin() as tx:
            pair = (_id(id), _id(contact))
            await withdrawals.restore(tx, seat.site.id, *pair, by=seat.user.email, now=runtime.now())
    except WithdrawalRefused as refused:
        raise HTTPException(409, str(refused)) from refused
    return _back(id)


def _id(given: str) -> str:
    if not ID.fullmatch(given):
        raise HTTPException(404)
    return given


def _back(id: str) -> RedirectResponse:
    return RedirectResponse(f"/visitors/{_id(id)}", 303)

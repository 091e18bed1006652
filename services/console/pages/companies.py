"""What reps say of the company that a visitor was taken for, and how they take it back."""

import re
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Form
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from leadlight.core.identity.companies.corrections import Scope
from leadlight.core.identity.companies.names import stated_name
from leadlight.runtime.domains import company_domain
from leadlight.store.identity import corrections
from leadlight.store.identity.corrections import NoSuchVisitor, NothingToCorrect
from services.console.session import OurRuntime, Signed

router = APIRouter()

ID = re.compile(r"[0-9a-f-]{36}")


@router.post("/visitors/{id}/company")
async def correct(
    id: str,
    seat: Signed,
    runtime: OurRuntime,
    domain: Annotated[str, Form(max_length=300)] = "",
    name: Annotated[str, Form(max_length=120)] = "",
    scope: Annotated[Literal["", "range", "connection", "visitor"], Form()] = "",
) -> RedirectResponse:
    """Say which company it is or, without a domain, that the one shown is wrong."""
    if not ID.fullmatch(id):
        raise HTTPException(404)
    said = company_domain(domain) if domain.strip() else None
    if domain.strip() and said is None:
        raise HTTPException(
            422,
            f"“{domain.strip()}” is no company's domain. Go back and write one like kiln.example; a mail service names nobody.",
        )
    try:
        async with runtime.database.begin() as connection:
            await corrections.add(
                connection,
                seat.site.id,
                id,
                id=str(uuid4()),
                domain=said,
                name=stated_name(name),
                scope=Scope(scope) if scope else None,
                who=seat.user.email,
                now=runtime.now(),
            )
    except NoSuchVisitor as error:
        raise HTTPException(404) from error
    except NothingToCorrect as error:
        raise HTTPException(409, str(error)) from error
    return RedirectResponse(f"/visitors/{id}", 303)


@router.post("/company-corrections/{id}/withdraw")
async def withdraw(
    id: str, seat: Signed, runtime: OurRuntime, visitor: Annotated[str, Form(max_length=36)]
) -> RedirectResponse:
    """Take back what was said, and go back to the visitor."""
    if not (ID.fullmatch(id) and ID.fullmatch(visitor)):
        raise HTTPException(404)
    async with runtime.database.begin() as connection:
        made = await corrections.withdraw(connection, seat.site.id, id, who=seat.user.email, now=runtime.now())
    if made is None:
        raise HTTPException(404)
    return RedirectResponse(f"/visitors/{visitor}", 303)

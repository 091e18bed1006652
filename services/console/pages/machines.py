"""Machines: visitors that are kept apart as bots, with what speaks for it, and what owners say and teach."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from leadlight.store.identity import machines
from leadlight.store.views import visitor_objects
from leadlight.store.views.visitor_objects import VisitorFilter
from services.console.machine_words import layers
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import Admin, OurRuntime, Signed
from services.console.words import counted

router = APIRouter()

SHOWN = 100

VisitorId = Annotated[UUID, Form()]
OnlyThis = Annotated[bool, Form()]


@router.api_route("/machines", methods=READ)
async def machines_page(
    request: Request, seat: Signed, runtime: OurRuntime, done: Annotated[str, Query(max_length=40)] = ""
) -> HTMLResponse:
    given = marked(request, seat)
    site = seat.site.id
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        bots, further = await visitor_objects.page(
            connection, site, VisitorFilter(bot=True), now=given["now"], limit=SHOWN, newest_first=True
        )
        lessons = await machines.lessons(connection, site)
        decided = (await machines.lessons_of(connection, [site]))[site].decided
        restored = await visitor_objects.by_ids(
            connection, site, [id for id, said in decided.items() if said == machines.PERSON][:SHOWN], now=given["now"]
        )
    return page(
        request,
        "machines.html",
        {
            **context,
            "bots": [(bot, layers(bot), bot.id in decided) for bot in bots],
            "further": further is not None,
            "restored": restored,
            "lessons": lessons,
            "done": told(done),
        },
    )


def told(done: str) -> str:
    """What the last button did, as the address says it."""
    what, _, given = done.partition("-")
    number = int(given) if given.isascii() and given.isdigit() else 0
    learnt = f" {counted(number, 'lesson')} learnt from it." if number else " Nothing was learnt from it about others."
    return {
        "restored": f"Restored as a person: everything that is stored of them counts again.{learnt}",
        "marked": f"Marked as a bot: it counts for nothing, and nobody is told of it.{learnt}",
        "undone": "Taken back, with what was learnt from it.",
        "forgotten": "Unlearnt.",
    }.get(what, "")


@router.post("/machines/restore")
async def restore(
    seat: Admin, runtime: OurRuntime, visitor: VisitorId, only_this: OnlyThis = False
) -> RedirectResponse:
    """Say that a visitor is a person."""
    async with runtime.database.begin() as connection:
        try:
            learnt = await machines.restore(
                connection, seat.site.id, str(visitor), by=seat.user.email, now=runtime.now(), learn=not only_this
            )
        except machines.NoSuchVisitor as error:
            raise HTTPException(404) from error
    return _back("restored", len(learnt))


@router.post("/machines/mark")
async def mark(seat: Admin, runtime: OurRuntime, visitor: VisitorId, only_this: OnlyThis = False) -> RedirectResponse:
    """Say that a visitor is a bot."""
    async with runtime.database.begin() as connection:
        try:
            learnt = await machines.mark(
                connection, seat.site.id, str(visitor), by=seat.user.email, now=runtime.now(), learn=not only_this
            )
        except machines.NoSuchVisitor as error:
            raise HTTPException(404) from error
    return _back("marked", len(learnt))


@router.post("/machines/undo")
async def undo(seat: Admin, runtime: OurRuntime, visitor: VisitorId) -> RedirectResponse:
    """Take back what was said of a visitor."""
    async with runtime.database.begin() as connection:
        await machines.undo(connection, seat.site.id, str(visitor), by=seat.user.email, now=runtime.now())
    return _back("undone", 0)


@router.post("/machines/forget")
async def forget(seat: Admin, runtime: OurRuntime, lesson: Annotated[UUID, Form()]) -> RedirectResponse:
    """Unlearn one lesson."""
    async with runtime.database.begin() as connection:
        await machines.forget(connection, seat.site.id, str(lesson), by=seat.user.email, now=runtime.now())
    return _back("forgotten", 0)


def _back(done: str, number: int) -> RedirectResponse:
    return RedirectResponse(f"/machines?done={done}-{number}", 303)

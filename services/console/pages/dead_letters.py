"""Dead letters: this site's records that could not be processed, to be looked at, replayed or discarded."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from leadlight.core.readable import one_line, pretty
from leadlight.errors import LogUnavailable, WrongUsage
from leadlight.runtime.replay import replay
from leadlight.store import dead_letters
from leadlight.store.dead_letters import Chosen
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import Admin, OurRuntime
from services.console.words import counted

router = APIRouter()

PER_PAGE = 40
SHOWN_CHARACTERS = 20_000
"""Of a record: more than that is read with the command."""

Ids = Annotated[list[str], Form(max_length=200)]


@router.api_route("/dead-letters", methods=READ)
async def dead_letters_page(
    request: Request,
    seat: Admin,
    runtime: OurRuntime,
    number: Annotated[int, Query(alias="page", ge=1, le=2_000)] = 1,
    replayed: bool = False,
    done: Annotated[str, Query(max_length=40)] = "",
) -> HTMLResponse:
    given = marked(request, seat)
    chosen = Chosen(site_id=seat.site.id)
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        waiting = await dead_letters.waiting(connection, chosen)
        letters = await dead_letters.some(
            connection, chosen, limit=PER_PAGE + 1, offset=(number - 1) * PER_PAGE, replayed=replayed
        )
    return page(
        request,
        "dead_letters.html",
        {
            **context,
            "letters": [(letter, one_line(" ".join(letter.reason.split()))) for letter in letters[:PER_PAGE]],
            "waiting": waiting,
            "replayed": replayed,
            "number": number,
            "further": len(letters) > PER_PAGE,
            "done": told(done),
        },
    )


def told(done: str) -> str:
    """What the last button did, as the address says it."""
    what, _, given = done.partition("-")
    number = int(given) if given.isascii() and given.isdigit() else 0
    letters = counted(number, "dead letter")
    return {
        "replayed": f"{letters} replayed. What dies again comes back here as new.",
        "discarded": f"{letters} discarded for good.",
        "already": f"{letters} replayed before: a second time would change nothing.",
        "away": "The event log takes nothing at the moment. Try again soon.",
    }.get(what, "")


@router.api_route("/dead-letters/{id}", methods=READ)
async def dead_letter_page(request: Request, id: str, seat: Admin, runtime: OurRuntime) -> HTMLResponse:
    given = marked(request, seat)
    try:
        async with runtime.database.read() as connection:
            context = await around(connection, seat, given)
            letter = await dead_letters.get(connection, id, site_id=seat.site.id)
    except WrongUsage:
        letter = None
    if letter is None:
        raise HTTPException(404)
    value = pretty(letter.record.value)
    return page(
        request,
        "dead_letter.html",
        {
            **context,
            "letter": letter,
            "reason": one_line(letter.reason, keep="\n"),
            "key": pretty(letter.record.key),
            "value": value[:SHOWN_CHARACTERS],
            "more": len(value) > SHOWN_CHARACTERS,
        },
    )


@router.post("/dead-letters/replay")
async def replay_letters(
    seat: Admin, runtime: OurRuntime, id: Ids | None = None, everything: Annotated[bool, Form()] = False
) -> RedirectResponse:
    """Publish the letters again, each once: those named, or all that wait."""
    chosen = Chosen(None if everything else id or [], seat.site.id)
    try:
        outcome = await replay(runtime.bus, runtime.database, chosen, who=seat.user.email, now=runtime.now)
    except WrongUsage as error:
        raise HTTPException(404) from error
    except LogUnavailable:
        return _back("away", 0)
    if outcome.already and not outcome.replayed:
        return _back("already", len(outcome.already))
    return _back("replayed", len(outcome.replayed))


@router.post("/dead-letters/discard")
async def discard_letters(
    seat: Admin, runtime: OurRuntime, id: Ids | None = None, everything: Annotated[bool, Form()] = False
) -> RedirectResponse:
    """Delete the letters for good: those named, or all that wait."""
    chosen = Chosen(None if everything else id or [], seat.site.id)
    try:
        async with runtime.database.begin() as connection:
            number = await dead_letters.discard(connection, chosen, who=seat.user.email, now=runtime.now())
    except WrongUsage as error:
        raise HTTPException(404) from error
    return _back("discarded", number)


def _back(done: str, number: int) -> RedirectResponse:
    return RedirectResponse(f"/dead-letters?done={done}-{number}", 303)

"""Links made for one person: one at a time, for the people of a list, and the key of mailings that merge in a hash."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from io import BytesIO
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from leadlight.core.intake.tracked_links import CAMPAIGN_CHARACTERS, DEFAULT_DAYS, MOST_DAYS
from leadlight.core.mailing.linked import LinkedList
from leadlight.core.mailing.lists import Bad, NoList, PeopleList, bounded_lines
from leadlight.core.mailing.minting import Minter, NoAddress, NoPerson, PersonLink, end_of, home_of
from leadlight.errors import ConfigurationError
from leadlight.runtime import Runtime
from leadlight.store.identity import mail_merge
from services.console.pages.check import collector_origin
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import Admin, OurRuntime, Seat

router = APIRouter()

PATH = "/set-up/links"
KEY_BYTES = 32
SHOWN_BAD_LINES = 50
LINES_AT_ONCE = 200
"""Between two looks at what others want of the process."""

Campaign = Annotated[str, Form(max_length=CAMPAIGN_CHARACTERS)]
Address = Annotated[str, Form(max_length=4_096)]
Days = Annotated[int, Form(ge=1, le=MOST_DAYS)]


@router.api_route(PATH, methods=READ)
async def links_page(request: Request, seat: Admin, runtime: OurRuntime) -> HTMLResponse:
    return await _page(request, seat, runtime)


@router.post(PATH)
async def mint_one(
    request: Request,
    seat: Admin,
    runtime: OurRuntime,
    email: Annotated[str, Form(max_length=2_000)] = "",
    campaign: Campaign = "",
    url: Address = "",
    days: Days = DEFAULT_DAYS,
) -> Response:
    """Make one person's link and show it. The same answers give the same link, so nothing is kept."""
    typed = {"email": email, "campaign": campaign, "url": url, "days": days}
    try:
        made = _minter(request, seat, runtime, campaign, url, days).mint(email)
    except (NoPerson, NoAddress) as error:
        return await _page(request, seat, runtime, typed=typed, problem=str(error), status=400)
    return await _page(request, seat, runtime, typed=typed, made=made)


@router.post(f"{PATH}/list")
async def mint_list(
    request: Request,
    seat: Admin,
    runtime: OurRuntime,
    file: UploadFile,
    campaign: Campaign = "",
    url: Address = "",
    days: Days = DEFAULT_DAYS,
    honeypots: Annotated[bool, Form()] = False,
    anyway: Annotated[bool, Form()] = False,
) -> Response:
    """The list that was uploaded, with links. Its bad lines are named first, and left out only once that is wished."""
    typed = {"list_campaign": campaign, "list_url": url, "list_days": days, "honeypots": honeypots}
    minter = _minter(request, seat, runtime, campaign, url, days, honeypots=honeypots)
    given = await file.read()
    try:
        people, good, bad = await asyncio.to_thread(_checked, given, minter)
    except NoList as error:
        return await _page(request, seat, runtime, typed=typed, list_problem=str(error), status=400)
    if not good or (bad and not anyway):
        problem = "" if good or bad else "The list has a heading, and nobody in it."
        return await _page(request, seat, runtime, typed=typed, bad=bad, good=good, list_problem=problem, status=400)
    headers = {"Content-Disposition": 'attachment; filename="links.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(
        _linked(given, people, minter, honeypots), media_type="text/csv; charset=utf-8", headers=headers
    )


@router.post(f"{PATH}/key")
async def make_key(seat: Admin, runtime: OurRuntime, new: Annotated[bool, Form()] = False) -> RedirectResponse:
    """Make the site's mail-merge key; `new`, another in its place."""
    make = mail_merge.replace_key if new else mail_merge.make_key
    await make(runtime.database, seat.site.id, runtime.secret, random=secrets.token_bytes(KEY_BYTES), now=runtime.now())
    return RedirectResponse(f"{PATH}#key", 303)


def _minter(
    request: Request, seat: Seat, runtime: Runtime, campaign: str, url: str, days: int, *, honeypots: bool = False
) -> Minter:
    return Minter(
        seat.site.id,
        runtime.secret,
        collector_origin(request, runtime),
        end_of(runtime.now(), days),
        campaign.strip() or None,
        url.strip() or home_of(seat.site.domain),
        honeypots,
    )


def _people(given: bytes) -> PeopleList:
    return PeopleList(bounded_lines(BytesIO(given).readline))


def _checked(given: bytes, minter: Minter) -> tuple[PeopleList, int, list[Bad]]:
    """How many lines are good, and which are bad."""
    people, good, bad = _people(given), 0, list[Bad]()
    for one in people:
        if isinstance(one, Bad):
            bad.append(one)
            continue
        try:
            minter.mint(one.email, one.url)
            good += 1
        except (NoPerson, NoAddress) as error:
            bad.append(Bad(one.line, str(error)))
    return people, good, bad


async def _linked(given: bytes, people: PeopleList, minter: Minter, honeypots: bool) -> AsyncIterator[str]:
    table = LinkedList(people, honeypots=honeypots)
    lines = [table.heading()]
    for one in _people(given):
        if isinstance(one, Bad):
            continue
        try:
            lines.append(table.line(one, minter.mint(one.email, one.url)))
        except (NoPerson, NoAddress):
            continue
        if len(lines) >= LINES_AT_ONCE:
            yield "".join(lines)
            lines.clear()
            await asyncio.sleep(0)
    yield "".join(lines)


async def _page(
    request: Request,
    seat: Seat,
    runtime: Runtime,
    *,
    typed: dict[str, Any] | None = None,
    made: PersonLink | None = None,
    problem: str = "",
    list_problem: str = "",
    bad: Sequence[Bad] = (),
    good: int = 0,
    status: int = 200,
) -> HTMLResponse:
    given = marked(request, seat)
    key, key_problem, people = None, "", 0
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        try:
            key = await mail_merge.find_key(connection, seat.site.id, runtime.secret)
            people = await mail_merge.count_people(connection, seat.site.id)
        except ConfigurationError as error:
            key_problem = str(error)
    blank = {"email": "", "campaign": "", "url": "", "days": DEFAULT_DAYS}
    blank |= {"list_campaign": "", "list_url": "", "list_days": DEFAULT_DAYS, "honeypots": False}
    return page(
        request,
        "links.html",
        {
            **context,
            "path": PATH,
            "home": home_of(seat.site.domain),
            "typed": blank | (typed or {}),
            "made": made,
            "problem": problem,
            "list_problem": list_problem,
            "bad": bad[:SHOWN_BAD_LINES],
            "bad_lines": len(bad),
            "good": good,
            "key": key,
            "key_problem": key_problem,
            "people": people,
            "most_days": MOST_DAYS,
        },
        status=status,
    )

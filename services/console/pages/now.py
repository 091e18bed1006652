"""Now: who is on the site, hottest first; what waits; who was here before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from leadlight.core.objects import Visitor
from leadlight.store.views import console_views, visitor_objects
from leadlight.store.views.console_views import PageOpened
from services.console import words
from services.console.pages.frame import READ, around, marked
from services.console.render import is_live, page
from services.console.session import OurRuntime, Seat, Signed
from services.console.shared import Shared

router = APIRouter()

COUNTED = 300
"""People whose pages are counted under Where they are."""
SHOWN = 30
EARLIER = 25
EARLIER_SINCE = timedelta(days=7)
WAITING = 4
PLACES = 7


@router.api_route("/", methods=READ)
async def now_page(request: Request, seat: Signed, runtime: OurRuntime) -> HTMLResponse:
    """The page everybody has open: what an open one swaps in is drawn once for all who watch the site."""
    given = marked(request, seat)
    if not is_live(request):
        return await _draw(request, seat, runtime, given)
    drawings: Shared[HTMLResponse] = request.app.state.drawings
    key = (seat.site.id, seat.admin, given["mark"])
    return await drawings.once(key, lambda: _draw(request, seat, runtime, given))


async def _draw(request: Request, seat: Seat, runtime: OurRuntime, given: dict[str, Any]) -> HTMLResponse:
    now, site = given["now"], seat.site.id
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        figures = await console_views.figures(connection, site, now=now)
        present = await console_views.present(connection, site, now=now, limit=COUNTED)
        gone = await console_views.recent(connection, site, now=now, since=now - EARLIER_SINCE, limit=EARLIER)
        waiting = await console_views.told(connection, site, limit=WAITING, unseen=True)
        ids = [*present[:SHOWN], *gone, *(alert.visitor for alert in waiting)]
        people = {v.id: v for v in await visitor_objects.by_ids(connection, site, ids, now=now)}
        pages = await console_views.pages_opened(connection, site, [*present, *gone])
    return page(
        request,
        "now.html",
        {
            **context,
            "figures": figures,
            "present": _known(people, present[:SHOWN]),
            "more": max(0, figures.here - SHOWN),
            "today": _known(people, [id for id in gone if _seen_since(people, id, now - timedelta(days=1))]),
            "week": _known(people, [id for id in gone if not _seen_since(people, id, now - timedelta(days=1))]),
            "pages": pages,
            "fresh": {alert.visitor for alert in waiting},
            "waiting": [(alert, people[alert.visitor]) for alert in waiting if alert.visitor in people],
            "places": _places(present, pages),
        },
    )


def _known(people: Mapping[str, Visitor], ids: Sequence[str]) -> list[Visitor]:
    return [people[id] for id in ids if id in people]


def _seen_since(people: Mapping[str, Visitor], id: str, since: Any) -> bool:
    seen = people[id].last_seen_at if id in people else None
    return seen is not None and seen >= since


def _places(present: Sequence[str], pages: Mapping[str, PageOpened]) -> list[tuple[str, int, bool]]:
    """(path, people, whether it is a page that buyers read), the fullest first."""
    counts = Counter(pages[id].path or "/" for id in present if id in pages)
    key_pages = {page.path or "/" for page in pages.values() if page.category in words.KEY_PAGES}
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(path, people, path in key_pages) for path, people in ordered[:PLACES]]

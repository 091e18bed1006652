"""The feed's paths: each reads its parameters, asks the store once, and answers."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

import leadlight
from leadlight.core.identity.people.emails import ascii_form, normalised
from leadlight.core.objects import Contact, Visitor
from leadlight.runtime import Runtime
from leadlight.store.owners.keys import Key
from leadlight.store.views import (
    alert_objects,
    change_feed,
    change_objects,
    contact_objects,
    visitor_objects,
    visitor_route,
)
from leadlight.store.views.alert_objects import AlertFilter
from leadlight.store.views.visitor_objects import VisitorFilter
from services.feed import reference
from services.feed.broadcast import Broadcast
from services.feed.cursors import (
    ChangePlace,
    ListPlace,
    TimelinePlace,
    VisitPlace,
    change_cursor,
    cursor,
    list_mark,
    place_of,
)
from services.feed.edits.bots import add_bots
from services.feed.edits.company_corrections import add_company_corrections
from services.feed.edits.people import add_people
from services.feed.envelopes import AlertList, ChangeList, Timeline, VisitList, VisitorList, page, whole
from services.feed.keyring import Keyring
from services.feed.links import add_links
from services.feed.parameters import Bot, Cursor, Grade, Intent, Limit, Order, Since, utc
from services.feed.problems import Problem, answer_problems
from services.feed.stream import Stream, resume_place

BOT = {"false": False, "true": True, "any": None}


def create_app(runtime: Runtime, keyring: Keyring, broadcast: Broadcast[bytes]) -> FastAPI:
    """The feed as an application of its own."""
    app = FastAPI(
        title="Leadlight feed",
        version=leadlight.__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=Response,
        generate_unique_id_function=lambda route: route.name,
    )
    answer_problems(app)
    reader = keyring.holder_of("read")

    @app.get("/api/v1/visitors", tags=["Visitors"], **reference.answers(VisitorList))
    async def list_visitors(
        key: Annotated[Key, Depends(reader)],
        cursor_given: Annotated[Cursor, Query(alias="cursor")] = None,
        limit: Limit = 50,
        order: Order = "asc",
        anonymous_id: Annotated[str | None, Query(description="Look up one browser.")] = None,
        email: Annotated[str | None, Query(description="Look up the browsers of one contact.")] = None,
        company: Annotated[str | None, Query(description="Domain of the company matched.")] = None,
        intent: Intent = None,
        grade: Grade = None,
        min_score: Annotated[int | None, Query(ge=0, le=100, description="Score now, at least.")] = None,
        since: Since = None,
        updated_since: Since = None,
        bot: Bot = None,
    ) -> Response:
        """Visitors by time of their last update.

        Oldest update first, a walk misses no visitor, whatever happens meanwhile: one that changes comes again at the
        end. To keep a copy up to date, follow the changes instead of walking again.
        """
        lookup = anonymous_id is not None or email is not None
        wanted = VisitorFilter(
            anonymous_id=anonymous_id,
            email=None if email is None else normalised(email) or "",
            company=None if company is None else _domain(company),
            intent=intent,
            grade=grade,
            min_score=min_score,
            updated_since=utc(updated_since or since),
            bot=BOT[bot] if bot else (None if lookup else False),
        )
        newest_first = order == "desc"
        mark = list_mark(cursor_given, newest_first=newest_first)
        async with runtime.database.read() as connection:
            found, further = await visitor_objects.page(
                connection,
                key.site_id,
                wanted,
                now=runtime.now(),
                limit=limit,
                after=mark,
                newest_first=newest_first,
            )
        return page(VisitorList(found, cursor(ListPlace(*further, newest_first)) if further else None))

    @app.get("/api/v1/visitors/{id}", tags=["Visitors"], **reference.answers(Visitor, one=True))
    async def get_visitor(request: Request, key: Annotated[Key, Depends(reader)], id: str) -> Response:
        """One visitor, with the score as it is now. Answers 304 while nothing has changed for `If-None-Match`."""
        async with runtime.database.read() as connection:
            found = await visitor_objects.by_ids(connection, key.site_id, [id], now=runtime.now())
        if not found:
            raise _nobody(id)
        return whole(request, found[0])

    @app.get("/api/v1/visitors/{id}/visits", tags=["Visitors"], **reference.answers(VisitList, of_one=True))
    async def list_visits(
        key: Annotated[Key, Depends(reader)],
        id: str,
        cursor_given: Annotated[Cursor, Query(alias="cursor")] = None,
        limit: Limit = 50,
    ) -> Response:
        """A visitor's visits, newest first, each with its pages in the order they were opened."""
        before = place_of(cursor_given, VisitPlace).at if cursor_given is not None else None
        async with runtime.database.read() as connection:
            await _expect_visitor(connection, key.site_id, id)
            found, further = await visitor_route.visits(connection, key.site_id, id, limit=limit, before=before)
        return page(VisitList(found, cursor(VisitPlace(further)) if further else None))

    @app.get("/api/v1/visitors/{id}/timeline", tags=["Visitors"], **reference.answers(Timeline, of_one=True))
    async def get_timeline(
        key: Annotated[Key, Depends(reader)],
        id: str,
        cursor_given: Annotated[Cursor, Query(alias="cursor")] = None,
        limit: Limit = 50,
        order: Order = "asc",
    ) -> Response:
        """Everything a visitor did, moment by moment: pages, other events, and when they said who they are."""
        newest_first = order == "desc"
        place = place_of(cursor_given, TimelinePlace) if cursor_given is not None else None
        if place is not None and place.newest_first != newest_first:
            raise Problem(HTTPStatus.BAD_REQUEST, "The cursor belongs to a walk in the other order.")
        after = (place.at, place.kind, place.id) if place else None
        async with runtime.database.read() as connection:
            await _expect_visitor(connection, key.site_id, id)
            found, further = await visitor_route.timeline(
                connection, key.site_id, id, limit=limit, after=after, newest_first=newest_first
            )
        return page(Timeline(found, cursor(TimelinePlace(*further, newest_first)) if further else None))

    @app.get("/api/v1/contacts/{id}", tags=["Contacts"], **reference.answers(Contact, one=True))
    async def get_contact(request: Request, key: Annotated[Key, Depends(reader)], id: str) -> Response:
        """One person, over all their browsers: numbers are united, not added, so time in two tabs counts once."""
        async with runtime.database.read() as connection:
            found = await contact_objects.get(connection, key.site_id, id, now=runtime.now())
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no contact {id} on this key's site.")
        return whole(request, found)

    @app.get("/api/v1/alerts", tags=["Alerts"], **reference.answers(AlertList))
    async def list_alerts(
        key: Annotated[Key, Depends(reader)],
        cursor_given: Annotated[Cursor, Query(alias="cursor")] = None,
        limit: Limit = 50,
        order: Order = "desc",
        visitor: Annotated[str | None, Query(description="Alerts of one visitor.")] = None,
        type: Annotated[str | None, Query(description="Alerts of one type, such as `visitor.hot`.")] = None,
        since: Since = None,
    ) -> Response:
        """Alerts with their deliveries, newest first unless asked otherwise."""
        newest_first = order == "desc"
        mark = list_mark(cursor_given, newest_first=newest_first)
        wanted = AlertFilter(visitor=visitor, type=type, since=utc(since))
        async with runtime.database.read() as connection:
            found, further = await alert_objects.page(
                connection, key.site_id, wanted, limit=limit, after=mark, newest_first=newest_first
            )
        return page(AlertList(found, cursor(ListPlace(*further, newest_first)) if further else None))

    @app.get("/api/v1/changes", tags=["Changes"], **reference.answers(ChangeList))
    async def list_changes(
        key: Annotated[Key, Depends(reader)],
        cursor_given: Annotated[Cursor, Query(alias="cursor")] = None,
        limit: Limit = 50,
        start: Annotated[
            str, Query(alias="from", pattern="^(beginning|now)$", description="Where to begin without a cursor.")
        ] = "beginning",
    ) -> Response:
        """Every change once, in an order that can be resumed at any time: keep `next_cursor` with what you have stored.

        Each change carries the object as it is now. Bots are told of too, as `bot` says.
        """
        async with runtime.database.read() as connection:
            heads = await change_feed.heads(connection)
            if cursor_given is not None:
                place: change_feed.Vector = place_of(cursor_given, ChangePlace).vector
            else:
                place = heads if start == "now" else {}
            rows, reached = await change_feed.after(connection, place, until=heads, limit=limit, site=key.site_id)
            told = await change_objects.told(connection, key.site_id, rows, now=runtime.now())
        return page(ChangeList(told, change_cursor(reached), has_more=reached != heads))

    @app.get("/api/v1/stream", tags=["Changes"], **reference.streams())
    async def follow(
        request: Request,
        key: Annotated[Key, Depends(reader)],
        cursor_given: Annotated[
            Cursor, Query(alias="cursor", description="Like `Last-Event-ID`, for a first start.")
        ] = None,
    ) -> Response:
        """Changes as they happen, as server-sent events.

        `visitor.updated` carries the visitor, `visitor.hot` the visitor with its `alert`. Several changes of one
        visitor within a fraction of a second are told once. After a break, `Last-Event-ID` (or `cursor`) goes on
        exactly where the last event stood; ids are cursors of the changes too.
        """
        place = resume_place(request.headers.get("last-event-id") or cursor_given)
        return Stream(runtime, broadcast, keyring, key, place)

    add_links(app, runtime, keyring)
    add_company_corrections(app, runtime, keyring)
    add_bots(app, runtime, keyring)
    add_people(app, runtime, keyring)
    reference.add_reference(app)
    return app


async def _expect_visitor(connection: AsyncConnection, site: str, id: str) -> None:
    if not await visitor_objects.exists(connection, site, id):
        raise _nobody(id)


def _nobody(id: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"There is no visitor {id[:100]} on this key's site.")


def _domain(given: str) -> str:
    return ascii_form(given.strip().casefold()) or ""

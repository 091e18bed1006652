"""Health: whether everything works, in words for the owner; operators have /readyz and /metrics."""

from collections import defaultdict
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import HTMLResponse

from leadlight.core.identity.providers.circuit import Breaker
from leadlight.core.records import EVENTS_TOPIC, IDENTIFIED_TOPIC
from leadlight.errors import LeadlightError
from leadlight.runtime import Runtime
from leadlight.runtime.operations import find_problems
from leadlight.store import dead_letters
from leadlight.store.companies import spend
from leadlight.store.tables import positions
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import OurRuntime, Signed

router = APIRouter()


class Outside(Struct, frozen=True):
    """A source outside: what it was asked this month, and why it is left alone now, if it is."""

    name: str
    asked: spend.Month | None
    error: str | None


@router.api_route("/health", methods=READ)
async def health_page(request: Request, seat: Signed, runtime: OurRuntime) -> HTMLResponse:
    given = marked(request, seat)
    now = given["now"]
    problems = await find_problems(runtime, [])
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        dead = await dead_letters.count(connection, since=now - timedelta(days=1))
        outside = await sources_outside(connection, now)
    return page(
        request,
        "health.html",
        {**context, "problems": problems, "dead": dead, "outside": outside, "lag": await lag(runtime)},
    )


async def sources_outside(connection: AsyncConnection, now: datetime) -> list[Outside]:
    """The paid services that were asked this month, and all sources that do not answer."""
    asked = await spend.asked_in(connection, month=spend.month_of(now))
    standings = await spend.standings(connection)
    found = []
    for name in sorted({f"provider:{provider}" for provider in asked} | set(standings)):
        month, standing = asked.get(name.removeprefix("provider:")), standings.get(name)
        waits = standing is not None and standing.state != Breaker.CLOSED
        if month is not None or waits:
            error = standing.error if standing is not None and waits else None
            found.append(Outside(name.removeprefix("provider:"), month, error))
    return found


async def lag(runtime: Runtime) -> dict[str, int]:
    """Records not yet handled, by consumer; empty while the log is away."""
    try:
        ends = await runtime.bus.ends([EVENTS_TOPIC, IDENTIFIED_TOPIC])
        async with runtime.database.read() as connection:
            rows = await connection.execute(
                select(positions.c.consumer, positions.c.topic, func.sum(positions.c.next_offset)).group_by(
                    positions.c.consumer, positions.c.topic
                )
            )
            stored = rows.all()
    except LeadlightError:
        return {}
    written: defaultdict[str, int] = defaultdict(int)
    for partition, end in ends.items():
        written[partition.topic] += end
    return {
        consumer: max(0, written[topic] - int(done)) for consumer, topic, done in sorted(stored) if topic in written
    }

"""Health: whether everything works, in words for the owner; operators have /readyz and /metrics."""

from collections import defaultdict
from datetime import timedelta

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from starlette.responses import HTMLResponse

from leadlight.core.records import EVENTS_TOPIC, IDENTIFIED_TOPIC
from leadlight.errors import LeadlightError
from leadlight.runtime import Runtime
from leadlight.runtime.operations import find_problems
from leadlight.store import dead_letters
from leadlight.store.tables import positions
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import OurRuntime, Signed

router = APIRouter()


@router.api_route("/health", methods=READ)
async def health_page(request: Request, seat: Signed, runtime: OurRuntime) -> HTMLResponse:
    given = marked(request, seat)
    now = given["now"]
    problems = await find_problems(runtime, [])
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        dead = await dead_letters.count(connection, since=now - timedelta(days=1))
    return page(
        request,
        "health.html",
        {**context, "problems": problems, "dead": dead, "lag": await lag(runtime)},
    )


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

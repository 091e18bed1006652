"""About the data: where networks and places are known from, how old that is, and whom its licences want named."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from services.console.network_data import NetworkData
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import OurRuntime, Signed

router = APIRouter()


@router.api_route("/about-data", methods=READ)
async def about_data_page(request: Request, seat: Signed, runtime: OurRuntime) -> HTMLResponse:
    given = marked(request, seat)
    data: NetworkData = request.app.state.network_data
    seen = await data.seen()
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
    return page(request, "about_data.html", {**context, "data": seen})

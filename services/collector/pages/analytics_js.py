"""What Segment's browser library asks for beside sending events."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from leadlight.errors import StoreUnavailable
from leadlight.runtime import Runtime
from services.collector import problems
from services.collector.keys import WriteKeys
from services.collector.pages.answers import CORS, problem_response
from services.collector.problems import Problem

UNKNOWN_SITE = Problem(404, "Not found", "No site has this write key.")


def analytics_js_router(runtime: Runtime, keys: WriteKeys) -> APIRouter:
    router = APIRouter()

    @router.api_route("/v1/projects/{key}/settings", methods=["GET", "HEAD"])
    async def settings(key: str, request: Request) -> Response:
        """That everything goes to one place, which is this one, and that the library's own metrics are not wanted."""
        try:
            grant = keys.known(key) or await keys.find(key)
        except StoreUnavailable:
            return problem_response(problems.MISSED_STORE)
        if grant is None or grant.secret:
            return problem_response(UNKNOWN_SITE)
        scheme, _, host = (runtime.settings.public_url or _asked_at(request)).partition("://")
        here = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": scheme}
        content = {"integrations": {"Segment.io": here}, "plan": {}, "metrics": {"sampleRate": 0}}
        return JSONResponse(content, headers={**CORS, "cache-control": "public, max-age=300", "vary": "host"})

    @router.post("/v1/m")
    async def metrics() -> Response:
        """The library's measurements of itself, which it sends before it has read its settings. Nobody reads them."""
        return JSONResponse({"success": True}, headers=CORS)

    return router


def _asked_at(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"

"""What the collector answers beside posts of events: the snippet, the pixel, tracked links, and its own description."""

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from leadlight.runtime import Runtime
from services.collector import problems
from services.collector.arrival import Arrivals
from services.collector.keys import WriteKeys
from services.collector.pages.analytics_js import analytics_js_router
from services.collector.pages.answers import problem_response
from services.collector.pages.files import Files, files_router
from services.collector.pages.links import leads_nowhere, links_router
from services.collector.pages.pixel import pixel_router
from services.collector.pages.recording import Store
from services.collector.pages.reference import reference_router
from services.collector.problems import Problem


def pages_app(runtime: Runtime, keys: WriteKeys, files: Files, arrivals: Arrivals, store: Store) -> FastAPI:
    app = FastAPI(title="Leadlight collector", openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(files_router(files))
    app.include_router(pixel_router(keys, store))
    app.include_router(links_router(runtime, keys, arrivals, store))
    app.include_router(analytics_js_router(runtime, keys))
    app.include_router(reference_router())

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404 and request.url.path.startswith("/l/"):
            return leads_nowhere()
        if error.status_code == 405:
            problem = Problem(405, "Method not allowed", f"{request.url.path} is not read by {request.method}.")
        elif error.status_code == 404:
            problem = problems.NOT_FOUND
        else:
            problem = Problem(error.status_code, "Refused", str(error.detail))
        return problem_response(problem, dict(error.headers or {}))

    return app

"""What the collector answers beside events: the snippet, and the settings that Segment's browser library asks for."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from leadlight.errors import StoreUnavailable
from services.collector import problems
from services.collector.keys import WriteKeys
from services.collector.problems import Problem

SNIPPET = Path(__file__).parent / "static" / "leadlight.js"

SNIPPET_SECONDS = 3_600
"""How long browsers use the snippet without asking; for a day after that while they ask."""

CORS = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}

NOT_BUILT = Problem(503, "Not built", "leadlight.js has not been built: run `make setup`.")


@dataclass(frozen=True, slots=True)
class Built:
    """The snippet as it lies on the disk, ready to be sent."""

    changed_ns: int
    plain: bytes
    gzipped: bytes
    etag: str


class Snippet:
    """leadlight.js, read again when a build has changed it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._built: Built | None = None

    def current(self) -> Built | None:
        """None: it has not been built."""
        try:
            changed_ns = self._path.stat().st_mtime_ns
            if self._built is None or self._built.changed_ns != changed_ns:
                plain = self._path.read_bytes()
                etag = f'"{hashlib.sha256(plain).hexdigest()[:20]}"'
                self._built = Built(changed_ns, plain, gzip.compress(plain, 9, mtime=0), etag)
        except OSError:
            return None
        return self._built


def pages_app(keys: WriteKeys, snippet: Snippet) -> FastAPI:
    app = FastAPI(title="Leadlight collector", openapi_url=None, docs_url=None, redoc_url=None)

    @app.api_route("/leadlight.js", methods=["GET", "HEAD"])
    async def leadlight_js(request: Request) -> Response:
        built = snippet.current()
        if built is None:
            return _problem(NOT_BUILT)
        caching = f"public, max-age={SNIPPET_SECONDS}, stale-while-revalidate=86400"
        headers = {**CORS, "etag": built.etag, "cache-control": caching, "vary": "accept-encoding"}
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
        if built.etag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        packed = "gzip" in request.headers.get("accept-encoding", "")
        if packed:
            headers["content-encoding"] = "gzip"
        body = built.gzipped if packed else built.plain
        return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)

    @app.get("/v1/projects/{key}/settings")
    async def settings(key: str) -> Response:
        """What analytics.js wants to know before it sends: that everything goes to one place."""
        try:
            grant = keys.known(key) or await keys.find(key)
        except StoreUnavailable:
            return _problem(problems.MISSED_STORE)
        if grant is None or grant.secret:
            return _problem(Problem(404, "Not found", "No site has this write key."))
        content = {"integrations": {"Segment.io": {"apiKey": key}}, "plan": {}}
        return JSONResponse(content, headers={**CORS, "cache-control": "public, max-age=300"})

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            problem = Problem(405, "Method not allowed", f"{request.url.path} is not read by {request.method}.")
        elif error.status_code == 404:
            problem = problems.NOT_FOUND
        else:
            problem = Problem(error.status_code, "Refused", str(error.detail))
        return _problem(problem, headers=dict(error.headers or {}))

    return app


def _problem(problem: Problem, headers: dict[str, Any] | None = None) -> Response:
    own = {name.decode(): value.decode() for name, value in problem.headers}
    body = problem.body()
    return Response(body, problem.status, {**CORS, **own, **(headers or {})}, "application/problem+json")

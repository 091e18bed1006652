"""Every refusal as an RFC 9457 problem, in one place."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from leadlight.errors import Outage
from leadlight.logs import get_logger

log = get_logger(__name__)

RETRY_AFTER_OUTAGE_SECONDS = 2


class WrongParameter(msgspec.Struct, frozen=True):
    """A parameter that makes no sense, and why."""

    parameter: str
    message: str


class ProblemBody(msgspec.Struct, frozen=True):
    """Why a request was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[WrongParameter] | msgspec.UnsetType = msgspec.UNSET  # the parameters that make no sense


class Problem(Exception):
    """A refusal that the reader can understand."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


def answer_problems(app: FastAPI) -> None:
    """Let the application answer every error as a problem."""

    @app.exception_handler(Problem)
    async def refused(_request: Request, problem: Problem) -> Response:
        return _answer(problem.status, problem.detail, headers=problem.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        wrong = [WrongParameter(str(each["loc"][-1]), str(each["msg"])) for each in error.errors()]
        detail = "; ".join(f"{each.parameter}: {each.message}" for each in wrong)
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, detail, wrong)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        detail = f"{request.method} {request.url.path}: {error.detail}. The paths are listed at /api/v1/docs."
        return _answer(HTTPStatus(error.status_code), detail, headers=error.headers)

    @app.exception_handler(Outage)
    async def outage(_request: Request, error: Outage) -> Response:
        log.warning("request refused during an outage", error=str(error))
        retry = {"Retry-After": str(RETRY_AFTER_OUTAGE_SECONDS)}
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer at the moment.", headers=retry)

    @app.exception_handler(Exception)
    async def unexpected(_request: Request, _error: Exception) -> Response:
        return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "An error of ours; it has been logged.")


def _answer(
    status: HTTPStatus,
    detail: str,
    errors: list[WrongParameter] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = ProblemBody("about:blank", status.phrase, status, detail, errors or msgspec.UNSET)
    return Response(
        msgspec.json.encode(body),
        status,
        headers=dict(headers or {}) | {"Cache-Control": "no-store"},
        media_type="application/problem+json",
    )

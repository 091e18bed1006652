"""What the answers of all pages share."""

from collections.abc import Mapping

from fastapi import Response

from services.collector.problems import Problem

CORS = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
NOT_KEPT = {"cache-control": "no-store"}


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    own = {name.decode(): value.decode() for name, value in problem.headers}
    all_headers = {**CORS, **NOT_KEPT, **own, **(headers or {})}
    return Response(problem.body(), problem.status, all_headers, "application/problem+json")

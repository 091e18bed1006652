"""Several services behind one front: the path decides, however it is spelt."""

from pathlib import Path
from typing import Any

import pytest

from leadlight.runtime import open_runtime
from leadlight.runtime.serve import join
from leadlight.runtime.service import AsgiApp, Receive, Scope, Send, Service
from leadlight.settings import Settings


def answering(name: str) -> AsgiApp:
    """An application that says who it is and which path it was given."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"name": name, "path": scope["path"]})

    return app


SERVICES = [
    Service("collector", 1, app=answering("collector"), prefixes=("/v1/", "/leadlight", "/l/")),
    Service("feed", 2, app=answering("feed"), prefixes=("/api/v1/",)),
    Service("console", 3, app=answering("console"), prefixes=("",)),
    Service("scorer", 4),
]


@pytest.mark.parametrize(
    ("path", "name", "given"),
    [
        ("/v1/batch", "collector", "/v1/batch"),
        ("/leadlight.js", "collector", "/leadlight.js"),
        ("/api/v1/visitors", "feed", "/api/v1/visitors"),
        ("/", "console", "/"),
        ("/visitors", "console", "/visitors"),
        ("//v1/batch", "collector", "/v1/batch"),
        ("//api//v1/visitors", "feed", "/api/v1/visitors"),
    ],
)
async def test_the_path_decides_who_answers(tmp_path: Path, path: str, name: str, given: str) -> None:
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody reads")

    async with open_runtime(Settings(data=tmp_path)) as runtime:
        await join(runtime, SERVICES)({"type": "http", "path": path, "method": "GET", "headers": []}, receive, send)
    assert said == [{"name": name, "path": given}]

"""What the collector answers beside events."""

import gzip
import json
from pathlib import Path

import pytest

from services.collector.pages import SNIPPET, Snippet
from tests.services.collector.front_door import WRITE_KEY, FrontDoor


async def test_the_snippet_is_served_to_any_site_and_kept_by_browsers(door: FrontDoor) -> None:
    answer = await door.request("GET", "/leadlight.js")
    assert answer.status == 200
    assert answer.body == SNIPPET.read_bytes()
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age=" in answer.headers["Cache-Control"]
    again = await door.request("GET", "/leadlight.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    other = await door.request("GET", "/leadlight.js", headers={"If-None-Match": '"older"'})
    assert other.status == 200


async def test_a_rebuilt_snippet_is_served_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "leadlight.js"
    snippet = Snippet(path)
    assert snippet.current() is None
    path.write_bytes(b"first")
    first = snippet.current()
    assert first is not None
    assert gzip.decompress(first.gzipped) == b"first"
    path.write_bytes(b"second")
    second = snippet.current()
    assert second is not None
    assert (second.plain, second.etag != first.etag) == (b"second", True)


@pytest.mark.parametrize("path", ["/v1/", "/v1/nothing", "/v1/batch/", "/leadlight.css", "/l/token", "/v1/projects/x"])
async def test_an_address_that_is_not_there_is_a_404_that_lists_those_that_are(door: FrontDoor, path: str) -> None:
    answer = await door.request("GET", path)
    assert answer.problem["status"] == 404
    assert "/v1/batch" in answer.problem["detail"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/batch"), ("PUT", "/v1/page"), ("POST", "/leadlight.js")])
async def test_a_wrong_method_is_a_405(door: FrontDoor, method: str, path: str) -> None:
    assert (await door.request(method, path)).problem["status"] == 405


async def test_analytics_js_gets_its_settings(door: FrontDoor) -> None:
    answer = await door.request("GET", f"/v1/projects/{WRITE_KEY}/settings")
    assert json.loads(answer.body)["integrations"] == {"Segment.io": {"apiKey": WRITE_KEY}}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert (await door.request("GET", "/v1/projects/unknown/settings")).problem["status"] == 404

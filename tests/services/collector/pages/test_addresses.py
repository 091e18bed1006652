"""Which addresses the collector answers, and what analytics.js asks for."""

import json

import pytest

from tests.services.collector.front_door import WRITE_KEY, FrontDoor


@pytest.mark.parametrize("path", ["/v1/", "/v1/nothing", "/v1/batch/", "/v1/projects/x"])
async def test_an_address_that_is_not_there_is_a_404_that_lists_those_that_are(door: FrontDoor, path: str) -> None:
    answer = await door.request("GET", path)
    assert answer.problem["status"] == 404
    assert "/v1/batch" in answer.problem["detail"]


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/m"])
async def test_what_is_posted_to_is_not_read(door: FrontDoor, path: str) -> None:
    assert (await door.request("GET", path)).problem["status"] == 405


@pytest.mark.parametrize("path", ["/leadlight.js", "/l/token", "/v1/pixel.gif", f"/v1/projects/{WRITE_KEY}/settings"])
async def test_what_is_read_is_not_posted_to(door: FrontDoor, path: str) -> None:
    assert (await door.request("POST", path)).problem["status"] == 405


async def test_analytics_js_gets_its_settings_which_lead_everything_here(door: FrontDoor) -> None:
    answer = await door.request("GET", f"/v1/projects/{WRITE_KEY}/settings")
    told = json.loads(answer.body)
    host = str(door.client._base_url).removeprefix("http://").rstrip("/")
    assert told["integrations"] == {
        "Segment.io": {"apiKey": WRITE_KEY, "apiHost": f"{host}/v1", "protocol": "http"},
    }
    assert told["metrics"] == {"sampleRate": 0}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert (await door.request("GET", "/v1/projects/unknown/settings")).problem["status"] == 404


async def test_analytics_js_may_send_its_measurements_of_itself(door: FrontDoor) -> None:
    answer = await door.post("/v1/m", {"series": [{"metric": "analytics_js.invoke"}]}, key=None)
    assert (answer.status, answer.body) == (200, b'{"success":true}')
    assert await door.stored() == []

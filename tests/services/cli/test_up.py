"""`leadlight up`: everything in one process, without configuration."""

import json
import signal
import socket
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.infra.disk import fill, small_disk
from tests.services.cli.command import leadlight
from tests.services.cli.running import up

START_SECONDS = 60


def fetch(url: str, body: object = None, **headers: str) -> tuple[int, bytes]:
    request = Request(url, data=None if body is None else json.dumps(body).encode(), headers=headers)
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_new_folder_starts_and_every_address_answers(tmp_path: Path, free_port: int) -> None:
    with up(tmp_path / "new" / "data", "--port", str(free_port)) as running:
        assert {"console", "collector", "feed", "docs", "demo_site", "sign_in"} <= set(running)
        home = f"http://127.0.0.1:{free_port}"
        assert running["collector"] == home
        for address in ("docs", "demo_site", "sign_in", "console"):
            assert fetch(running[address])[0] == 200, address
        for path in ("/healthz", "/readyz", "/metrics", "/leadlight.js", "/api/v1/openapi.json"):
            assert fetch(home + path)[0] == 200, path
        assert fetch(f"{home}/api/v1/visitors")[0] == 401
        assert running["demo_site"] != home


def test_a_new_folder_is_closed_to_the_machine_s_other_users(tmp_path: Path, free_port: int) -> None:
    started, ordered = tmp_path / "started", tmp_path / "ordered"
    with up(started, "--port", str(free_port)):
        assert leadlight(ordered, "site", "add", "Shop", "--domain", "shop.example").code == 0
        assert [oct(data.stat().st_mode & 0o777) for data in (started, ordered)] == ["0o700", "0o700"]


def test_everything_is_kept_when_it_is_started_again(tmp_path: Path, free_port: int) -> None:
    words = ("--port", str(free_port), "--no-demo-site")
    with up(tmp_path, *words) as running:
        site = leadlight(tmp_path, "site", "add", "Shop", "--domain", "shop.example", "--json").json
        assert site["snippet"].startswith(f'<script async src="{running["collector"]}/leadlight.js"')
        key = leadlight(tmp_path, "key", "add", "crm", "--site", site["id"], "--json").json["key"]
        event = {
            "writeKey": site["write_key"],
            "anonymousId": "ann",
            "messageId": "1",
            "context": {"page": {"path": "/"}},
        }
        assert fetch(f"{running['collector']}/v1/page", event) == (200, b'{"success": true}')
        assert running["process"].poll() is None
    assert running["process"].returncode == 0

    with up(tmp_path, *words) as running:
        assert running["demo_site"] is None
        url = f"{running['feed']}/visitors?anonymous_id=ann"
        deadline = time.monotonic() + 20
        while True:
            status, body = fetch(url, Authorization=f"Bearer {key}")
            assert status == 200
            if data := json.loads(body)["data"]:
                break
            assert time.monotonic() < deadline, "the visitor was lost"
            time.sleep(0.05)
        assert (data[0]["page_views"], data[0]["visits"]) == (1, 1)
    assert running["process"].returncode == 0


def test_an_event_acknowledged_just_before_a_kill_is_counted_after_it(tmp_path: Path, free_port: int) -> None:
    words = ("--port", str(free_port), "--no-demo-site")
    with up(tmp_path, *words) as running:
        site = leadlight(tmp_path, "site", "add", "Shop", "--domain", "shop.example", "--json").json
        key = leadlight(tmp_path, "key", "add", "crm", "--site", site["id"], "--json").json["key"]
        for number in range(20):
            event = {"writeKey": site["write_key"], "anonymousId": "ann", "messageId": f"{number}", "event": "x"}
            assert fetch(f"{running['collector']}/v1/track", event)[0] == 200
        running["process"].kill()
    with up(tmp_path, *words) as running:
        deadline = time.monotonic() + 20
        while True:
            _, body = fetch(f"{running['feed']}/visitors?anonymous_id=ann", Authorization=f"Bearer {key}")
            data = json.loads(body)["data"]
            if data and data[0]["activities"] == 20:
                break
            assert time.monotonic() < deadline, data
            time.sleep(0.05)


def test_the_first_person_signs_in_once_and_the_link_is_then_used_up(tmp_path: Path, free_port: int) -> None:
    words = ("--port", str(free_port), "--no-demo-site")
    with up(tmp_path, *words) as running:
        first = running["sign_in"]
        assert first
    with up(tmp_path, *words) as running:
        assert running["sign_in"], "nobody has signed in yet: there is a link again"


def test_a_second_process_on_the_same_folder_is_told_why_it_ends(tmp_path: Path, free_port: int) -> None:
    with up(tmp_path, "--port", str(free_port), "--no-demo-site"):
        other = leadlight(tmp_path, "up", "--port", "0")
        assert other.code == 1
        assert str(tmp_path) in other.err
        assert "Traceback" not in other.err
        doctor = leadlight(tmp_path, "doctor")
        assert doctor.code == 0, doctor.out
        assert "running at" in doctor.out


def test_a_busy_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        outcome = leadlight(tmp_path, "up", "--port", str(port))
    assert outcome.code == 1
    assert f"Port {port}" in outcome.err
    assert "--port" in outcome.err
    assert "Traceback" not in outcome.err


def test_ctrl_c_stops_it_cleanly(tmp_path: Path, free_port: int) -> None:
    with up(tmp_path, "--port", str(free_port), "--no-demo-site") as running:
        running["process"].send_signal(signal.SIGINT)
        _, said = running["process"].communicate(timeout=30)
    assert running["process"].returncode == 0
    assert "Traceback" not in said


def test_demo_visitors_come_and_go_without_a_trace(tmp_path: Path, free_port: int) -> None:
    with up(tmp_path, "--port", str(free_port)) as running:
        site = leadlight(tmp_path, "site", "list", "--json").json[0]
        key = leadlight(tmp_path, "key", "add", "crm", "--site", site["id"], "--json").json["key"]
        sent = leadlight(tmp_path, "demo", "--visitors", "12", "--speed", "200", "--seed", "1", "--json")
        assert sent.json["visitors"] == 12
        visitors = f"{running['feed']}/visitors?limit=200"
        deadline = time.monotonic() + 30
        while len(json.loads(fetch(visitors, Authorization=f"Bearer {key}")[1])["data"]) < 12:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1.5)  # the last of them have been scored
        removed = leadlight(tmp_path, "demo", "remove", "--json").json
        assert removed["visitors"] == 12
        assert json.loads(fetch(visitors, Authorization=f"Bearer {key}")[1])["data"] == []
        assert leadlight(tmp_path, "demo", "remove", "--json").json["visitors"] == 0


def test_an_almost_full_disk_is_told_at_the_start_and_a_full_one_by_the_doctor(tmp_path: Path, free_port: int) -> None:
    with (
        small_disk(tmp_path / "disk", kib=16_384) as disk,
        up(disk, "--port", str(free_port), "--no-demo-site") as running,
    ):
        assert fetch(f"{running['collector']}/readyz")[0] == 200
        ballast = fill(disk)
        outcome = leadlight(disk, "doctor")
        assert outcome.code == 1
        assert f"log: the disk of {disk}/log is full: 0 MB free" in outcome.out
        assert "Free some space" in outcome.out
        ballast.unlink()
        assert leadlight(disk, "doctor").code == 0
        running["process"].send_signal(signal.SIGINT)
        _, said = running["process"].communicate(timeout=30)
    assert "the disk is almost full" in said


def test_a_full_disk_is_told_at_the_start(tmp_path: Path, free_port: int) -> None:
    with small_disk(tmp_path / "small", kib=64) as disk:
        outcome = leadlight(disk / "data", "up", "--port", str(free_port))
    assert outcome.code == 1
    assert "full" in outcome.err or "space" in outcome.err
    assert "Traceback" not in outcome.err

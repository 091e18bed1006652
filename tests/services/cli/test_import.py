"""`leadlight import` beside a running product: what an owner sees of a year of logs."""

import gzip
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.services.cli.command import COMMAND, Outcome, environment, leadlight
from tests.services.cli.running import up
from tests.services.cli.test_up import fetch

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass(frozen=True)
class Shop:
    """A running product with one site, and what the owner can ask it."""

    data: Path
    feed: str
    read_key: str

    def imported(self, file: Path, form: str, *words: str) -> Outcome:
        return leadlight(self.data, "import", str(file), "--site", "shop.example", "--format", form, "--json", *words)

    def visitors(self, number: int) -> list[dict[str, Any]]:
        """All visitors, as soon as there are so many with nothing on its way any more."""
        return self._listed(f"visitors?limit={number + 50}", number)

    def timeline(self, visitor: str, number: int) -> list[dict[str, Any]]:
        return self._listed(f"visitors/{visitor}/timeline", number)

    def alerts(self) -> list[dict[str, Any]]:
        return self._listed("alerts", 0)

    def _listed(self, path: str, number: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 20
        while True:
            status, body = fetch(f"{self.feed}/{path}", Authorization=f"Bearer {self.read_key}")
            assert status == 200, body
            found: list[dict[str, Any]] = json.loads(body)["data"]
            if len(found) >= number or time.monotonic() > deadline:
                assert len(found) == number, found
                return found
            time.sleep(0.1)


@pytest.fixture
def shop(tmp_path: Path, free_port: int) -> Iterator[Shop]:
    data = tmp_path / "data"
    with up(data, "--port", str(free_port), "--no-demo-site") as running:
        leadlight(data, "site", "add", "Shop", "--domain", "shop.example")
        key = leadlight(data, "key", "add", "crm", "--site", "shop.example", "--scope", "read", "--json").json
        yield Shop(data, running["feed"], key["key"])


def hits(*readers: int, path: str = "/pricing", minute: int = 0) -> str:
    return "".join(
        f'203.0.113.{reader} - - [03/Oct/2025:10:{minute:02}:{reader:02} +0000] "GET {path} HTTP/1.1" 200 99 "-" "{FIREFOX}"\n'
        for reader in readers
    )


def test_a_log_is_imported_once_however_often_it_is_read(shop: Shop, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(hits(1, 2) + "garbage\n" + hits(2, path="/style.css") + hits(1, path="/contact", minute=5))
    done = shop.imported(log, "combined")
    assert "line 3: not in the combined format" in done.err
    told = done.json
    assert (told["lines"], told["events"], told["bad_lines"], told["skipped"]) == (5, 3, 1, {"not_a_page": 1})
    assert told["bad"] == [{"line": 3, "why": told["bad"][0]["why"]}]

    (second, first) = sorted(shop.visitors(2), key=lambda visitor: visitor["page_views"])
    assert (second["page_views"], first["page_views"]) == (1, 2)
    assert first["first_seen_at"] == "2025-10-03T10:00:01Z"
    assert first["agent"]["browser"].startswith("Firefox")
    (view, _) = shop.timeline(first["id"], 2)
    assert (view["imported"], view["url"]) == (True, "https://shop.example/pricing")

    with log.open("a") as file:
        file.write(hits(3))
    again = shop.imported(log, "combined").json
    assert (again["from_line"], again["lines"], again["events"]) == (6, 1, 1)
    copy = tmp_path / "access.log.1.gz"
    copy.write_bytes(gzip.compress(log.read_bytes()))
    assert shop.imported(copy, "combined").json["lines"] == 6
    assert shop.imported(log, "combined", "--from-start").json["lines"] == 6
    shop.imported(_marker(tmp_path), "combined")
    assert sorted(visitor["page_views"] for visitor in shop.visitors(4)) == [1, 1, 1, 2]
    assert leadlight(shop.data, "key", "list", "--site", "shop.example", "--json").json[0]["name"] == "crm"
    assert len(leadlight(shop.data, "key", "list", "--site", "shop.example", "--json").json) == 1


def _marker(folder: Path) -> Path:
    """A log of one more reader: when that one has arrived, everything before has."""
    marker = folder / "marker.log"
    marker.write_text(hits(9))
    return marker


def test_an_import_that_is_interrupted_says_where_and_goes_on_there(shop: Shop, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("garbage\n" + "".join(hits(1, 2, path=f"/page-{number}") for number in range(1_000)))
    words = ["import", str(log), "--site", "shop.example", "--format", "combined", "--rate", "100"]
    slow = subprocess.Popen([COMMAND, *words], env=environment(shop.data), stderr=subprocess.PIPE, text=True)
    assert slow.stderr is not None
    assert any("line 1: " in line for line in slow.stderr), "told once the first piece has arrived"
    slow.send_signal(signal.SIGINT)
    _, told = slow.communicate(timeout=30)
    stopped = re.search(r"Stopped behind line (\d+)\. The same command goes on from there\.", told)
    assert stopped is not None, told
    assert slow.returncode == 130
    rest = shop.imported(log, "combined", "--rate", "0").json
    assert (rest["from_line"], rest["from_line"] + rest["lines"]) == (int(stopped[1]) + 1, 2_002)
    assert sum(visitor["page_views"] for visitor in shop.visitors(2)) == 2_000


def test_another_file_under_the_same_name_is_read_from_its_start(shop: Shop, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(hits(1, 2, 3))
    shop.imported(log, "combined")
    log.write_text(hits(4, 5) + hits(6) + hits(7))
    done = shop.imported(log, "combined")
    assert "not the one" in done.err
    assert done.json["lines"] == 4
    shop.visitors(7)


def test_calls_are_imported_with_their_people_and_alert_nobody(shop: Shop, tmp_path: Path) -> None:
    calls: list[dict[str, Any]] = [
        {"type": "page", "timestamp": f"2025-10-03T10:0{at}:00Z", "properties": {"path": path}, "messageId": f"v{at}"}
        for at, path in enumerate(("/pricing", "/demo", "/contact", "/compare/others", "/case-studies/x"))
    ]
    calls += [
        {
            "type": "track",
            "event": "Page Engaged",
            "timestamp": f"2025-10-03T10:0{at}:30Z",
            "properties": {
                "page_view_id": f"v{at}",
                "engaged_ms": 20_000,
                "active_until": f"2025-10-03T10:0{at}:30Z",
            },
        }
        for at in range(5)
    ]
    calls.append(
        {"type": "identify", "originalTimestamp": "2025-10-03T10:07:00Z", "traits": {"email": "ann@mill.example"}}
    )
    lines = [json.dumps({**call, "anonymousId": "ann", "sentAt": "2025-10-03T11:00:00Z"}) for call in calls]
    bad = [
        '{"type": "page"',
        '{"type": "page", "anonymousId": "ann"}',
        '{"type": "page", "timestamp": "2025-10-03T10:00:00Z"}',
    ]
    file = tmp_path / "calls.ndjson"
    file.write_text("\n".join([*lines, "", *bad]))
    done = shop.imported(file, "segment")
    assert (done.json["events"], done.json["bad_lines"], done.json["skipped"]) == (11, 3, {"empty": 1})
    assert "no_identity" in done.err  # what the collector would refuse is told with its line, too

    (ann,) = shop.visitors(1)
    deadline = time.monotonic() + 20
    while ann["contact"] is None and time.monotonic() < deadline:
        (ann,) = shop.visitors(1)
    assert ann["contact"]["email"] == "ann@mill.example"
    assert (ann["first_seen_at"], ann["last_seen_at"]) == ("2025-10-03T10:00:00Z", "2025-10-03T10:04:30Z")
    assert shop.alerts() == []


def test_a_file_of_another_kind_is_refused_at_once_and_can_be_imported_rightly(shop: Shop, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(hits(*range(1, 50)))
    wrong = shop.imported(log, "segment")
    assert wrong.code == 1
    assert "Is it the format combined?" in wrong.err
    tried = shop.imported(log, "combined", "--dry-run")
    assert (tried.json["lines"], tried.json["events"]) == (49, 0)
    assert shop.imported(log, "combined").json["events"] == 49


def test_what_is_damaged_or_not_there_says_so(shop: Shop, tmp_path: Path) -> None:
    missing = shop.imported(tmp_path / "nothing.log", "combined")
    assert (missing.code, "cannot be read" in missing.err) == (1, True)
    cut = tmp_path / "cut.log.gz"
    cut.write_bytes(gzip.compress((hits(*range(1, 60)) * 50).encode())[:-300])
    broken = shop.imported(cut, "combined")
    assert (broken.code, "damaged" in broken.err) == (1, True)


def test_without_a_collector_an_import_can_be_tried_and_nothing_is_forgotten(tmp_path: Path) -> None:
    leadlight(tmp_path, "site", "add", "Shop", "--domain", "shop.example")
    log = tmp_path / "access.log"
    log.write_text(hits(1))
    done = leadlight(
        tmp_path, "import", str(log), "--site", "shop.example", "--format", "combined", "--dry-run", "--json"
    )
    assert done.json["lines"] == 1

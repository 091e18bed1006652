"""The snippet's files as browsers get them."""

import asyncio
import base64
import gzip
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import aiohttp
import pytest

from leadlight.settings import Settings
from services.collector.pages.files import STATIC, Files, best_encoding
from tests.services.cli.command import leadlight
from tests.services.collector.front_door import Answer, FrontDoor, open_front_door

EVERYWHERE = {"Accept-Encoding": "gzip, deflate, br, zstd"}
ALL = {"br": 0, "gzip": 0, "identity": 0}


async def get(door: FrontDoor, path: str, **headers: str) -> Answer:
    """The answer with its bytes as they came, still packed."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    skip = [] if "Accept-Encoding" in names else ["Accept-Encoding"]
    address = str(door.client._base_url)
    async with (
        aiohttp.ClientSession(address, auto_decompress=False, skip_auto_headers=skip) as client,
        client.get(path, headers=names) as response,
    ):
        return Answer(response.status, response.headers, await response.read())


async def test_the_snippet_is_served_to_any_site_and_kept_by_browsers(door: FrontDoor) -> None:
    answer = await get(door, "/leadlight.js")
    assert answer.status == 200
    assert answer.body == (STATIC / "leadlight.js").read_bytes()
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=3600, stale-while-revalidate=86400"
    assert answer.headers["Vary"] == "accept-encoding"
    again = await get(door, "/leadlight.js", If_None_Match=answer.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]
    other = await get(door, "/leadlight.js", If_None_Match='"older"')
    assert other.status == 200


async def test_it_comes_packed_as_the_build_packed_it_and_known_in_every_form(door: FrontDoor) -> None:
    packed = await get(door, "/leadlight.js", Accept_Encoding="gzip, deflate, br")
    assert packed.headers["Content-Encoding"] == "br"
    assert packed.body == (STATIC / "leadlight.js.br").read_bytes()
    gzipped = await get(door, "/leadlight.js", Accept_Encoding="gzip, br;q=0")
    assert gzipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(gzipped.body) == (STATIC / "leadlight.js").read_bytes()
    assert gzipped.headers["ETag"] != packed.headers["ETag"]
    known = await get(door, "/leadlight.js", Accept_Encoding="br", If_None_Match=f'W/{gzipped.headers["ETag"]}, "x"')
    assert known.status == 304


def test_what_brotli_packed_is_what_is_served_plainly() -> None:
    unpack = "process.stdout.write(require('zlib').brotliDecompressSync(require('fs').readFileSync(process.argv[1])))"
    for path in STATIC.glob("*.br"):
        plain = subprocess.run(["node", "-e", unpack, str(path)], capture_output=True, check=True).stdout
        assert plain == path.with_suffix("").read_bytes()


@pytest.mark.parametrize(
    ("accepted", "best"),
    [
        (None, "identity"),
        ("", "identity"),
        ("identity", "identity"),
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, br", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("GZIP ; Q=0.8 , br ; q=0", "gzip"),
        ("br;q=0, gzip;q=0", "identity"),
        ("*", "br"),
        ("*;q=0.1, gzip", "gzip"),
        ("br;q=0, *", "gzip"),
        ("identity;q=1, gzip;q=0.2", "identity"),
        ("zstd, deflate", "identity"),
        ("gzip;q=nonsense", "identity"),
        ("br;q=7", "br"),
        ("*;q=0", "identity"),
    ],
)
def test_the_encoding_is_the_best_that_the_client_takes(accepted: str | None, best: str) -> None:
    assert best_encoding(accepted, ALL) == best


def test_what_was_not_packed_is_sent_as_it_is() -> None:
    assert best_encoding("br, gzip", {"identity": 0}) == "identity"
    assert best_encoding("br, gzip;q=0.1", {"identity": 0, "gzip": 0}) == "gzip"


async def test_every_file_of_the_manifest_is_there_with_the_bytes_it_names(door: FrontDoor) -> None:
    manifest = json.loads((await get(door, "/leadlight.json")).body)
    version = manifest["version"]
    assert {"leadlight.js", f"leadlight-{version}.js"} <= set(manifest["files"])
    for name, told in manifest["files"].items():
        answer = await get(door, f"/{name}")
        assert told["integrity"] == "sha384-" + base64.b64encode(hashlib.sha384(answer.body).digest()).decode()
        assert told["bytes"] == len(answer.body)
        frozen = name.endswith(f"-{version}.js")
        assert ("immutable" in answer.headers["Cache-Control"]) == frozen, name


async def test_the_pinned_snippet_names_a_frozen_file_and_its_exact_bytes(door: FrontDoor) -> None:
    words = ("site", "snippet", "--site", "fernwerk.example", "--pinned", "--json")
    made = (await asyncio.to_thread(leadlight, door.runtime.settings.data, *words)).json
    found = re.search(
        r'src="[^"]+(/leadlight-[0-9.]+\.js)" integrity="(sha384-[^"]+)" crossorigin="anonymous" data-key="',
        made["snippet"],
    )
    assert found is not None, made["snippet"]
    answer = await get(door, found[1])
    assert found[2] == made["integrity"] == "sha384-" + base64.b64encode(hashlib.sha384(answer.body).digest()).decode()
    plain = (await asyncio.to_thread(leadlight, door.runtime.settings.data, *words[:4], "--json")).json
    assert '/leadlight.js"' in plain["snippet"]
    assert "integrity" not in plain["snippet"]


async def test_a_page_that_pins_a_version_gets_it_after_an_update_too(tmp_path: Path) -> None:
    data, older = Settings(data=tmp_path / "data"), tmp_path / "older"
    older.mkdir()
    for name in (
        "leadlight.js",
        "leadlight-0.0.9.js",
        "leadlight-forms-0.0.9.js",
        "leadlight-forms.js",
        "leadlight.json",
    ):
        (older / name).write_bytes(f"{name} of then".encode())
        (older / f"{name}.gz").write_bytes(gzip.compress(f"{name} of then".encode()))
    Files(older, data.data / "snippets").keep()  # as the earlier version did
    async with open_front_door(data) as door:
        for name in ("leadlight-0.0.9.js", "leadlight-forms-0.0.9.js"):
            answer = await get(door, f"/{name}", Accept_Encoding="gzip")
            assert gzip.decompress(answer.body) == f"{name} of then".encode()
            assert "immutable" in answer.headers["Cache-Control"]
        assert (await get(door, "/leadlight.js")).body == (STATIC / "leadlight.js").read_bytes()
        assert "/leadlight-0.0.9.js" in (await get(door, "/leadlight-1.0.0.js")).problem["detail"]


async def test_a_version_that_is_not_there_is_a_404_that_lists_those_that_are(door: FrontDoor) -> None:
    for path in (
        "/leadlight-9.9.9.js",
        "/leadlight.css",
        "/leadlight-x%2f..%2f..%2fservice.py",
        "/leadlight.js.br",
        "/leadlight",
    ):
        answer = await get(door, path)
        assert answer.problem["status"] == 404, path
        assert "/leadlight.js" in answer.problem["detail"]
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_monitor_may_ask_by_head(door: FrontDoor) -> None:
    answer = await door.request("HEAD", "/leadlight.js", headers={"Accept-Encoding": "identity"})
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) == (STATIC / "leadlight.js").stat().st_size


def test_a_rebuilt_snippet_is_served_without_a_restart(tmp_path: Path) -> None:
    path, files = tmp_path / "leadlight.js", Files(tmp_path)
    assert files.find("leadlight.js") is None
    path.write_bytes(b"first")
    first = files.find("leadlight.js")
    assert first is not None
    assert first.bodies == {"identity": b"first"}
    path.write_bytes(b"second")
    os.utime(path, ns=(1, first.changed_ns[0] + 1))
    path.with_name("leadlight.js.gz").write_bytes(gzip.compress(b"second"))
    second = files.find("leadlight.js")
    assert second is not None
    assert second.bodies["identity"] == b"second"
    assert second.etag("gzip") != first.etag("gzip")
    assert "gzip" in second.bodies
    path.unlink()
    assert files.find("leadlight.js") is None


def test_a_version_that_pages_have_pinned_never_changes_its_bytes(tmp_path: Path) -> None:
    built, kept = tmp_path / "built", tmp_path / "kept"
    built.mkdir()
    files = Files(built, kept)
    for text in (b"as it was released", b"built again"):
        (built / "leadlight-0.0.9.js").write_bytes(text)
        (built / "leadlight.js").write_bytes(text)
        files.keep()
    frozen, moving = files.find("leadlight-0.0.9.js"), files.find("leadlight.js")
    assert frozen is not None
    assert moving is not None
    assert (frozen.bodies["identity"], moving.bodies["identity"]) == (b"as it was released", b"built again")

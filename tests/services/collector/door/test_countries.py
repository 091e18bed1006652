"""The privacy level of a visitor's country, by the operator's file of networks."""

from pathlib import Path
from typing import Any

import pytest

from leadlight.core.intake.drops import Drop
from leadlight.core.sites.settings import Privacy
from services.collector.door.countries import Countries
from tests.infra.mmdb import mmdb
from tests.services.collector.door.conftest import Decided
from tests.services.collector.door.visits import coming_from, kept, refused
from tests.services.collector.front_door import SECRET_KEY

FILE = Path("networks") / "any-name.mmdb"
PAGE = {"type": "page", "anonymousId": "a"}


def put(data: Path, networks: dict[str, Any]) -> None:
    path = data / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(mmdb(networks))


@pytest.mark.parametrize(
    ("record", "country"),
    [
        ({"country": {"iso_code": "DE", "geoname_id": 2921044}}, "DE"),  # MaxMind, DB-IP
        ({"registered_country": {"iso_code": "DE"}}, "DE"),
        ({"country": "DE", "country_name": "Germany"}, "DE"),  # IPinfo, formerly
        ({"country": "Germany", "country_code": "DE", "continent": "Europe"}, "DE"),  # IPinfo Lite
        ({"country_code": "de"}, "DE"),
    ],
)
def test_files_of_every_known_maker_are_read(tmp_path: Path, record: Any, country: str | None) -> None:
    put(tmp_path, {"203.0.113.0/24": record, "2001:db8::/32": record})
    countries = Countries(tmp_path)
    assert countries.refresh()
    assert (countries.of("203.0.113.9"), countries.of("2001:db8::9")) == (country, country)
    assert countries.of("198.51.100.1") is None


def test_a_file_that_tells_no_country_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, {"203.0.113.0/24": {"country": {"iso_code": "ZZ"}}})
    countries = Countries(tmp_path)
    countries.refresh()
    assert countries.of("203.0.113.9") is None


def test_a_file_may_come_later_be_replaced_break_and_go(tmp_path: Path) -> None:
    countries = Countries(tmp_path)
    assert not countries.refresh()
    assert countries.of("203.0.113.9") is None
    for code in ("DE", "FR"):
        put(tmp_path, {"203.0.113.0/24": {"country": {"iso_code": code}}})
        assert countries.refresh()
        assert countries.of("203.0.113.9") == code
        assert not countries.refresh()
    (tmp_path / FILE).write_bytes(b"no such thing")
    assert countries.refresh()
    assert countries.of("203.0.113.9") == "FR", "the one before stays in use"
    (tmp_path / FILE).unlink()
    assert countries.refresh()
    assert countries.of("203.0.113.9") is None


async def test_the_country_of_the_address_decides_and_a_server_may_state_it(decided: Decided, tmp_path: Path) -> None:
    put(tmp_path, {"203.0.113.0/24": {"country": {"iso_code": "FR"}}})
    async with decided(privacy_by_country={"FR": Privacy.NONE}) as door:
        assert await refused(door, PAGE, coming_from("203.0.113.9")) == Drop.PRIVACY_NONE
        await kept(door, PAGE, coming_from("198.51.100.1"))
        there = PAGE | {"context": {"ip": "203.0.113.9"}}
        assert await refused(door, there, {}, key=SECRET_KEY) == Drop.PRIVACY_NONE
        await kept(door, there, {})

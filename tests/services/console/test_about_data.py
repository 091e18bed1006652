"""About the data: where networks and places are known from, and whom its licences want named."""

from pathlib import Path

from tests.infra.mmdb import mmdb
from tests.services.console.conftest import Visit
from tests.services.console.stage import Stage

CITY = {"country": {"iso_code": "GB"}, "city": {"names": {"en": "Leeds"}}}


async def test_without_data_the_page_says_what_that_costs_and_what_to_do(admin: Visit) -> None:
    text = await admin.read("/about-data")
    assert "There are none here" in text
    assert "leadlight data pull" in text
    assert 'href="/about-data"' in await admin.read("/")


async def test_the_makers_of_the_data_in_use_are_named_with_their_links(stage: Stage, admin: Visit) -> None:
    folder: Path = stage.runtime.settings.data / "networks"
    folder.mkdir()
    (folder / "places.mmdb").write_bytes(mmdb({"203.0.113.0/24": CITY}, "DBIP-City-Lite"))
    (folder / "broken.mmdb").write_bytes(b"<html>")
    text = await admin.read("/about-data")
    assert '<a href="https://db-ip.com" rel="noopener noreferrer">IP Geolocation by DB-IP</a>' in text
    assert "places.mmdb" in text
    assert "is cut off, damaged, or no file" in text

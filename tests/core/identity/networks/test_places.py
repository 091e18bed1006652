"""How much of a place may be believed over which network, and how that is said."""

import pytest

from leadlight.core.identity.networks.places import believable, statement
from leadlight.core.records import Place

LEEDS = Place("GB", "England", "Leeds", 20)


@pytest.mark.parametrize(
    ("kind", "place", "said"),
    [
        ("isp", LEEDS, "city level, about 20 km"),
        ("business", LEEDS, "city level, about 20 km"),
        ("unknown", LEEDS, "city level, about 20 km"),
        ("relay", Place("GB", "England", None, 250), "region level, about 250 km"),
        ("mobile", Place("GB"), "country only"),
        ("hosting", Place("GB"), "country only"),
        ("security_proxy", Place("GB"), "country only"),
        ("vpn", Place(), None),
    ],
)
def test_a_city_is_believed_only_where_it_is_the_visitors(kind: str, place: Place, said: str | None) -> None:
    found = believable(LEEDS, kind)
    assert (found, statement(found)) == (place, said)


def test_an_address_that_is_everywhere_is_nowhere() -> None:
    assert believable(LEEDS, "isp", anycast=True) == Place()


def test_a_relay_of_which_only_the_country_is_known_tells_the_country() -> None:
    assert believable(Place("GB"), "relay") == Place("GB")
    assert believable(Place(), "relay") == Place()

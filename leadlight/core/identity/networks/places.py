"""Where a visitor is: how exactly that can be known over which kind of network, and how to say so."""

from typing import Final

from leadlight.core.identity.networks.shapes import REGION_KM
from leadlight.core.records import Place

NOWHERE: Final = Place()

_NO_PLACE: Final = frozenset({"vpn"})
"""The visitor chose where to come out."""
_COUNTRY_ONLY: Final = frozenset({"hosting", "security_proxy", "mobile"})
"""A machine, a gateway or an exchange that serves a whole country, if not several."""


def believable(place: Place, kind: str, *, anycast: bool = False) -> Place:
    """As much of a place as the kind of network lets one believe.

    A city is the address's, not the visitor's, wherever many people from far apart share the address. Relays come out
    near their users: the region is right.
    """
    if anycast or kind in _NO_PLACE:
        return NOWHERE
    if kind in _COUNTRY_ONLY:
        return Place(place.country)
    if kind == "relay":
        return Place(place.country, place.region, None, REGION_KM) if place.region else Place(place.country)
    return place


def statement(place: Place) -> str | None:
    """How exact a place is, for people: `city level, about 50 km`. None: no place is known."""
    if place.country is None:
        return None
    if place.city is None and place.region is None:
        return "country only"
    level = "city level" if place.city is not None else "region level"
    return f"{level}, about {place.accuracy_km:,} km" if place.accuracy_km is not None else level

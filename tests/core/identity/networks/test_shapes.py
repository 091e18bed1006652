"""Records as each maker of network data writes them, all read as the same few facts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.networks.shapes import Told, gives, told
from leadlight.core.records import Place

ENTERPRISE = {
    "country": {
        "confidence": 99,
        "geoname_id": 2635167,
        "iso_code": "GB",
        "names": {"de": "Königreich", "en": "Kingdom"},
    },
    "subdivisions": [
        {"iso_code": "ENG", "names": {"en": "England"}},
        {"iso_code": "WBK", "names": {"en": "Berkshire"}},
    ],
    "city": {"confidence": 11, "names": {"en": "Leeds", "ja": "リーズ"}},
    "location": {"accuracy_radius": 20, "latitude": 53.8, "longitude": -1.5},
    "traits": {
        "autonomous_system_number": 64500,
        "autonomous_system_organization": "Mill Networks",
        "connection_type": "Corporate",
        "domain": "mill.example",
        "isp": "Somebody's Fibre",
        "organization": "Harbor Mills",
        "user_type": "business",
        "static_ip_score": 1.3,
    },
}

SHAPES: list[tuple[str, dict[str, Any], Told]] = [
    (
        "MaxMind ASN, DB-IP ASN Lite",
        {"autonomous_system_number": 64500, "autonomous_system_organization": "Mill Networks"},
        Told(asn=64500, as_name="Mill Networks"),
    ),
    (
        "MaxMind ISP",
        {
            "autonomous_system_number": 64500,
            "autonomous_system_organization": "Mill Networks",
            "isp": "Mill Fibre",
            "organization": "Somebody",
        },
        Told(asn=64500, as_name="Mill Networks"),
    ),
    ("MaxMind ISP without a number", {"isp": "Mill Fibre"}, Told(as_name="Mill Fibre")),
    ("MaxMind Country", {"country": {"iso_code": "DE", "names": {"en": "Germany"}}}, Told(place=Place("DE"))),
    ("MaxMind Country, registered only", {"registered_country": {"iso_code": "DE"}}, Told(place=Place("DE"))),
    (
        "MaxMind City, Enterprise",
        ENTERPRISE,
        Told(
            asn=64500,
            as_name="Mill Networks",
            kind="business",
            kind_rule="data:user_type",
            company_domain="mill.example",
            company_name="Harbor Mills",
            place=Place("GB", "England", "Leeds", 20),
        ),
    ),
    ("MaxMind Connection-Type", {"connection_type": "Cellular"}, Told(kind="mobile", kind_rule="data:connection_type")),
    (
        "MaxMind Anonymous-IP",
        {"is_anonymous": True, "is_anonymous_vpn": True, "is_hosting_provider": True},
        Told(kind="vpn", kind_rule="data:is_anonymous_vpn", flagged=True),
    ),
    (
        "MaxMind, anycast",
        {"country": {"iso_code": "US"}, "traits": {"is_anycast": True}},
        Told(place=Place("US"), anycast=True),
    ),
    (
        "IPinfo ASN",
        {"asn": "AS64500", "domain": "mill.example", "name": "Mill Networks", "route": "203.0.113.0/24", "type": "isp"},
        Told(asn=64500, as_name="Mill Networks", as_domain="mill.example", kind="isp", kind_rule="data:type"),
    ),
    (
        "IPinfo Lite",
        {
            "asn": "AS64500",
            "as_name": "Mill Networks",
            "as_domain": "mill.example",
            "country": "Germany",
            "country_code": "DE",
            "continent": "Europe",
        },
        Told(asn=64500, as_name="Mill Networks", as_domain="mill.example", place=Place("DE")),
    ),
    (
        "IPinfo country",
        {"country": "DE", "country_name": "Germany", "continent": "EU"},
        Told(place=Place("DE")),
    ),
    (
        "IPinfo standard location",
        {"city": "Leeds", "region": "England", "country": "GB", "lat": "53.8", "lng": "-1.5", "postal": "LS1"},
        Told(place=Place("GB", "England", "Leeds", 50)),
    ),
    (
        "IPinfo extended location",
        {"city": "Leeds", "region": "England", "country": "GB", "radius": "10"},
        Told(place=Place("GB", "England", "Leeds", 10)),
    ),
    (
        "IPinfo company",
        {
            "name": "Harbor Mills",
            "domain": "mill.example",
            "type": "business",
            "asn": "AS64500",
            "as_name": "Somebody's Fibre",
            "as_domain": "fibre.example",
            "as_type": "isp",
            "country": "GB",
        },
        Told(
            asn=64500,
            as_name="Somebody's Fibre",
            as_domain="fibre.example",
            kind="business",
            kind_rule="data:type",
            company_domain="mill.example",
            company_name="Harbor Mills",
            place=Place("GB"),
        ),
    ),
    (
        "IPinfo company that is a provider",
        {"name": "Fibre", "domain": "fibre.example", "type": "isp"},
        Told(kind="isp", kind_rule="data:type"),
    ),
    (
        "IPinfo privacy",
        {"hosting": "true", "proxy": "", "relay": "true", "tor": "", "vpn": "", "service": "Some Relay"},
        Told(kind="relay", kind_rule="data:relay", flagged=True),
    ),
    (
        "IPinfo carrier",
        {"name": "Moor Mobile", "mcc": "262", "mnc": "01", "cc": "de"},
        Told(kind="mobile", kind_rule="data:mcc", place=Place("DE")),
    ),
    (
        "IPinfo Core",
        {
            "city": "Leeds",
            "region": "England",
            "country": "United Kingdom",
            "country_code": "GB",
            "asn": "AS64500",
            "as_name": "Moor Mobile",
            "as_domain": "moor.example",
            "as_type": "isp",
            "is_anonymous": False,
            "is_anycast": False,
            "is_hosting": False,
            "is_mobile": True,
            "is_satellite": False,
        },
        Told(
            asn=64500,
            as_name="Moor Mobile",
            as_domain="moor.example",
            kind="mobile",
            kind_rule="data:is_mobile",
            flagged=True,
            place=Place("GB", "England", "Leeds", 50),
        ),
    ),
    (
        "DB-IP ISP",
        {
            "country": {"iso_code": "DE"},
            "traits": {
                "autonomous_system_number": 64500,
                "autonomous_system_organization": "Fibre",
                "connection_type": "Cable/DSL",
                "user_type": "residential",
                "organization": "Fibre Customers",
            },
        },
        Told(asn=64500, as_name="Fibre", kind="isp", kind_rule="data:user_type", place=Place("DE")),
    ),
    (
        "city lists made of DB-IP Lite",
        {"city": "Leeds", "country_code": "GB", "state1": "England", "state2": "", "latitude": 53.8, "postcode": ""},
        Told(place=Place("GB", "England", "Leeds", 50)),
    ),
    (
        "our own ranges",
        {"leadlight": {"name": "aws", "class": "hosting"}},
        Told(kind="hosting", kind_rule="range:aws", flagged=True),
    ),
]


@pytest.mark.parametrize(("record", "facts"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_every_makers_record_is_read(record: dict[str, Any], facts: Told) -> None:
    assert told(record) == facts
    assert gives([record]) or facts.asn is None, "a file of such records is of use"


def test_a_city_that_its_own_data_call_a_guess_is_none() -> None:
    wide = {
        "country": {"iso_code": "US"},
        "subdivisions": [{"names": {"en": "Kansas"}}],
        "city": {"names": {"en": "Salina"}},
    }
    assert told(wide | {"location": {"accuracy_radius": 200}}).place == Place("US", "Kansas", None, 200)
    assert told(wide | {"location": {"accuracy_radius": 1000}}).place == Place("US")


def test_an_unflagged_file_of_flags_is_recognised_by_its_members() -> None:
    assert gives([{"hosting": "", "proxy": "", "relay": "", "tor": "", "vpn": ""}]) == {"class"}
    relay = {"name": "private-relay", "class": "relay", "country": "GB", "region": "ENG", "city": "Leeds"}
    assert gives([{"leadlight": relay}]) == {"class"}, "it knows no places but those of its few ranges"
    assert gives([{"colour": "blue"}, "text", 7, None]) == frozenset()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
members = st.sampled_from(
    [
        "asn",
        "as",
        "as_name",
        "name",
        "domain",
        "type",
        "country",
        "country_code",
        "city",
        "region",
        "subdivisions",
        "location",
        "radius",
        "traits",
        "company",
        "anonymous",
        "geo",
        "leadlight",
        "registered_country",
        "autonomous_system_number",
        "is_vpn",
        "vpn",
        "user_type",
        "connection_type",
        "mcc",
        "mnc",
        "isp",
    ]
)


@given(values | st.dictionaries(members, values | st.dictionaries(members, values, max_size=3), max_size=6))
def test_no_record_is_too_strange_to_be_read(record: Any) -> None:
    found = told(record)
    for text in (found.as_name, found.as_domain, found.company_name, found.company_domain):
        assert text is None or (text == text.strip() != "" and len(text) <= 200)
    assert found.place is None or found.place.country is not None

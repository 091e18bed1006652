from ipaddress import ip_network

import pytest

from leadlight.core.identity.companies.methods import Method
from leadlight.core.identity.networks.classify import (
    Class,
    ClassTables,
    NetworkClass,
    NetworkLabel,
    classify,
    labelled_company,
)
from leadlight.core.identity.networks.ranges import RangeTable

PUBLIC = "8.8.4.4"  # any address that is somebody's: the tables say whose
NORRVIK = NetworkLabel(NetworkClass.BUSINESS, "norrvik.example", "Norrvik", "asn_class")
TABLES = ClassTables(
    asns={
        64500: NORRVIK,
        64501: NetworkLabel(NetworkClass.SECURITY_PROXY, None, "Kiln Gate", "asn_class"),
        64502: NetworkLabel(NetworkClass.BUSINESS, None, "Harbor Mills", "asn_class"),
        64503: NetworkLabel(NetworkClass.EDUCATION, "college.example", "College", "asn_class"),
        64504: NetworkLabel(NetworkClass.MOBILE, None, "Fjell Mobil", "asn_class"),
    },
    ranges=RangeTable.of(
        [
            (ip_network("198.51.100.0/24"), NetworkLabel(NetworkClass.ISP, None, "", "our-lines")),
            (
                ip_network("198.51.100.64/28"),
                NetworkLabel(NetworkClass.BUSINESS, "kiln.example", "Kiln", "our-lines"),
            ),
            (ip_network("2001:db8:7::/48"), NetworkLabel(NetworkClass.RELAY, None, "", "relays")),
        ]
    ),
    version="2026-11-22",
)


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("10.1.2.3", "special:private"),
        ("127.0.0.1", "special:loopback"),
        ("169.254.3.4", "special:link_local"),
        ("fe80::1%eth0", "special:link_local"),
        ("100.64.7.7", "special:shared"),
        ("::ffff:192.168.1.1", "special:private"),
        ("240.0.0.1", "special:reserved"),
        ("not an address", "special:invalid"),
        ("", "special:invalid"),
    ],
)
def test_an_address_that_is_nobodys_has_no_company_whatever_the_data_say(address: str, rule: str) -> None:
    found = classify(address, 64500, "Norrvik AB", TABLES, "business")

    assert found == Class(NetworkClass.UNKNOWN, rule)


def test_documentation_addresses_are_nobodys_unless_the_data_know_them() -> None:
    assert classify("203.0.113.9", None, None, TABLES) == Class(NetworkClass.UNKNOWN, "special:documentation")
    assert classify("203.0.113.9", 64500, "Norrvik AB", TABLES).company_domain == "norrvik.example"


def test_the_narrowest_range_of_the_owner_speaks_before_everything_else() -> None:
    assert classify("198.51.100.70", 64501, "Kiln Gate", TABLES, "hosting") == Class(
        NetworkClass.BUSINESS, "range:our-lines", "kiln.example", "Kiln"
    )
    assert classify("198.51.100.1", 64500, "Norrvik AB", TABLES) == Class(NetworkClass.ISP, "range:our-lines")
    assert classify("2001:db8:7::9", None, None, TABLES) == Class(NetworkClass.RELAY, "range:relays")


def test_an_ipv4_address_in_ipv6_dress_is_that_address() -> None:
    assert classify("::ffff:198.51.100.70", None, None, TABLES).company_domain == "kiln.example"


def test_a_published_range_speaks_before_the_list_of_networks() -> None:
    found = classify(PUBLIC, 64500, "Norrvik AB", TABLES, "hosting", "range:aws")

    assert found == Class(NetworkClass.HOSTING, "range:aws")


def test_data_that_contradict_the_list_leave_the_network_without_a_company() -> None:
    assert classify(PUBLIC, 64500, "Norrvik AB", TABLES, "hosting", "data:type") == Class(
        NetworkClass.HOSTING, "data:type"
    )


def test_data_that_agree_with_the_list_leave_it_the_company() -> None:
    assert classify(PUBLIC, 64500, "Norrvik AB", TABLES, "Corporate", "data:type").company_domain == "norrvik.example"


@pytest.mark.parametrize(("asn", "stated", "kind"), [(64501, "business", "security_proxy"), (64504, "isp", "mobile")])
def test_the_list_knows_more_exactly_what_data_call_an_isp_or_a_business(asn: int, stated: str, kind: str) -> None:
    assert classify(PUBLIC, asn, None, TABLES, stated).kind == kind


def test_words_of_data_that_nobody_knows_are_passed_over() -> None:
    assert classify(PUBLIC, 64501, None, TABLES, "quantum").rule == "asn_class"


@pytest.mark.parametrize("name", ["Norrvik Foods AB", "Harbor Mills Manufacturing, Inc.", "Kiln GmbH"])
def test_a_business_by_name_alone_names_no_company(name: str) -> None:
    found = classify(PUBLIC, 64999, name, TABLES)

    assert found.kind is NetworkClass.BUSINESS
    assert found.company_domain is None
    assert labelled_company(found, asn=64999, as_name=name, version=TABLES.version) is None


def test_a_school_or_a_business_without_a_domain_on_the_list_names_no_company() -> None:
    assert classify(PUBLIC, 64502, None, TABLES).company_domain is None
    assert classify(PUBLIC, 64503, None, TABLES).company_domain is None


def test_a_labelled_network_names_its_company_with_the_evidence() -> None:
    found = classify(PUBLIC, 64500, "NORRVIK AB", TABLES)

    answer = labelled_company(found, asn=64500, as_name="NORRVIK AB", version=TABLES.version)

    assert answer is not None
    assert (answer.domain, answer.name, answer.method) == ("norrvik.example", "Norrvik", Method.LABELLED_NETWORK)
    assert 0.5 < answer.confidence < 1
    assert answer.evidence == {"rule": "asn_class", "list": "2026-11-22", "asn": "64500", "network": "NORRVIK AB"}


def test_a_network_without_a_number_and_one_without_a_rule_are_told_apart() -> None:
    assert classify(PUBLIC, None, None, TABLES).rule == "no_network"
    assert classify(PUBLIC, 64999, "Zyx", TABLES).rule == "no_rule"

"""Addresses as visitors bring them: whose they can be, and what is inside of those that wrap another."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.networks.addresses import meant, parsed, special_rule, special_rule_of


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("9.9.9.9", None),
        ("2606:4700::1111", None),
        ("10.1.2.3", "special:private"),
        ("172.31.255.255", "special:private"),
        ("172.32.0.0", None),
        ("192.168.0.1", "special:private"),
        ("fd00::1", "special:private"),
        ("100.64.0.1", "special:shared"),
        ("127.0.0.1", "special:loopback"),
        ("::1", "special:loopback"),
        ("169.254.1.1", "special:link_local"),
        ("fe80::1", "special:link_local"),
        ("fe80::1%eth0", "special:link_local"),
        ("224.0.0.1", "special:multicast"),
        ("ff02::1", "special:multicast"),
        ("240.0.0.1", "special:reserved"),
        ("255.255.255.255", "special:broadcast"),
        ("0.0.0.0", "special:unspecified"),
        ("::", "special:unspecified"),
        ("192.0.2.1", "special:documentation"),
        ("198.51.100.77", "special:documentation"),
        ("203.0.113.9", "special:documentation"),
        ("2001:db8::1", "special:documentation"),
        ("198.18.0.1", "special:benchmarking"),
        ("4000::1", "special:reserved"),
        ("", "special:invalid"),
        ("01.2.3.4", "special:invalid"),
        ("9.9.9.9/24", "special:invalid"),
        ("ada@mill.example", "special:invalid"),
        ("9" * 10_000, "special:invalid"),
        ("9.9.9.9\x00", "special:invalid"),
    ],
)
def test_an_address_that_is_nobodys_says_why(address: str, rule: str | None) -> None:
    assert special_rule(address) == rule


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:9.9.9.9",
        "::FFFF:909:909",
        "[::ffff:9.9.9.9]",
        "::ffff:0:9.9.9.9",
        "64:ff9b::9.9.9.9",
        "2002:909:909::1",
        "2001:0:4136:e378:8000:63bf:f6f6:f6f6",
        " 9.9.9.9 ",
    ],
)
def test_ipv4_in_any_dress_is_the_address_inside(address: str) -> None:
    found = parsed(address)
    assert found is not None
    assert str(meant(found)) == "9.9.9.9"
    assert special_rule(address) is None


@pytest.mark.parametrize("address", ["::ffff:10.0.0.1", "2002:a00:1::1", "64:ff9b::10.0.0.1"])
def test_a_private_address_does_not_hide_in_another(address: str) -> None:
    assert special_rule(address) == "special:private"


@given(st.text() | st.ip_addresses().map(str) | st.ip_addresses().map(lambda address: f"[{address}]%x"))
def test_no_text_is_too_strange_to_be_judged(text: str) -> None:
    rule = special_rule(text)
    assert rule is None or rule.startswith("special:")


@given(st.ip_addresses())
def test_what_nobody_can_own_agrees_with_pythons_own_tables(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if meant(address) == address and special_rule_of(address) is None:
        assert address.is_global
        assert not address.is_multicast

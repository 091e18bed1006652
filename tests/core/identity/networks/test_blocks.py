"""What is kept of addresses: enough to know a connection again, too little to lead back to one."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.networks.blocks import block_of, host_key, host_of, hosts_of, range_of, wider

KEY = host_key(b"s" * 32)


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:7:42::1", "2001:db8:7::/48"),
        ("127.0.0.1", None),
        ("10.1.2.3", None),
        ("100.64.0.9", None),
        ("169.254.1.1", None),
        ("fe80::1%eth0", None),
        ("::1", None),
        ("not an address", None),
        ("", None),
    ],
)
def test_a_block_holds_an_address_and_its_neighbours(address: str, block: str | None) -> None:
    assert block_of(address) == block
    assert (host_of("site", address, KEY) is None) == (block is None)


@given(st.ip_addresses())
def test_any_address_has_both_or_neither(address: object) -> None:
    block, host = block_of(str(address)), host_of("site", str(address), KEY)
    assert (block is None) == (host is None)
    assert str(address) not in (host or "")


def test_a_connection_is_known_again_but_not_on_another_site_or_with_another_secret() -> None:
    host = host_of("a", "203.0.113.7", KEY)
    assert host == host_of("a", "::ffff:203.0.113.7", KEY)
    others = {
        host_of("b", "203.0.113.7", KEY),
        host_of("a", "203.0.113.8", KEY),
        host_of("a", "203.0.113.7", host_key(b"t" * 32)),
    }
    assert host not in others
    assert len(others) == 3


def test_devices_of_one_ipv6_connection_are_one_host() -> None:
    assert host_of("a", "2001:db8:7:42::1", KEY) == host_of("a", "2001:db8:7:42:aaaa::9", KEY)
    assert host_of("a", "2001:db8:7:42::1", KEY) != host_of("a", "2001:db8:7:43::1", KEY)


@pytest.mark.parametrize(
    ("text", "address", "inside"),
    [
        ("203.0.113.64/28", "203.0.113.70", True),
        ("203.0.113.64/28", "203.0.113.80", False),
        ("203.0.113.70", "203.0.113.70", True),
        ("2001:db8:7:4200::/56", "2001:db8:7:42ff::5", True),
        ("2001:db8:7:42::/64", "2001:db8:7:42::5", True),
        ("2001:db8:7:42::5", "2001:db8:7:42::9", True),
        ("2001:db8:7:42::/64", "2001:db8:7:43::5", False),
    ],
)
def test_a_range_narrower_than_a_block_is_known_by_its_hosts(text: str, address: str, inside: bool) -> None:
    assert (host_of("a", address, KEY) in hosts_of("a", range_of(text), KEY)) == inside


def test_a_wider_range_is_known_by_its_blocks() -> None:
    assert hosts_of("a", range_of("203.0.112.0/22"), KEY) == []
    around = list(wider("203.0.113.0/24"))
    assert around[:3] == ["203.0.113.0/24", "203.0.112.0/23", "203.0.112.0/22"]
    assert all(ip_address("203.0.113.9") in ip_network(each) for each in around)


@pytest.mark.parametrize("text", ["10.0.0.0/8", "0.0.0.0/0", "kiln", "203.0.113.0/33", "2001:db8:7::/50", "127.0.0.1"])
def test_what_is_no_range_of_the_internet_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"range|internet|take"):
        range_of(text)

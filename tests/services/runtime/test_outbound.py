"""Which addresses webhooks and installation checks may reach."""

from ipaddress import ip_network

import pytest

from leadlight.runtime.outbound import may_reach


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # where clouds keep credentials
        "100.64.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_private_and_special_addresses_are_out_of_reach(address: str) -> None:
    assert not may_reach(address, ())


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::909:909"])
def test_the_public_internet_is_within_reach(address: str) -> None:
    assert may_reach(address, ())


def test_allowed_networks_are_within_reach_and_nothing_beside_them() -> None:
    allowed = (ip_network("10.0.0.0/8"), ip_network("fc00::/7"))
    assert may_reach("10.1.2.3", allowed)
    assert may_reach("::ffff:10.1.2.3", allowed)
    assert may_reach("fd00::1", allowed)
    assert not may_reach("192.168.1.1", allowed)
    assert not may_reach("::1", allowed)

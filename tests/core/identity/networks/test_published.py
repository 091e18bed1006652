"""Lists of ranges as their publishers write them, told apart by their shape."""

import json
from contextlib import suppress
from ipaddress import ip_network
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.networks.published import NotRecognised, Range, flattened, read_published

AWS = {
    "syncToken": "1",
    "createDate": "2026-11-01-21-05-33",
    "prefixes": [
        {
            "ip_prefix": "203.0.113.0/28",
            "region": "eu-west-1",
            "service": "AMAZON",
            "network_border_group": "eu-west-1",
        },
        {"ip_prefix": "203.0.113.0/28", "region": "eu-west-1", "service": "EC2", "network_border_group": "eu-west-1"},
    ],
    "ipv6_prefixes": [{"ipv6_prefix": "2001:db8:1::/48", "region": "eu-west-1", "service": "EC2"}],
}
GOOGLE = {
    "creationTime": "2026-11-01T10:00:00",
    "prefixes": [
        {"ipv4Prefix": "198.51.100.0/24", "service": "Google Cloud", "scope": "europe-west3"},
        {"ipv6Prefix": "2001:db8:2::/48", "service": "Google Cloud", "scope": "europe-west3"},
    ],
}
AZURE = {
    "changeNumber": 12,
    "cloud": "Public",
    "values": [
        {"name": "AzureCloud", "properties": {"addressPrefixes": ["192.0.2.0/25", "2001:db8:3::/48"]}},
        {"name": "Storage", "properties": {"addressPrefixes": ["192.0.2.0/26"]}},
    ],
}
ORACLE = {
    "last_updated_timestamp": "2026-11-01T10:00:00",
    "regions": [{"region": "eu", "cidrs": [{"cidr": "192.0.2.0/24", "tags": ["OCI"]}]}],
}
CLOUDFLARE = {
    "result": {"ipv4_cidrs": ["203.0.113.0/24"], "ipv6_cidrs": ["2001:db8::/32"], "etag": "x"},
    "success": True,
}
FASTLY = {"addresses": ["203.0.113.0/24"], "ipv6_addresses": ["2001:db8::/32"]}
APPLE = "203.0.113.0/31,GB,GB-EN,London,\n2001:db8::/64,DE,DE-BE,Berlin,\n"


@pytest.mark.parametrize(
    ("text", "name", "kind", "ranges"),
    [
        (json.dumps(AWS), "aws", "hosting", 3),
        (json.dumps(GOOGLE), "google-cloud", "hosting", 2),
        (json.dumps({"prefixes": [{"ipv4Prefix": "198.51.100.0/24"}]}), "google", "hosting", 1),
        (json.dumps(AZURE), "azure", "hosting", 3),
        (json.dumps(ORACLE), "oracle", "hosting", 1),
        (json.dumps(CLOUDFLARE), "cloudflare", "hosting", 2),
        (json.dumps(FASTLY), "fastly", "hosting", 2),
        (APPLE, "private-relay", "relay", 2),
        ("203.0.113.0/24,DE,DE-BE,Berlin,10115\n", None, None, 1),
        ("# ours\n203.0.113.0/24\n\n2001:db8::/32 ; office\n198.51.100.7\n", None, None, 3),
        ('\ufeff["203.0.113.0/24"]', None, None, 1),
    ],
)
def test_a_list_is_recognised_by_its_shape(text: str, name: str | None, kind: str | None, ranges: int) -> None:
    found = read_published(text)
    assert (found.name, found.kind, len(found.ranges), found.faults) == (name, kind, ranges, ())


def test_a_relays_ranges_bring_the_region_of_their_users() -> None:
    first, second = read_published(APPLE).ranges
    assert (first.country, first.region, first.city) == ("GB", "EN", "London")
    assert (second.country, second.region, second.city) == ("DE", "BE", "Berlin")


def test_bad_lines_are_told_and_the_others_count() -> None:
    found = read_published("203.0.113.0/24\nnonsense\n203.0.113.0/33\n0.0.0.0/0\n2001:db8::/32\n")
    assert [fault.line for fault in found.faults] == [2, 3, 4]
    assert len(found.ranges) == 2


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"a": 1}', "null", "hello\nworld", "\x00\x01", "[" * 100_000, '{"prefixes": 7}']
)
def test_what_is_no_list_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(NotRecognised, match="It "):
        read_published(text)


@given(
    st.text()
    | st.recursive(
        st.none() | st.text(max_size=5),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "prefixes",
                        "values",
                        "regions",
                        "cidrs",
                        "result",
                        "addresses",
                        "properties",
                        "ip_prefix",
                        "ipv4_cidrs",
                    ]
                ),
                x,
            )
        ),
        max_leaves=8,
    ).map(json.dumps)
)
def test_no_text_is_too_strange_to_be_refused(text: str) -> None:
    with suppress(NotRecognised):
        assert read_published(text).ranges


networks = st.builds(
    lambda number, length: ip_network((number << (32 - length) & 0xFFFFFFFF, length), strict=False),
    st.integers(0, 255),
    st.integers(24, 32),
)


@given(st.lists(networks, max_size=20))
def test_of_ranges_within_ranges_the_narrowest_counts(nets: list[Any]) -> None:
    ranges = [Range(int(net.network_address), int(net.broadcast_address), label=net.prefixlen) for net in nets]
    flat = list(flattened(ranges))
    assert all(one.last < two.first for one, two in pairwise(flat))
    held = {at: one.label for one in flat for at in range(one.first, one.last + 1)}
    wanted: dict[int, int] = {}
    for one in ranges:
        for at in range(one.first, one.last + 1):
            wanted[at] = max(wanted.get(at, 0), one.label)
    assert held == wanted

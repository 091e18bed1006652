"""Which address a request came from, whatever headers say."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.privacy.forwarding import Proxies, bare_address

PROXIES = Proxies([ip_network("10.0.0.0/8"), ip_network("2001:db8:f::/48")])
NOBODY = Proxies([])


def test_who_is_not_trusted_is_the_client_whatever_the_headers_say() -> None:
    assert PROXIES.client("192.0.2.1", b"203.0.113.9", b"for=203.0.113.9") == "192.0.2.1"
    assert NOBODY.client("10.0.0.1", b"203.0.113.9", None) == "10.0.0.1"


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        (b"203.0.113.9", "203.0.113.9"),
        (b"198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the first could be made up
        (b"198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        (b"203.0.113.9:4711, 10.1.2.3:80", "203.0.113.9"),
        (b"[2001:db8::9]:4711", "2001:db8::9"),
        (b"2001:DB8:0::9", "2001:db8::9"),
        (b"::ffff:203.0.113.9", "203.0.113.9"),
        (b"fe80::1%eth0", "fe80::1"),
        (b"10.9.9.9, 10.1.2.3", "10.9.9.9"),  # all trusted: the farthest
        (b" , 203.0.113.9 , ", "203.0.113.9"),
        (b"", "10.0.0.1"),
        (b"203.0.113.9, unknown", None),
        (b"203.0.113.9, _hidden", None),
        (b"203.0.113.9, 300.1.1.1", None),
        (b"203.0.113.9, \xff\xfe", None),
        (b"203.0.113.9:port", None),
        (b"[2001:db8::9", None),
    ],
)
def test_a_trusted_proxy_says_who_asked_it_and_nobody_further_is_believed(
    forwarded_for: bytes, client: str | None
) -> None:
    assert PROXIES.client("10.0.0.1", forwarded_for, None) == client


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (b"for=203.0.113.9", "203.0.113.9"),
        (b"For=198.51.100.1;proto=https, by=10.0.0.1; FOR=203.0.113.9 ;host=a", "203.0.113.9"),
        (b'for="[2001:db8::9]:4711";proto=https', "2001:db8::9"),
        (b'for="203.0.113.9:80", for=10.2.2.2', "203.0.113.9"),
        (b'for=203.0.113.9;host="a,for=198.51.100.1"', "203.0.113.9"),
        (b'host="a;for=198.51.100.1";for=203.0.113.9', "203.0.113.9"),
        (b'for="203.0.113.9";', "203.0.113.9"),
        (b" , for=203.0.113.9, ,", "203.0.113.9"),
        (b"for=198.51.100.1, for=", None),
        (b"for=unknown", None),
        (b"for=203.0.113.9, for=_secret", None),
        (b"proto=https", None),
    ],
)
def test_the_standard_header_is_read_where_the_usual_one_is_missing(forwarded: bytes, client: str | None) -> None:
    assert PROXIES.client("10.0.0.1", None, forwarded) == client
    assert PROXIES.client("2001:db8:f::1", b"192.0.2.7", forwarded) == "192.0.2.7"


@pytest.mark.parametrize(
    "own", [b"for=203.0.113.9", b'for="203.0.113.9:80"', b'host="a,b";for="203.0.113.9";proto=https']
)
@pytest.mark.parametrize(
    "made_up",
    [
        b'for="198.51.100.1',
        b'for=198.51.100.1;x="',
        b'for=198.51.100.1,for=;"',
        b'for=198.51.100.1, "',
        b'for=198.51.100.1,x="\\',
    ],
)
def test_a_quote_left_open_hides_nobody_from_the_proxy_behind_it(made_up: bytes, own: bytes) -> None:
    assert PROXIES.client("10.0.0.1", None, made_up + b", " + own) == "203.0.113.9"


def test_without_any_header_a_proxy_is_a_client_itself() -> None:
    assert PROXIES.client("10.0.0.1", None, None) == "10.0.0.1"


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_header_breaks_the_reader(forwarded_for: bytes, forwarded: bytes) -> None:
    for client in (PROXIES.client("10.0.0.1", forwarded_for, None), PROXIES.client("10.0.0.1", None, forwarded)):
        assert client is None or bare_address(client) == client


@given(st.ip_addresses(), st.lists(st.ip_addresses().map(str), max_size=5))
def test_nobody_can_hide_behind_addresses_of_their_own_making(client: object, invented: list[str]) -> None:
    believed = PROXIES.client("10.0.0.1", ", ".join([*invented, str(client)]).encode(), None)
    if bare_address(str(client)) == str(client) and not PROXIES.trust(str(client)):
        assert believed == str(client)

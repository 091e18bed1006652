import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.networks.host_names import HostKind, read_host_name

PROVIDERS = frozenset({"fibra.example", "dyn.example"})


def registrable(domain: str) -> str | None:
    """As if `example` and `co.example` were what others register under."""
    labels = domain.split(".")
    kept = 3 if labels[-2:] == ["co", "example"] else 2
    return ".".join(labels[-kept:]) if len(labels) >= kept else None


def kind_of(host: str, address: str | None = None) -> str:
    return read_host_name(host, registrable, PROVIDERS, address).kind


@pytest.mark.parametrize(
    "host",
    ["mail.norrvik.example", "vpn.norrvik.example", "fw1.norrvik.example", "norrvik.example", "nat.hq.norrvik.example"],
)
def test_a_companys_own_host_names_its_domain(host: str) -> None:
    found = read_host_name(host, registrable, PROVIDERS)

    assert (found.kind, found.domain) == (HostKind.COMPANY, "norrvik.example")


def test_the_domain_is_the_registrable_one() -> None:
    assert read_host_name("MX.Norrvik.co.example.", registrable).domain == "norrvik.co.example"


@pytest.mark.parametrize("host", ["mail.fibra.example", "office.dyn.example", "a.b.c.fibra.example"])
def test_whatever_is_under_a_providers_domain_is_the_providers(host: str) -> None:
    found = read_host_name(host, registrable, PROVIDERS)

    assert (found.kind, found.domain) == (HostKind.PROVIDER, None)


@pytest.mark.parametrize("domain", ["nordtelecom", "webhosting-kiln", "stadtnetz", "quickvps", "fiberline"])
def test_a_domain_called_like_a_provider_is_one(domain: str) -> None:
    assert kind_of(f"mail.{domain}.example") == HostKind.PROVIDER


@pytest.mark.parametrize(
    "host",
    [
        "static-203-0-113-7.norrvik.example",
        "dhcp-12.norrvik.example",
        "dsl-pool-3.norrvik.example",
        "7.113.0.203.norrvik.example",
        "ip-10-20-30-40.norrvik.example",
        "customer88.norrvik.example",
        "cb007107.norrvik.example",
    ],
)
def test_one_of_a_numbered_pool_names_nobody(host: str) -> None:
    assert kind_of(host) == HostKind.GENERIC


@pytest.mark.parametrize("host", ["gw-113-7.norrvik.example", "gw7-113.norrvik.example"])
def test_a_name_that_spells_the_address_is_of_a_pool(host: str) -> None:
    assert kind_of(host, "203.0.113.7") == HostKind.GENERIC


@pytest.mark.parametrize("host", ["", "localhost", "203.0.113.7", "a..example", "x" * 10_000, "-", "example"])
def test_what_is_no_host_name_names_nobody(host: str) -> None:
    assert kind_of(host) == HostKind.NOTHING


@given(st.text(max_size=120))
def test_only_a_company_has_a_domain(host: str) -> None:
    found = read_host_name(host, registrable, PROVIDERS, "2001:db8::7")

    assert (found.domain is not None) == (found.kind is HostKind.COMPANY)

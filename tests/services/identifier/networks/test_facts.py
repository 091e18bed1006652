"""Companies that an owner's own files of networks name: believed where the domain can be a company's own."""

from pathlib import Path

import pytest

from leadlight.runtime.networks import Networks
from services.identifier.knowledge import load_knowledge
from services.identifier.networks.classes import load_classes
from services.identifier.networks.facts import NetworkFacts
from services.identifier.remote.names import provider_domains
from tests.infra.mmdb import mmdb

MAIL = load_knowledge().mail
OFFICE = "203.0.113.9"


def named(data: Path, domain: str) -> str | None:
    """The company that is told of an address by a file that gives it this domain."""
    (data / "networks").mkdir()
    record = {"name": "Kiln Works", "domain": domain, "type": "business", "asn": "AS64500", "as_name": "Kiln"}
    (data / "networks" / "companies.mmdb").write_bytes(mmdb({"203.0.113.0/24": record}, "company"))
    networks = Networks(data, quiet=True)
    networks.refresh()
    assert networks.look_up(OFFICE).company_domain == domain
    stated = NetworkFacts(networks, load_classes(networks.folder).tables, MAIL).of(OFFICE).stated
    return stated.domain if stated is not None else None


@pytest.mark.parametrize(
    ("domain", "company"),
    [
        ("kiln.example", "kiln.example"),
        ("offices.kiln.example", "kiln.example"),
        ("büro.example", "xn--bro-hoa.example"),
    ],
)
def test_a_company_of_the_owners_file_is_known_by_its_registrable_domain_in_ascii(
    tmp_path: Path, domain: str, company: str
) -> None:
    assert named(tmp_path, domain) == company


@pytest.mark.parametrize("domain", ["gmail.com", "co.uk", "kiln..example", "kiln.local", min(provider_domains())])
def test_a_mail_provider_an_ending_and_a_provider_of_access_are_no_company(tmp_path: Path, domain: str) -> None:
    assert named(tmp_path, domain) is None

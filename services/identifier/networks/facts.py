"""What is known offline of an address: the network, its class, its place, and the company whose own it is."""

from functools import lru_cache

from msgspec import Struct

from leadlight.core.identity.companies.domains import NoCompany, registrable_company
from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.companies.names import derived_name
from leadlight.core.identity.networks.classify import (
    LABELLED_CONFIDENCE,
    NOBODYS,
    ClassTables,
    classify,
    labelled_company,
)
from leadlight.core.identity.networks.finding import Finding
from leadlight.core.identity.networks.places import believable
from leadlight.core.identity.people.emails import MailDomains
from leadlight.core.records import Network, Place
from leadlight.runtime.networks import Networks
from services.identifier.remote.names import provider_domains

REMEMBERED_FACTS = 32_768


class Fact(Struct, frozen=True):
    """Everything known of one address. The network is without block and host, which hang on the site."""

    network: Network
    place: Place
    stated: Answer | None  # the company whose own network it is, as lists and data say


class NetworkFacts:
    """Data files and lists together, remembered by address."""

    def __init__(self, networks: Networks, tables: ClassTables, mail: MailDomains) -> None:
        self.networks = networks
        self._tables = tables
        self._mail = mail
        self._access = provider_domains()
        self.forget()

    def of(self, address: str) -> Fact:
        """What is known of an address; of one that is nobody's, why it is nobody's."""
        return self._remembered(address)

    def forget(self) -> None:
        """Look everything up anew: the files have changed."""
        self._remembered = lru_cache(REMEMBERED_FACTS)(self._look)

    def _look(self, address: str) -> Fact:
        finding = self.networks.look_up(address)
        found = classify(address, finding.asn, finding.as_name, self._tables, finding.stated_class, finding.stated_rule)
        network = Network(found.kind.value, found.rule, finding.asn, finding.as_name)
        labelled = labelled_company(found, asn=finding.asn, as_name=finding.as_name, version=self._tables.version) or (
            self._stated(finding) if found.kind not in NOBODYS and not found.rule.startswith("special:") else None
        )
        return Fact(network, believable(finding.place, found.kind.value, anycast=finding.anycast), labelled)

    def _stated(self, finding: Finding) -> Answer | None:
        """The company that a file of the owner's says is behind the address, if its domain can be a company's own."""
        if finding.company_domain is None:
            return None
        domain = registrable_company(finding.company_domain, self._mail)
        if isinstance(domain, NoCompany) or domain in self._access:
            return None
        return Answer(
            domain=domain,
            name=finding.company_name or derived_name(domain),
            method=Method.LABELLED_NETWORK,
            confidence=LABELLED_CONFIDENCE,
            evidence={"data": ", ".join(finding.sources)},
        )

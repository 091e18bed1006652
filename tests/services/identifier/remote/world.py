"""What tests of the outside world need: mail domains and networks."""

from publicsuffixlist import PublicSuffixList

from leadlight.core.identity.people.emails import MailDomains
from leadlight.core.records import Network

_suffixes = PublicSuffixList()


def _registrable(domain: str) -> str | None:
    found: str | None = _suffixes.privatesuffix(domain)
    return found


MAIL = MailDomains(
    registrable=_registrable,
    free=frozenset({"gmail.com", "freemail.example"}),
    disposable=frozenset({"throwaway.example"}),
    relays=frozenset({"relay.example"}),
)
BUSINESS = Network(kind="business", name="Somebody's network", host="h1", block="203.0.113.0/24", rule="asn_class")
ISP = Network(kind="isp", name="Norrnet Broadband AB", host="h2", block="198.51.100.0/24", rule="asn_class")

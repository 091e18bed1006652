"""Which company a host name speaks of."""

from collections.abc import Callable
from pathlib import Path

from leadlight.core.identity.companies.domains import NoCompany, registrable_company
from leadlight.core.identity.networks.host_names import HostKind, read_host_name
from leadlight.core.identity.people.emails import MailDomains

PROVIDERS = Path(__file__).parent.parent / "data" / "provider_domains.txt"


def reader_of_names(mail: MailDomains) -> Callable[[str], str | None]:
    """A function from a host name to the registrable domain of its company; None for a provider's or nobody's."""
    providers = provider_domains()

    def read(host: str) -> str | None:
        found = read_host_name(host, mail.registrable, providers)
        if found.kind is not HostKind.COMPANY:
            return None
        domain = registrable_company(host, mail)
        return None if isinstance(domain, NoCompany) else domain

    return read


def provider_domains(path: Path = PROVIDERS) -> frozenset[str]:
    """Domains of internet providers, hosts and name services, from our own list."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))

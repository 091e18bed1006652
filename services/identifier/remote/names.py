"""Which company a host name speaks of."""

from collections.abc import Callable

from leadlight.core.identity.companies.domains import NoCompany, registrable_company
from leadlight.core.identity.people.emails import MailDomains


def reader_of_names(mail: MailDomains) -> Callable[[str], str | None]:
    """A function from a host name to the registrable domain of its company; None for a provider's or nobody's."""

    def read(host: str) -> str | None:
        domain = registrable_company(host, mail)
        return None if isinstance(domain, NoCompany) else domain

    return read

"""The registrable part of domains, by the list of public suffixes that comes with this version. Never the network."""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from leadlight.core.identity.companies.domains import host_in
from leadlight.core.identity.people.mail_providers import LARGEST

REMEMBERED_DOMAINS = 4_096


@lru_cache(REMEMBERED_DOMAINS)
def registrable(host: str) -> str | None:
    """`kiln.co.uk` of `www.kiln.co.uk`; None for what nobody has registered, such as `co.uk`."""
    found: str | None = _suffixes().privatesuffix(host)
    return found


def company_domain(text: str) -> str | None:
    """The domain by which a company is known, out of what a person has written: a domain, a web address, an e-mail.

    None for a mail service's: whoever writes `ada@gmail.com` does not mean that the visitors are Google.
    """
    host = host_in(text)
    found = None if host is None else registrable(host)
    return None if found in LARGEST else found


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()

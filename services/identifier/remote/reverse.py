"""Names of addresses that lead back to them: whoever gave the address its name also gave the name its address."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address

import aiodns
import pycares
from aiodns.error import (
    ARES_EBADNAME,
    ARES_EBADRESP,
    ARES_EFORMERR,
    ARES_ENODATA,
    ARES_ENONAME,
    ARES_ENOTFOUND,
    ARES_ENOTIMP,
    ARES_EREFUSED,
    ARES_ESERVFAIL,
    DNSError,
)

from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.companies.names import derived_name
from leadlight.core.identity.networks.addresses import Address, meant, parsed
from leadlight.core.identity.people.emails import ascii_form
from leadlight.core.identity.providers.reading import OWN_NETWORKS, names_operator
from leadlight.core.records import Network
from services.identifier.remote.configuration import ASKABLE
from services.identifier.remote.sources import NotAnswered, Outcome

NAME = "reverse_dns"

TRY_SECONDS = 1.5
TRIES = 2
WHOLE_SECONDS = 6.0
"""For an address with all its names, there and back."""

ALIASES = 6
"""How many aliases are followed: one or two are usual where a provider hands a customer's names over."""

MOST_NAMES = 12
"""An address with more of them serves many, and is nobody's office."""

CONFIRMED_NAMES = 4
"""How many names are looked up in turn."""

FOUND = timedelta(days=7)
NOTHING = timedelta(days=2)
BROKEN = timedelta(hours=2)
"""For how long a zone that cannot be read is left alone."""

CONFIDENCE = {"business": 0.8, "education": 0.8, "government": 0.8, "unknown": 0.65, "isp": 0.6}
OPERATORS_OWN = 0.5
"""Of a name in its own network's domain, where nothing says whether that is a company's or a provider's."""

_EMPTY = frozenset({ARES_ENODATA, ARES_ENOTFOUND, ARES_ENONAME, ARES_EBADNAME})
_BROKEN = frozenset({ARES_ESERVFAIL, ARES_EBADRESP, ARES_EFORMERR, ARES_ENOTIMP, ARES_EREFUSED})

ReadName = Callable[[str], str | None]
"""The registrable domain of the company that a host name speaks of; None where it is a provider's or nobody's."""


class _Broken(Exception):
    """A zone cannot be read: its servers, not ours, are at fault."""


class ReverseDns:
    """Asks name servers. To be opened inside a running loop, and closed."""

    def __init__(self, servers: Sequence[str], read_name: ReadName) -> None:
        self._read_name = read_name
        self._resolver = aiodns.DNSResolver(
            nameservers=list(servers) or None,
            timeout=TRY_SECONDS,
            tries=TRIES,
        )

    @property
    def name(self) -> str:
        return NAME

    def takes(self, network: Network) -> bool:
        return network.kind in ASKABLE

    async def close(self) -> None:
        await self._resolver.close()

    async def ask(self, address: str, network: Network) -> Outcome:
        """Raises NotAnswered when the name servers do not answer."""
        found = parsed(address)
        if found is None:
            return Outcome("no_address", NOTHING)
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                return await self._whose(meant(found), network)
        except TimeoutError:
            raise NotAnswered(f"no answer within {WHOLE_SECONDS:g} s") from None
        except _Broken:
            return Outcome("broken_zone", BROKEN)

    async def _whose(self, address: Address, network: Network) -> Outcome:
        names = await self._names(address)
        if not names:
            return Outcome("no_name", NOTHING)
        if len(names) > MOST_NAMES:
            return Outcome("too_many_names", NOTHING)
        by_domain: dict[str, str] = {}
        for name in names:
            host = ascii_form(name)
            domain = self._read_name(host) if host else None
            if host and domain:
                by_domain.setdefault(domain, host)
        if not by_domain:
            return Outcome("no_company", NOTHING)
        confirmed = [
            domain
            for domain, host in list(by_domain.items())[:CONFIRMED_NAMES]
            if address in await self._addresses(host, address)
        ]
        if not confirmed:
            return Outcome("not_confirmed", NOTHING)
        if len(confirmed) > 1:
            return Outcome("contradictory", NOTHING)
        return _named(confirmed[0], network)

    async def _names(self, address: Address) -> list[str]:
        """What the address is called, through aliases; each name once, in an order that is always the same."""
        records = await self._resolved(address.reverse_pointer, "PTR")
        return sorted({data.dname.rstrip(".").lower() for data in records if isinstance(data, pycares.PTRRecordData)})

    async def _addresses(self, host: str, like: Address) -> set[Address]:
        """The addresses of the same family that a name leads to."""
        records = await self._resolved(host, "A" if like.version == 4 else "AAAA")
        found: set[Address] = set()
        for data in records:
            if isinstance(data, pycares.ARecordData):
                found.add(IPv4Address(data.addr))
            elif isinstance(data, pycares.AAAARecordData):
                found.add(IPv6Address(data.addr))
        return found

    async def _resolved(self, name: str, kind: str) -> list[object]:
        """The records of a name, or of what it is an alias for; none where aliases go round in a circle."""
        seen: set[str] = set()
        while name not in seen and len(seen) < ALIASES:
            seen.add(name)
            try:
                answer = await self._resolver.query_dns(name, kind)
            except DNSError as error:
                if error.args[0] in _EMPTY:
                    return []
                if error.args[0] in _BROKEN:
                    raise _Broken from None
                raise NotAnswered(f"the name servers do not answer: {error.args[-1]}") from None
            data: list[object] = [record.data for record in answer.answer]
            if any(not isinstance(one, pycares.CNAMERecordData) for one in data):
                return data
            aliases = {
                record.name.rstrip(".").lower(): record.data.cname.rstrip(".").lower()
                for record in answer.answer
                if isinstance(record.data, pycares.CNAMERecordData)
            }
            followed = 0
            while name in aliases and followed < ALIASES:
                name, followed = aliases[name], followed + 1
        return []


def _named(domain: str, network: Network) -> Outcome:
    operators = network.name is not None and names_operator(derived_name(domain), domain, network.name)
    if operators and network.kind == "isp":
        return Outcome("operator", NOTHING)
    confidence = CONFIDENCE[network.kind]
    if operators and network.kind not in OWN_NETWORKS:
        confidence = OPERATORS_OWN
    answer = Answer(
        domain=domain,
        name=derived_name(domain),
        method=Method.REVERSE_DNS,
        confidence=confidence,
        # the whole name may hold the address itself, which is not to be kept
        evidence={"host_name": f"*.{domain}", "confirmed": "forward"},
    )
    return Outcome("found", FOUND, answer)

"""Over which connection an event came: its address is opened, looked up and forgotten; what may be kept is passed on."""

from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from leadlight.core.identity.networks.blocks import block_of, host_of
from leadlight.core.records import Event, Network, Place
from leadlight.store.identity.sources import Connection
from services.identifier.networks.facts import NetworkFacts

REMEMBERED_ARRIVALS = 32_768


class Arrival(Struct, frozen=True):
    """Where an event came from. `connection` is None where the address is not known, or nobody's on the internet.

    The address is for the moment only: it is never stored, logged or published.
    """

    network: Network = Network()
    place: Place = Place()
    connection: Connection | None = None
    address: str | None = None


NOWHERE = Arrival()


class Arrivals:
    """What is known of the connections that events come over, remembered by site and address."""

    def __init__(self, unseal: Callable[[str, str], str | None], facts: NetworkFacts, key: bytes) -> None:
        self._unseal = unseal
        self._facts = facts
        self._key = key
        self.forget()

    def of(self, event: Event) -> Arrival:
        """Where the event came from; nowhere once the key of its day is destroyed."""
        if event.address is None:
            return NOWHERE
        address = self._unseal(event.site, event.address)
        return NOWHERE if address is None else self._remembered(event.site, address)

    def forget(self) -> None:
        """Look everything up anew: the data on networks have changed."""
        self._remembered = lru_cache(REMEMBERED_ARRIVALS)(self._look)

    def _look(self, site: str, address: str) -> Arrival:
        fact = self._facts.of(address)
        block, host = block_of(address), host_of(site, address, self._key)
        network = replace(fact.network, block=block, host=host)
        known = Connection(site, network, fact.stated) if host is not None and block is not None else None
        return Arrival(network, fact.place, known, address)

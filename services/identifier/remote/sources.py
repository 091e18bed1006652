"""What a source outside is: something that can be asked whose connection this is, and may fail to answer."""

from datetime import timedelta
from typing import Protocol

from msgspec import Struct

from leadlight.core.identity.companies.firmographics import Firmographics
from leadlight.core.identity.companies.methods import Answer
from leadlight.core.records import Network


class Outcome(Struct, frozen=True):
    """What a source said: a company, or nothing with the reason, and for how long that is to be remembered."""

    why: str  # a metric label: found, no_company, operator, not_confirmed ...
    remember: timedelta
    answer: Answer | None = None
    facts: Firmographics | None = None


class NotAnswered(Exception):
    """A source did not answer, or not with anything that can be read: its fault, not the address's."""

    def __init__(self, error: str, *, wait: timedelta | None = None) -> None:
        super().__init__(error)
        self.wait = wait  # how long it asked to be left alone


class KeyRefused(NotAnswered):
    """The source does not want us: a wrong key, or an account that is used up."""


class NotYet(Exception):
    """The source answers, but not yet: it is to be asked again soon."""


class Source(Protocol):
    """Somewhere to ask. Each has a time limit of its own."""

    @property
    def name(self) -> str: ...

    def takes(self, network: Network) -> bool:
        """Whether addresses of such a network are worth asking for."""

    async def ask(self, address: str, network: Network) -> Outcome:
        """Raises NotAnswered, KeyRefused or NotYet."""

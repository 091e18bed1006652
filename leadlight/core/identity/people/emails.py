"""E-mail addresses: one spelling for each, and what the part after the @ says about its owner."""

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import idna

from leadlight.core.ids import is_generic

ADDRESS_CHARACTERS = 254
LOCAL_CHARACTERS = 64
DOMAIN_CHARACTERS = 253

_LOCAL = re.compile(r"[^\s@\"<>(),:;\\\[\]\x00-\x1f\x7f\ufffd]+")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

NOBODYS_ZONES = frozenset({"local", "localhost", "localdomain", "internal", "lan", "invalid", "arpa", "onion"})
"""Endings of names that only mean something inside a network."""


def normalised(given: Any) -> str | None:
    """The one spelling of an e-mail address; None if it is none, or one that stands for everybody.

    Lower case throughout: no provider in use tells `Ada@` from `ada@`. The domain is in its ASCII form.
    """
    if not isinstance(given, str) or "@" not in given or len(given) > 4 * ADDRESS_CHARACTERS:
        return None
    text = unicodedata.normalize("NFC", given.strip().removeprefix("mailto:"))
    local, _, domain = text.rpartition("@")
    local, ascii_domain = local.lower(), ascii_form(domain)
    if ascii_domain is None or not _LOCAL.fullmatch(local) or len(local) > LOCAL_CHARACTERS:
        return None
    if local[0] == "." or local[-1] == "." or ".." in local:
        return None
    if is_generic(local) and is_generic(ascii_domain.partition(".")[0]):
        return None
    email = f"{local}@{ascii_domain}"
    return email if len(email) <= ADDRESS_CHARACTERS else None


def ascii_form(domain: str) -> str | None:
    """A host name of two labels or more in lower-case ASCII; None if it cannot be one that receives mail."""
    domain = domain.rstrip(".")
    if not domain or len(domain) > DOMAIN_CHARACTERS:
        return None
    if domain.isascii():
        name = domain.lower()
    else:
        try:
            name = idna.encode(domain, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            return None
    labels = name.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or labels[-1] in NOBODYS_ZONES:
        return None
    return name if all(_LABEL.fullmatch(label) for label in labels) else None


class MailKind(StrEnum):
    """What a mail domain says about its users."""

    WORK = "work"  # they belong to the organisation that owns it
    FREE = "free"  # anybody gets an address there
    DISPOSABLE = "disposable"  # made to be thrown away
    RELAY = "relay"  # hides the real address


@dataclass(frozen=True, slots=True)
class MailDomains:
    """What is known about mail domains. `registrable` gives the part that somebody has registered, None for a suffix."""

    registrable: Callable[[str], str | None]
    free: Collection[str]
    disposable: Collection[str]
    relays: Collection[str]

    def kind(self, domain: str) -> MailKind:
        names = {domain, self.registrable(domain) or domain}
        for kind, known in (
            (MailKind.RELAY, self.relays),
            (MailKind.DISPOSABLE, self.disposable),
            (MailKind.FREE, self.free),
        ):
            if any(name in known for name in names):
                return kind
        return MailKind.WORK

    def company_domain(self, email: str) -> str | None:
        """The registrable domain of the company that a normalised address speaks of; None if it speaks of none."""
        domain = email.rpartition("@")[2]
        return self.registrable(domain) if self.kind(domain) is MailKind.WORK else None

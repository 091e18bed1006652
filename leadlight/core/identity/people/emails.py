"""E-mail addresses: one spelling for each, and what the part after the @ says about its owner."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import idna

from leadlight.core.ids import is_generic

ADDRESS_CHARACTERS = 254
LOCAL_CHARACTERS = 64
DOMAIN_CHARACTERS = 253

_LOCAL = re.compile(r"[^\s@\"<>(),:;\\\[\]\x00-\x1f\x7f\ufffd]+")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff")) | {0xFF20: "@"}
"""Letters without width, which come along when an address is copied; and the @ of East Asian keyboards."""

NOBODY: Final = frozenset(
    {
        "null",
        "undefined",
        "none",
        "nil",
        "nan",
        "anonymous",
        "unknown",
        "n/a",
        "not_set",
        "noemail",
        "no-email",
        "[object",
    }
)
"""What programs and people in a hurry fill in before the @ for nobody, at whatever domain."""

NOBODYS_ZONES = frozenset({"local", "localhost", "localdomain", "internal", "lan", "invalid", "arpa", "onion"})
"""Endings of names that only mean something inside a network."""


def normalised(given: Any) -> str | None:
    """The one spelling of an e-mail address; None if it is none, or one that stands for everybody.

    Lower case throughout: no provider in use tells `Ada@` from `ada@`. The domain is in its ASCII form. What follows a
    plus and the dots of Gmail's addresses stay: to strip them is right at some providers and another person at others,
    and two contacts that are one can be merged, while two people made one cannot be told apart again.
    """
    if not isinstance(given, str) or len(given) > 4 * ADDRESS_CHARACTERS or not ("@" in given or "＠" in given):
        return None
    text = unicodedata.normalize("NFC", given.translate(_UNSEEN).strip().removeprefix("mailto:"))
    local, _, domain = text.rpartition("@")
    local, ascii_domain = local.lower(), ascii_form(domain)
    if ascii_domain is None or not _LOCAL.fullmatch(local) or len(local) > LOCAL_CHARACTERS:
        return None
    if local[0] == "." or local[-1] == "." or ".." in local:
        return None
    if local in NOBODY or (is_generic(local) and is_generic(ascii_domain.partition(".")[0])):
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
class MailRules:
    """What a site's owner says of mail domains and of the names that offices have, over what is known of them."""

    domains: Mapping[str, MailKind] = field(default_factory=dict)
    offices: frozenset[str] = frozenset()


NO_RULES: Final = MailRules()

TENANTS: Final = frozenset({"onmicrosoft.com", "onmicrosoft.de", "onmicrosoft.us", "onmschina.cn"})
"""Below these stand organisations, under names that are not their domains."""

NOBODYS_DOMAINS: Final = frozenset({"example.com", "example.net", "example.org", "example.edu"})
"""Reserved for documentation: whoever has filled them in works nowhere of that name."""

DOCUMENTATION: Final = frozenset({"example", "test"})
"""Reserved endings under which documentation and tests put their companies; no other unknown ending has any."""

ALUMNI: Final = frozenset({"alumni", "alum", "alumnos", "ehemalige", "alumnus", "old-students"})
"""Names below a university's domain for people who once studied there, and work elsewhere."""

OFTEN_MISTYPED: Final = ("gmail", "hotmail", "outlook", "yahoo", "icloud", "googlemail", "protonmail")
NOT_MISTYPED: Final = frozenset({"cloud"})
MISTYPED_ENDINGS: Final = frozenset({"com", "co", "cm", "net", "org", "de", "fr", "es", "it"})


@dataclass(frozen=True, slots=True)
class MailDomains:
    """What is known about mail domains. `registrable` gives the part that somebody has registered, None for a suffix;
    `has_ending` says whether anything can be registered under the last label at all."""

    registrable: Callable[[str], str | None]
    free: Collection[str]
    disposable: Collection[str]
    relays: Collection[str]
    hosted: Collection[str] = ()  # anybody gets a name below these
    services: Collection[str] = ()  # below these are customers' desks and teams, at the name itself its maker's people
    offices: Collection[str] = ()  # names before the @ that stand for an office
    has_ending: Callable[[str], bool] = lambda _: True

    def kind(self, domain: str, rules: MailRules = NO_RULES) -> MailKind:
        names = _with_parents(domain)
        for name in names:
            if name in rules.domains:
                return rules.domains[name]
        for kind, known in (
            (MailKind.RELAY, self.relays),
            (MailKind.DISPOSABLE, self.disposable),
            (MailKind.FREE, self.free),
            (MailKind.FREE, self.hosted),
        ):
            if any(name in known for name in names):
                return kind
        registrable = self.registrable(domain) or domain
        if _SAYS_DISPOSABLE.search(registrable.partition(".")[0]):
            return MailKind.DISPOSABLE
        below = domain.removesuffix(registrable).split(".")
        if not ALUMNI.isdisjoint(below) or registrable.partition(".")[0].startswith(("alumni-", "alumni.")):
            return MailKind.FREE
        return MailKind.FREE if _mistyped(registrable) else MailKind.WORK

    def company_domain(self, email: str, rules: MailRules = NO_RULES) -> str | None:
        """The registrable domain of the company that a normalised address speaks of; None if it speaks of none."""
        domain = email.rpartition("@")[2]
        if self.kind(domain, rules) is not MailKind.WORK:
            return None
        found, names = self.registrable(domain), _with_parents(domain)
        if found is None or found in NOBODYS_DOMAINS:
            return None
        if not TENANTS.isdisjoint(names) or any(name in self.services for name in names[1:]):
            return None
        ending = found.rpartition(".")[2]
        return found if ending in DOCUMENTATION or self.has_ending(ending) else None

    def is_office(self, email: str, rules: MailRules = NO_RULES) -> bool:
        """Whether a normalised address is an office's, such as `info@` or `sales-emea@`, and not one person's."""
        local = email.rpartition("@")[0].partition("+")[0].rstrip("0123456789")
        known = (self.offices, rules.offices)
        if any(local in names or local.replace("-", "").replace("_", "").replace(".", "") in names for names in known):
            return True
        words = _WORDS.split(local)
        return (
            len(words) > 1
            and any(words[0] in names for names in known)
            and all(_PLACE_OR_NUMBER.fullmatch(word) or any(word in names for names in known) for word in words[1:])
        )


_SAYS_DISPOSABLE: Final = re.compile(
    r"(temp|temporary|tmp|trash|fake|throwaway|disposable|burner|spam|\d+min(ute)?s?|wegwerf|jetable)"
    r"-?e?-?(mail|mailer|mails|inbox|mailbox)$"
    r"|^(e?-?mail|inbox)-?(temp|tmp|trash|fake|drop|minute)$"
)
"""Such names are made anew faster than any list of them."""

_WORDS: Final = re.compile(r"[._-]+")
_PLACE_OR_NUMBER: Final = re.compile(
    r"[a-z]{2}|\d{1,6}|emea|apac|latam|amer|nordics?|benelux|dach|eu|usa|global|international|team|desk|group|dept|office"
)


def _with_parents(domain: str) -> list[str]:
    """The domain and all that it stands below, but for the ending: of `a.b.example` itself and `b.example`."""
    labels = domain.split(".")
    return [".".join(labels[number:]) for number in range(max(1, len(labels) - 1))]


@lru_cache(8_192)
def _mistyped(domain: str) -> bool:
    """Whether this is a mail provider's domain with one slip of the finger: owned by squatters, not by companies."""
    name, _, ending = domain.partition(".")
    return name not in NOT_MISTYPED and any(
        (name == known and ending in _SLIPPED_ENDINGS) or (ending in MISTYPED_ENDINGS and _one_slip(name, known))
        for known in OFTEN_MISTYPED
    )


_SLIPPED_ENDINGS: Final = frozenset({"con", "cpm", "vom", "cm", "om", "co", "comm", "coom", "cim", "xom", "ocm"})


def _one_slip(given: str, meant: str) -> bool:
    """Whether one letter too many, too few, another one, or two exchanged make the one word of the other."""
    if given == meant or abs(len(given) - len(meant)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(given, meant, strict=False)) if a != b), min(len(given), len(meant)))
    rest, wanted = given[start:], meant[start:]
    return (
        rest[1:] == wanted[1:]
        or rest[1:] == wanted
        or rest == wanted[1:]
        or (rest[:2] == wanted[:2][::-1] and rest[2:] == wanted[2:])
    )

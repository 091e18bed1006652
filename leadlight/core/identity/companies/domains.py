"""Companies' domains: found in what people and services write, and shown so that no lookalike passes for another."""

import unicodedata
from enum import StrEnum

import idna

from leadlight.core.identity.people.emails import NO_RULES, MailDomains, MailKind, MailRules, ascii_form

LONGEST_ADDRESS = 2_000
"""Of a web address in which a domain is looked for."""

_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""Scripts that one word of a living language may hold; any other mixture only serves to look like something else."""

_LIKE_LATIN = frozenset("асԁеһіјӏорԛѕԝхуъьгптвѵ" + "αιοτυνκρχγ" + "օոսցհզլք")
"""Cyrillic, Greek and Armenian letters that are read as Latin ones."""

_ANYWHERE = frozenset("-0123456789")


class NoCompany(StrEnum):
    """Why a text names no company by its domain."""

    NO_DOMAIN = "is no domain"
    SUFFIX = "is an ending under which others register, no company's domain"
    MAIL_PROVIDER = "belongs to a mail provider, whose users are anybody"


def host_in(text: str) -> str | None:
    """The host name in a domain, a web address or an e-mail address, in lower-case ASCII."""
    given = text.strip()
    if not given or len(given) > LONGEST_ADDRESS or any(letter.isspace() for letter in given):
        return None
    given = given.partition("://")[2] if "://" in given else given.removeprefix("//")
    for end in "/?#\\":
        given = given.partition(end)[0]
    given = given.rpartition("@")[2]
    host, colon, port = given.partition(":")
    if colon and port and not (port.isascii() and port.isdigit()):
        return None
    return ascii_form(host)


def registrable_company(text: str, mail: MailDomains, rules: MailRules = NO_RULES) -> str | NoCompany:
    """The registrable domain that a text names, or why it names no company's. `rules` is what a site's owner says of some."""
    host = host_in(text)
    if host is None:
        return NoCompany.NO_DOMAIN
    domain = mail.registrable(host)
    if domain is None:
        return NoCompany.SUFFIX
    return domain if mail.kind(host, rules) is MailKind.WORK else NoCompany.MAIL_PROVIDER


def shown(domain: str) -> str:
    """An ASCII domain as people may see it: in its own letters, but as `xn--...` where these could be taken for others."""
    labels = domain.split(".")
    if not any(label.startswith("xn--") for label in labels):
        return domain
    letters = [_decoded(label) for label in labels]
    native_ending = not letters[-1].isascii()
    if any(confusable(label, native_ending=native_ending) for label in letters):
        return domain
    return ".".join(letters)


def confusable(label: str, *, native_ending: bool = False) -> bool:
    """Whether a label could pass for another: it mixes scripts, or all its letters have Latin twins.

    Under an ending in letters of its own (`.рф`) a label without a Latin letter deceives nobody.
    """
    if label.isascii():
        return label.startswith("xn--")  # could not be decoded
    scripts = _scripts(label)
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        return True
    return not native_ending and all(letter in _LIKE_LATIN or letter in _ANYWHERE for letter in label)


def _scripts(label: str) -> frozenset[str]:
    return frozenset(_script(letter) for letter in label if letter not in _ANYWHERE) - {""}


def _script(letter: str) -> str:
    if unicodedata.category(letter).startswith("M"):
        return ""  # marks belong to the letter before
    script = unicodedata.name(letter, "UNKNOWN").partition(" ")[0]
    return "CJK" if script in ("IDEOGRAPHIC", "CJK") else script


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.decode(label)
    except (idna.IDNAError, UnicodeError):
        return label

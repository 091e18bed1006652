"""What a company is called."""

import re
import unicodedata
from typing import Any

from leadlight.core.identity.companies.domains import shown
from leadlight.core.ids import is_generic

NAME_CHARACTERS = 120
_WORDS = re.compile(r"[-_]+")
ACRONYM_CHARACTERS = 3
SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})
"""How domains spell letters that they once could not hold."""


def derived_name(domain: str) -> str:
    """A name made of a registrable domain: `harbor-mills.example` is Harbor Mills, `kbx.example` KBX."""
    label = domain.partition(".")[0]
    if label.startswith("xn--"):
        label = shown(domain).partition(".")[0]
        if label.startswith("xn--"):
            return domain  # its letters cannot be told, or could be taken for another's
    words = [word for word in _WORDS.split(label) if word]
    if len(words) == 1 and len(label) <= ACRONYM_CHARACTERS:
        return label.upper()
    return " ".join(word[:1].upper() + word[1:] for word in words) or domain


def stated_name(given: Any) -> str | None:
    """A company's name as somebody wrote it, a text or an object with a `name`; None if it says nothing."""
    if isinstance(given, dict):
        given = given.get("name")
    if not isinstance(given, str):
        return None
    name = " ".join(given.split())[:NAME_CHARACTERS]
    return name if name and not is_generic(name) else None


def fits(name: str, domain: str) -> bool:
    """Whether a stated name and a domain plausibly mean one company: what a visitor types must not rename another's.

    Norrvik Foods fits norrvik.example and norrvik-foods.example; Kiln Box Xpress fits kbx.example.
    """
    label = _letters(derived_name(domain))
    initials = _letters("".join(word[0] for word in re.findall(r"\w+", name.casefold())))
    spellings = {_letters(name), _letters(name.casefold().translate(SPELT_OUT))} - {""}
    return bool(label) and (initials == label or any(label in one or one in label for one in spellings))


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())

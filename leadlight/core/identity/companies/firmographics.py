"""What is known of a company besides its name: industry, size, country, site, and whose account it is."""

import math
import re
from datetime import datetime
from typing import Any

from msgspec import Struct

from leadlight.core.sites import countries

OWN_LIST = "own_list"
"""The source that is the owner's own list; a paid provider is `provider:NAME`."""

FIELD_CHARACTERS = 120
URL_CHARACTERS = 300
MOST_PEOPLE = 10_000_000
"""A company has fewer; a larger number is a mistake."""

_DASHES = str.maketrans({"–": "-", "—": "-", "−": "-", "\u00a0": " "})
_URL = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)
_CODES = {name.casefold(): code for code, name in countries.NAMES.items()}


class Firmographics(Struct, frozen=True, omit_defaults=True):
    """One source's word on a company. Nothing that a source leaves out is guessed."""

    source: str
    as_of: datetime
    name: str | None = None
    industry: str | None = None
    size: str | None = None  # people, as the source says it: 51-200, 340
    country: str | None = None  # ISO 3166-1 alpha-2 where it can be told, else in words
    url: str | None = None
    account: str | None = None  # what the owner calls it: tier A, customer, target
    owner: str | None = None  # who of the owner's people looks after it
    note: str | None = None


FIELDS = ("name", "industry", "size", "country", "url", "account", "owner", "note")


def text_field(given: Any, *, characters: int = FIELD_CHARACTERS) -> str | None:
    """One line of printable text; None for anything else."""
    if not isinstance(given, str):
        return None
    line = " ".join("".join(one if one.isprintable() else " " for one in given[: 4 * characters]).split())
    return line[:characters].rstrip() or None


def size_field(given: Any) -> str | None:
    """A number of people or a range of it."""
    if isinstance(given, bool):
        return None
    if isinstance(given, int | float):
        if not math.isfinite(given) or not 0 < given <= MOST_PEOPLE:
            return None
        return str(round(given))
    text = text_field(given, characters=40)
    return text.translate(_DASHES) if text and any(letter.isalnum() for letter in text) else None


def country_field(given: Any) -> str | None:
    """A country by its code where it can be told."""
    text = text_field(given, characters=60)
    if text is None:
        return None
    code = text.upper()
    return code if code in countries.NAMES else _CODES.get(text.casefold(), text)


def url_field(given: Any) -> str | None:
    """A web address that may be linked to; a bare host name gets its scheme."""
    text = text_field(given, characters=URL_CHARACTERS)
    if text is None:
        return None
    if "://" not in text and "." in text and ":" not in text:
        text = f"https://{text}"
    return text if _URL.fullmatch(text) else None

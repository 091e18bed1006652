"""Addresses of pages without what people did not mean to tell: e-mail addresses, tokens, passwords, fragments."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from leadlight.core.installation.sighting import PARAMETER
from leadlight.core.intake.landings import PARAMETER as LANDING
from leadlight.core.privacy.secrets_in_text import (
    CLICK_IDS,
    MASK,
    TOKEN_MASK,
    holds_email,
    holds_secret_parameter,
    holds_token,
    is_secret,
    is_signed_token,
    leads_to_token,
    looks_made_up,
)
from leadlight.core.scoring.globs import matcher

URL_CHARACTERS = 8_192
"""Of an address or referrer: what web servers take in a request line. Longer ones are cut."""

CAMPAIGN_CHARACTERS = 256
CLICK_ID_CHARACTERS = 512
CAMPAIGN_FIELDS = ("name", "source", "medium", "term", "content")
CAMPAIGN_PARAMETERS = {"utm_campaign": "name"} | {f"utm_{field}": field for field in CAMPAIGN_FIELDS[1:]}

REMEMBERED_ADDRESSES = 4_096
REMEMBERED_CHARACTERS = 512
"""Cleaning costs more than all else of a page; a site's pages repeat. Longer addresses seldom do."""

REMEMBERED_CLEANERS = 256

_PLAIN, _ADDRESS, _QUERY, _OWN_ADDRESS = "plain", "address", "query", "own address"
_KNOWN_KEYS: dict[str, str] = (
    dict.fromkeys(("url", "href", "referrer", "referer", "path"), _ADDRESS)
    | {"search": _QUERY}
    | dict.fromkeys(("ip", "ipaddress", "ip_address", "clientIp", "client_ip", "remoteAddress"), _OWN_ADDRESS)
)
"""What the text of a property is by its key: an address or a part of one however it begins, a query, or what would
store the visitor's address in the open. Keys that were met are remembered here."""

_MOST_KNOWN_KEYS = 10_000
_KEY_CHARACTERS = 100

_MOST_PASSES = 4
MOST_PARAMETERS = 100
"""Of a query. The rest is cut: nobody's page needs them, and each costs time."""

TOKEN_CHARACTERS = 16
"""A shorter part of a path is no token."""

_SPLIT = re.compile(r"[&;]")


class Address(NamedTuple):
    """A clean web address and its parts. The path is None if it is no web address: nobody should follow it."""

    url: str
    path: str | None
    search: str
    campaign: dict[str, str]  # remembered with the address: not to be changed
    click_ids: dict[str, str]  # likewise


NO_ADDRESS = Address("", None, "", {}, {})


class Cleaner:
    """Cleans what one site's pages tell. Ask `cleaner_of`, so that what was cleaned before is remembered."""

    def __init__(self, stripped: Sequence[str], *, click_ids: bool) -> None:
        self._stripped: list[Callable[[str], bool]] = [matcher(pattern) for pattern in stripped]
        self._click_ids = click_ids
        self._known_address = lru_cache(REMEMBERED_ADDRESSES)(self._address)
        self._known_text = lru_cache(REMEMBERED_ADDRESSES)(self._text)

    def address(self, url: str) -> Address:
        """A page's address, clean and taken apart."""
        return self._known_address(url) if len(url) <= REMEMBERED_CHARACTERS else self._address(url[:URL_CHARACTERS])

    def text(self, text: str) -> str:
        """An address, or a part of one from its beginning, of whatever kind: clean."""
        return self._known_text(text) if len(text) <= REMEMBERED_CHARACTERS else self._text(text[:URL_CHARACTERS])

    def search(self, search: str) -> str:
        """The query of an address, clean, with its question mark."""
        return self.text(search if search[0] == "?" else f"?{search}") if search else ""

    def properties(self, given: dict[str, Any]) -> dict[str, Any]:
        """Properties with their addresses clean. `given` is changed, and returned."""
        own_addresses: list[str] = []
        known_text = self._known_text
        for key, value in given.items():
            kind = type(value)
            if kind is str:
                meaning = _KNOWN_KEYS.get(key)
                if meaning is None:
                    meaning = _meaning_of(key)
                if meaning is _PLAIN and not value.startswith("http"):
                    continue
                if meaning is _OWN_ADDRESS:
                    own_addresses.append(key)
                elif meaning is not _QUERY:
                    clean = known_text(value) if len(value) <= REMEMBERED_CHARACTERS else self.text(value)
                    if clean != value:
                        given[key] = clean
                elif "=" in value and (clean := self.search(value)) != value:
                    given[key] = clean
            elif kind is dict:
                self.properties(value)
            elif kind is list:
                self._list(value)
        for key in own_addresses:
            del given[key]
        return given

    def _list(self, given: list[Any]) -> None:
        for place, value in enumerate(given):
            kind = type(value)
            if kind is str:
                if value[:4] == "http":
                    given[place] = self.text(value)
            elif kind is dict:
                self.properties(value)
            elif kind is list:
                self._list(value)

    def _address(self, url: str) -> Address:
        clean = self._text(url)
        try:
            parts = urlsplit(clean)
        except ValueError:
            return NO_ADDRESS
        if parts.scheme not in ("http", "https"):
            return NO_ADDRESS
        campaign: dict[str, str] = {}
        click_ids: dict[str, str] = {}
        if parts.query:
            for name, value in parse_qsl(parts.query):
                if name[:4] == "utm_":
                    if (field := CAMPAIGN_PARAMETERS.get(name)) and value:
                        campaign[field] = _storable(value)[:CAMPAIGN_CHARACTERS]
                elif (known := CLICK_IDS.get(name.casefold())) and value and self._click_ids:
                    click_ids[known] = _storable(value)[:CLICK_ID_CHARACTERS]
        return Address(clean, parts.path or "/", f"?{parts.query}" if parts.query else "", campaign, click_ids)

    def _text(self, text: str) -> str:
        clean = self._once(text)
        for _ in range(_MOST_PASSES):  # what one pass took out may have hidden something from it
            if clean == text:
                return clean
            text, clean = clean, self._once(clean)
        return clean if clean == text else ""

    def _once(self, text: str) -> str:
        if "#" not in text:
            return self._without_fragment(text)
        before, _, fragment = text.partition("#")
        clean = self._without_fragment(before)
        if fragment.startswith(("/", "!/")):  # a page of an application that keeps its route there
            return f"{clean}#{self._without_fragment(fragment.partition('#')[0])}"
        return clean

    def _without_fragment(self, text: str) -> str:
        head, mark, query = text.partition("?")
        head = self._head(head)
        if not mark:
            return head
        query = self._query(query)
        return f"{head}?{query}" if query else head

    def _head(self, head: str) -> str:
        """What stands before the query: without user and password, and with secrets in the path masked."""
        scheme, colons, rest = head.partition("://")
        if not colons:
            rest = head
        host, slash, path = rest.partition("/")
        if colons:
            host = host.rpartition("@")[2]
        if holds_email(path) or holds_email(host) or ";" in rest:
            host, path = self._segment(host), "/".join(map(self._segment, path.split("/")))
        if len(path) >= TOKEN_CHARACTERS:
            path = _without_tokens(path)
        found = f"{scheme}{colons}{host}{slash}{path}" if colons else f"{host}{slash}{path}"
        return MASK if holds_email(found) else found

    def _segment(self, segment: str) -> str:
        if ";" in segment:
            name, *parameters = segment.split(";")[:MOST_PARAMETERS]
            segment = ";".join([name, *(one for one in parameters if self._keeps(one))])
        return MASK if holds_email(segment) else segment

    def _query(self, query: str) -> str:
        if ("code" in query) and ("state" in query):
            names = {_name(part) for part in _SPLIT.split(query)}
            signing_in = {"code", "state"} <= names
        else:
            signing_in = False
        kept: list[str] = []
        for part in query.split("&", MOST_PARAMETERS)[:MOST_PARAMETERS]:
            if ";" in part:
                part = ";".join(one for one in part.split(";")[:MOST_PARAMETERS] if self._keeps(one, signing_in))
                if part and self._keeps(part, signing_in):
                    kept.append(part)
            elif part and self._keeps(part, signing_in):
                kept.append(part)
        cleaned = "&".join(kept)
        return "" if holds_email(cleaned) else cleaned

    def _keeps(self, part: str, signing_in: bool = False) -> bool:
        name, _, value = part.partition("=")
        if holds_email(part):
            return False
        folded = _name(part)
        if folded in (PARAMETER, LANDING):
            return False  # an owner's own look whether page views arrive; for whom the link was made that led here
        if any(matches(folded) for matches in self._stripped):
            return False
        if folded[:4] == "utm_":
            return not holds_token(value)
        if folded in CLICK_IDS:
            return self._click_ids
        if is_secret(name) or (signing_in and folded in ("code", "state")):
            return False
        return not holds_token(part) and not holds_secret_parameter(value)


def _meaning_of(key: str) -> str:
    meaning = _ADDRESS if key.endswith(("url", "Url", "URL")) else _PLAIN
    if len(_KNOWN_KEYS) < _MOST_KNOWN_KEYS and len(key) <= _KEY_CHARACTERS:
        _KNOWN_KEYS[key] = meaning
    return meaning


def _without_tokens(path: str) -> str:
    """A path whose parts are no tokens: signed ones anywhere, made-up ones where one is due, after `reset` for example."""
    parts = path.split("/")
    for place, part in enumerate(parts):
        if len(part) >= TOKEN_CHARACTERS and (
            is_signed_token(part) or (place > 0 and leads_to_token(parts[place - 1]) and looks_made_up(part))
        ):
            parts[place] = TOKEN_MASK
    return "/".join(parts)


@lru_cache(REMEMBERED_CLEANERS)
def cleaner_of(stripped: tuple[str, ...] = (), *, click_ids: bool = True) -> Cleaner:
    """The cleaner that also strips parameters by these patterns, and keeps the ids of clicked advertisements or not."""
    return Cleaner(stripped, click_ids=click_ids)


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0]).casefold()


def _storable(text: str) -> str:
    """Without the NUL that a `%00` decodes to, which databases refuse."""
    return text.replace("\x00", "\ufffd")

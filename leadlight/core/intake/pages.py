"""The page an event happened on and the campaign that led there, out of what clients say in several places."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from leadlight.core.intake.calls import Context, PageContext
from leadlight.core.records import Page

URL_CHARACTERS = 8_192
"""Of an address or referrer: what web servers take in a request line. Longer ones are cut."""

PATH_CHARACTERS = 2_048
TITLE_CHARACTERS = 512
CAMPAIGN_CHARACTERS = 256

CAMPAIGN_FIELDS = ("name", "source", "medium", "term", "content")
CAMPAIGN_PARAMETERS = {"utm_campaign": "name"} | {f"utm_{field}": field for field in CAMPAIGN_FIELDS[1:]}

REMEMBERED_ADDRESSES = 4_096
REMEMBERED_CHARACTERS = 1_024
"""Splitting costs as much as all else of a page; a site's pages repeat. Longer addresses seldom do."""

_NO_PAGE = PageContext()


def page_of(properties: Mapping[str, Any], context: Context | None, *, stated: bool) -> Page | None:
    """The page; None when nothing tells. `stated`: the call is about a page, so its properties count first."""
    told = (context.page if context is not None else None) or _NO_PAGE
    url, path, title, referrer, search = told.url, told.path, told.title, told.referrer, told.search
    if stated:
        get = properties.get
        url = given if type(given := get("url")) is str and given else url
        path = given if type(given := get("path")) is str and given else path
        title = given if type(given := get("title")) is str and given else title
        referrer = given if type(given := get("referrer")) is str and given else referrer
        search = given if type(given := get("search")) is str and given else search
    if not url and not path and not title and not referrer:
        return None
    url = (url or "")[:URL_CHARACTERS]
    known_path, known_search, _ = address_parts(url)
    if known_path is None:
        url = ""
    path = path.partition("?")[0] if path else known_path or ""
    if path and path[0] != "/":
        path = "/" + path
    return Page(
        url=url,
        path=path[:PATH_CHARACTERS],
        title=(title or "")[:TITLE_CHARACTERS],
        referrer=(referrer or "")[:URL_CHARACTERS],
        search=(search or known_search)[:PATH_CHARACTERS],
    )


def campaign_of(context: Context | None, page: Page | None) -> dict[str, str]:
    """Source, medium, name, term and content: as stated, else by the address's `utm_` parameters."""
    stated = context.campaign if context is not None else None
    if stated:
        given = {field: stated.get(field) for field in CAMPAIGN_FIELDS}
        found = {field: text[:CAMPAIGN_CHARACTERS] for field, text in given.items() if isinstance(text, str) and text}
        if found:
            return found
    if page is None or "utm_" not in page.url:
        return {}
    return dict(address_parts(page.url)[2])


def address_parts(url: str) -> tuple[str | None, str, Mapping[str, str]]:
    """Path, query and campaign of an address. The path is None if it is no web address: nobody should follow it."""
    return _remembered_parts(url) if len(url) <= REMEMBERED_CHARACTERS else _address_parts(url)


def _address_parts(url: str) -> tuple[str | None, str, Mapping[str, str]]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, "", {}
    if parts.scheme not in ("http", "https"):
        return None, "", {}
    campaign: dict[str, str] = {}
    if "utm_" in parts.query:
        for name, value in parse_qsl(parts.query):
            field = CAMPAIGN_PARAMETERS.get(name)
            if field and value:
                campaign[field] = _storable(value)[:CAMPAIGN_CHARACTERS]
    return parts.path or "/", f"?{parts.query}" if parts.query else "", campaign


_remembered_parts = lru_cache(REMEMBERED_ADDRESSES)(_address_parts)


def _storable(text: str) -> str:
    """Without the NUL that a `%00` decodes to, which databases refuse."""
    return text.replace("\x00", "\ufffd")

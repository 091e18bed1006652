"""The page an event happened on and the campaign that led there, out of what clients say in several places."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from leadlight.core.intake.calls import Context, PageContext
from leadlight.core.privacy.cleaning import (
    CAMPAIGN_CHARACTERS,
    CAMPAIGN_FIELDS,
    NO_ADDRESS,
    REMEMBERED_CHARACTERS,
    URL_CHARACTERS,
    Address,
    Cleaner,
    cleaner_of,
)
from leadlight.core.privacy.secrets_in_text import without_emails
from leadlight.core.records import Page

PATH_CHARACTERS = 2_048
TITLE_CHARACTERS = 512

REMEMBERED_PAGES = 2_048

_NO_PAGE = PageContext()


def page_of(
    properties: Mapping[str, Any], context: Context | None, *, stated: bool, cleaner: Cleaner | None = None
) -> tuple[Page | None, Address]:
    """The page and its address taken apart, clean of secrets; no page when nothing tells.

    `stated`: the call is about a page, so its properties count first.
    """
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
        return None, NO_ADDRESS
    told_of = (cleaner or cleaner_of(), url or "", path or "", title or "", referrer or "", search or "")
    return (_known_page if len("".join(told_of[1:])) <= REMEMBERED_CHARACTERS else _page)(*told_of)


def _page(cleaner: Cleaner, url: str, path: str, title: str, referrer: str, search: str) -> tuple[Page, Address]:
    address = cleaner.address(url)
    if path and path != address.path:
        path = _clean_path(path.partition("?")[0], cleaner)
        if path and path[0] != "/":
            path = "/" + path
    else:
        path = address.path or ""
    if search and search != address.search:
        search = cleaner.search(search)
    page = Page(
        address.url,
        path[:PATH_CHARACTERS],
        title[:TITLE_CHARACTERS],
        cleaner.text(referrer)[:URL_CHARACTERS] if referrer else "",
        (search or address.search)[:PATH_CHARACTERS],
    )
    return page, address


_known_page = lru_cache(REMEMBERED_PAGES)(_page)


def _clean_path(path: str, cleaner: Cleaner) -> str:
    """A stated path. What follows `#` in it is the page of a router that keeps it there: nobody else states one."""
    before, mark, route = path.partition("#")
    if not mark or "=" in route:
        return cleaner.text(before)
    return f"{cleaner.text(before)}#{cleaner.text(route)}"


def campaign_of(context: Context | None, address: Address) -> dict[str, str]:
    """Source, medium, name, term and content: as stated, else by the address's `utm_` parameters."""
    stated = context.campaign if context is not None else None
    if stated:
        given = {field: stated.get(field) for field in CAMPAIGN_FIELDS}
        found = {
            field: without_emails(text[:CAMPAIGN_CHARACTERS])
            for field, text in given.items()
            if isinstance(text, str) and text
        }
        if found:
            return found
    return address.campaign

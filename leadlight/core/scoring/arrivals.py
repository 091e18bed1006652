"""Where a page view came from: the campaign named in its address, else the other site that linked here."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from leadlight.core.records import Page


class Arrival(NamedTuple):
    """A view's source. All None: a direct visit, or a step within the site."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None


NOWHERE = Arrival()
_ENOUGH = 500  # characters: a host is at the beginning, and what is remembered stays small


def arrival_of(page: Page, campaign: Mapping[str, str]) -> Arrival:
    """What brought the visitor to this page view."""
    if campaign:
        named = Arrival(campaign.get("source") or None, campaign.get("medium") or None, campaign.get("name") or None)
        if named != NOWHERE:
            return named
    if not page.referrer:
        return NOWHERE
    host = host_of(page.referrer[:_ENOUGH])
    if host is None or host == host_of(page.url[:_ENOUGH]):
        return NOWHERE
    return Arrival(host, "referral", None)


@lru_cache(maxsize=20_000)
def host_of(url: str) -> str | None:
    """The host of an address, without `www.`; None where there is none."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def path_of(url: str) -> str | None:
    """The path of an address; None where there is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.path or ("/" if parts.netloc else None)

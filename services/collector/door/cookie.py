"""The first-party cookie: set by the collector, it outlives the week that some browsers give to scripts."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

NAME = "leadlight.id"
SECONDS = 365 * 24 * 3600

SAME_SITE = (b"same-origin", b"same-site")
"""What the browser says of a post that comes from the site which the collector's own host belongs to."""

_VALUE = re.compile(rb"(?:^|;)\s*leadlight\.id=([\w-]{1,200})\s*(?:;|$)")
_ID = re.compile(r"[\w-]{1,200}", re.ASCII)
_DOMAIN = re.compile(r"[a-z0-9.-]+")


def is_same_site(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"sec-fetch-site") in SAME_SITE


def cookie_id(headers: Mapping[bytes, bytes]) -> str | None:
    """The visitor's id that the cookie holds."""
    cookie = headers.get(b"cookie")
    if cookie is None or (found := _VALUE.search(cookie)) is None:
        return None
    return found[1].decode("latin-1")


@lru_cache(4_096)
def set_cookie(anonymous_id: str, origin: bytes, host: bytes, public_host: bytes) -> bytes | None:
    """The header that keeps the id for a year, for all hosts below the part that the page's and ours have in common.

    `host` is ours as the request names it, `public_host` as the operator does: a proxy may have put in its own. None for an id that the snippet could not read back: it knows letters, digits, `-` and `_`.
    """
    if not _ID.fullmatch(anonymous_id):
        return None
    try:
        page = urlsplit(origin.decode("latin-1"))
        ours = urlsplit(f"//{host.decode('latin-1')}").hostname or ""
        theirs = page.hostname or ""
    except ValueError:
        return None
    parts = [f"{NAME}={anonymous_id}", "Path=/", f"Max-Age={SECONDS}", "SameSite=Lax"]
    domain = shared_domain(theirs, ours) or shared_domain(theirs, public_host.decode("latin-1"))
    if domain is not None:
        parts.append(f"Domain={domain}")
    if page.scheme == "https":
        parts.append("Secure")
    return "; ".join(parts).encode()


def shared_domain(page: str, ours: str) -> str | None:
    """The longest domain that both hosts are or lie in; None where it would be a top-level one, or an address."""
    shared: list[str] = []
    for one, other in zip(reversed(page.lower().split(".")), reversed(ours.lower().split(".")), strict=False):
        if one != other:
            break
        shared.insert(0, one)
    domain = ".".join(shared)
    if len(shared) < 2 or shared[-1].isdigit() or not _DOMAIN.fullmatch(domain):
        return None
    return domain

"""Lists of pages: sitemaps, indexes of sitemaps, plain lists, and what robots.txt says of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.parsers import expat

ADDRESS_CHARACTERS = 2_048
"""What the sitemap protocol allows."""

PROLOGUE_BYTES = 8_192
"""Within which a sitemap's root must begin."""

_PROLOGUE = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_ROOT = re.compile(rb"<(?:\w+:)?(?:urlset|sitemapindex)[\s>]")
_SITEMAP_LINE = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)


class NotASitemap(ValueError):
    """The document is broken, or holds what no sitemap needs. The message says what."""


@dataclass(slots=True)
class Sitemap:
    """The addresses that a sitemap lists: pages, or further sitemaps."""

    pages: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)


def looks_like_sitemap(body: bytes) -> bool:
    """Whether this is a sitemap, whatever its content type says."""
    position = 3 if body.startswith(b"\xef\xbb\xbf") else 0
    while before := _PROLOGUE.match(body, position, PROLOGUE_BYTES):
        position = before.end()
    return bool(_ROOT.match(body, position))


def read_sitemap(body: bytes, *, most: int) -> Sitemap:
    """Its addresses, in order, at most `most` of each kind.

    Raises:
        NotASitemap: it is no XML, or brings a document type of its own, which could be made to grow without end.
    """
    found = Sitemap()
    path: list[str] = []
    text: list[str] = []

    def start(name: str, _attributes: object) -> None:
        path.append(name.rpartition(":")[2].rpartition(" ")[2])
        text.clear()
        if len(path) > 50:
            raise NotASitemap("nested too deeply")

    def end(_name: str) -> None:
        target = {"url/loc": found.pages, "sitemap/loc": found.sitemaps}.get("/".join(path[-2:]))
        if target is not None and len(target) < most and (address := web_address("".join(text))):
            target.append(address)
        path.pop()
        text.clear()

    def characters(part: str) -> None:
        if path and path[-1] == "loc" and sum(map(len, text)) < ADDRESS_CHARACTERS:
            text.append(part)

    def doctype(*_: object) -> None:
        raise NotASitemap("it has a document type of its own")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        if not found.pages and not found.sitemaps:
            raise NotASitemap(f"it is no XML: {error}") from error
    return found


def read_list(text: str, *, most: int) -> Sequence[str]:
    """The addresses of a plain list: one a line, and nothing else."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    addresses = [address for line in lines if (address := web_address(line))]
    return addresses[:most] if lines and len(addresses) == len(lines) else []


def sitemaps_of(robots: str) -> Sequence[str]:
    """The sitemaps that a robots.txt names."""
    return [address for given in _SITEMAP_LINE.findall(robots) if (address := web_address(given))]


def web_address(given: str) -> str | None:
    """The address if it is one of the web, without a name and password in it."""
    text = given.strip()
    if len(text) > ADDRESS_CHARACTERS or any(one.isspace() or not one.isprintable() for one in text):
        return None
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        return None
    return text if known else None

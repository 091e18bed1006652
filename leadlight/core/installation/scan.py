"""A page's scripts, policies and base address, out of its HTML, as a browser's tokenizer finds them.

Every byte is looked at once. The tree builders and `html.parser` were tried: a megabyte of unclosed comments or nested
elements keeps them busy for minutes, and these pages are strangers'.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import unescape

_TAG = re.compile(r"<(?:(?P<comment>!--)|(?P<close>/?)(?P<name>[A-Za-z][^\s/>]*)|(?P<bogus>[!?/]))")
_ATTRIBUTE = re.compile(
    r"[\s/]*(?:(?P<end>>)|(?P<name>[^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"(?P<double>[^\"]*)(?:\"|\Z)|'(?P<single>[^']*)(?:'|\Z)|(?P<bare>[^\s>\"'][^\s>]*)|(?=>)))?)"
)
_COMMENT_END = re.compile(r"--!?>")

RAW = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript"})
"""Elements whose content is text and no markup, in a browser that runs scripts."""

HEAD = frozenset(
    {"html", "head", "base", "basefont", "bgsound", "link", "meta", "noframes", "noscript", "script", "style"}
    | {"template", "title"}
)
"""What may stand in the head; anything else begins the body."""

TAGS = 100_000
"""More than any page has; what follows is not looked at."""


class Place(StrEnum):
    """Where a script stands."""

    PAGE = "page"
    NOSCRIPT = "noscript"
    TEMPLATE = "template"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Script:
    """A script element."""

    attributes: Mapping[str, str]
    text: str  # inline; empty where `src` counts
    place: Place
    policies: int  # how many of the page's own policies stand before it, and so apply to its loading


@dataclass(slots=True)
class Scanned:
    """What of a page matters to the tag."""

    scripts: list[Script] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)  # of <meta http-equiv="Content-Security-Policy">
    base: str | None = None


def scan(html: str) -> Scanned:
    """Never raises, whatever the text is."""
    found = Scanned()
    _scan(html, Place.PAGE, found)
    return found


def _scan(html: str, place: Place, found: Scanned) -> None:
    position, templates, in_head = 0, 0, True
    for _ in range(TAGS):
        tag = _TAG.search(html, position)
        if tag is None:
            return
        if tag["comment"]:
            position = _comment(html, tag.end(), place, found)
            continue
        if tag["bogus"]:
            position = _after(html, ">", tag.end())
            continue
        name = tag["name"].lower()
        attributes, position, whole = _attributes(html, tag.end())
        if not whole:
            return  # the page breaks off inside a tag, which counts for nothing
        if tag["close"]:
            templates = max(0, templates - (name == "template"))
            in_head = in_head and name != "head"
            continue
        in_head = in_head and name in HEAD
        here = Place.TEMPLATE if templates and place is Place.PAGE else place
        text = ""
        if name in RAW:
            start = position
            position, ends = _raw_end(html, name, start)
            text = html[start:ends]
        if name == "template":
            templates += 1
        elif name == "script":
            found.scripts.append(Script(attributes, text, here, len(found.policies)))
        elif name == "noscript" and here is Place.PAGE:
            _scan(text, Place.NOSCRIPT, found)
        elif here is Place.PAGE:
            _note(name, attributes, found, in_head=in_head)


def _note(name: str, attributes: Mapping[str, str], found: Scanned, *, in_head: bool) -> None:
    if name == "base" and found.base is None and "href" in attributes:
        found.base = attributes["href"].strip()
    elif (
        name == "meta"
        and in_head
        and attributes.get("http-equiv", "").strip().lower() == "content-security-policy"
        and attributes.get("content", "").strip()
    ):
        found.policies.append(attributes["content"])


def _comment(html: str, start: int, place: Place, found: Scanned) -> int:
    """Where the comment ends that begins at `start`; a tag inside is noted as one that nobody runs."""
    for short in (">", "->"):
        if html.startswith(short, start):
            return start + len(short)
    end = _COMMENT_END.search(html, start)
    inside = html[start : end.start() if end else len(html)]
    if place is Place.PAGE and "<script" in inside.lower():
        _scan(inside, Place.COMMENT, found)
    return end.end() if end else len(html)


def _attributes(html: str, position: int) -> tuple[dict[str, str], int, bool]:
    """Attributes by name, the first of each counting; where the tag ends; whether it ends at all."""
    attributes: dict[str, str] = {}
    while True:
        one = _ATTRIBUTE.match(html, position)
        if one is None or one.end() == position:
            return attributes, len(html), False
        position = one.end()
        if one["end"]:
            return attributes, position, True
        value = next((given for given in one.group("double", "single", "bare") if given is not None), "")
        attributes.setdefault(one["name"].lower(), unescape(value))


def _raw_end(html: str, name: str, start: int) -> tuple[int, int]:
    """(where what follows the element begins, where its text ends)"""
    end = _ENDS[name].search(html, start)
    if end is None:
        return len(html), len(html)
    return _after(html, ">", end.end() - 1), end.start()


_ENDS = {name: re.compile(rf"</{name}[\s/>]", re.IGNORECASE) for name in RAW}


def _after(html: str, character: str, start: int) -> int:
    found = html.find(character, start)
    return len(html) if found < 0 else found + 1

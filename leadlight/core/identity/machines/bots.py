"""Which agents name themselves as machines: crawlers, HTTP libraries, headless browsers."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import re2

NAMED_BY_AGENT = "agent"
"""The reason told when the agent itself says that it is a machine."""

TOO_FAST = "too_fast"
"""The reason told when a visitor sent more events than people can cause."""

READ_CHARACTERS = 2_048
"""Of an agent. No browser's is longer; what a stranger writes after that decides nothing."""

NAME_CHARACTERS = 60

SET_BYTES = 64 * 2**20
"""A set that runs out of memory finds nothing and says nothing; ours use a tenth of it."""

_LOOK_BEHIND = re.compile(r"\(\?<!([^()]*\|[^()]*)\)")
_CLASS_HYPHEN = re.compile(r"(\\[wds])-(?=[^\]])")
_LOOK_AROUND = re.compile(r"\(\?<?[=!]")
_ADDRESSES = re.compile(r"(?:https?://|www\.|mailto:)\S*", re.IGNORECASE)
IN_AN_APP = re.compile(
    r"; wv\)|\((?:iphone|ipad|ipod)[^)]*\) applewebkit/.* mobile/\w+|chrome/[\d.]+ electron/\d", re.IGNORECASE
)
"""A page open inside an app: the app's own name stands in the agent, whatever words it is made of."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is known of agents, as the data files hold it. Patterns are regular expressions that ignore case."""

    isbot: Sequence[str]  # in Node's dialect
    more: Sequence[str] = ()  # machines that isbot does not name; RE2's dialect
    shapes: Sequence[tuple[str, str]] = ()  # likewise, each with words for it; Python's dialect
    people: Sequence[str] = ()  # browsers that the broad patterns would take for machines
    broad: Sequence[str] = ()  # those of isbot's patterns that are common words in the names of apps
    names: Sequence[str] = ()  # of crawler-user-agents; they name what is a machine already, and make nothing one


@dataclass(frozen=True, slots=True)
class Named:
    """An agent that names itself as a machine: by which patterns, and as which."""

    patterns: tuple[str, ...]  # "isbot: crawl", "leadlight: gtmetrix"
    name: str | None


class BotPatterns:
    """The patterns as sets that are searched in one pass; the few that look around are searched one by one.

    Raises:
        re.error: a pattern uses what neither dialect knows.
        ValueError: `broad` speaks of a pattern that isbot no longer has.
    """

    def __init__(self, sources: Sources) -> None:
        if gone := set(sources.broad) - set(sources.isbot):
            raise ValueError(f"broad patterns that isbot does not have: {', '.join(sorted(gone))}")
        self._broad = frozenset(f"isbot: {pattern}" for pattern in sources.broad)
        self._patterns = PatternSet(
            [(f"isbot: {pattern}", translated(pattern)) for pattern in sources.isbot]
            + [(f"leadlight: {pattern}", pattern) for pattern in sources.more]
            + [(f"leadlight: {words}", pattern) for words, pattern in sources.shapes]
        )
        self._people = PatternSet([(pattern, pattern) for pattern in sources.people])
        self._names = PatternSet([(pattern, pattern) for pattern in sources.names], ignore_case=False)

    def named(self, user_agent: str) -> Named | None:
        """What the patterns say of this agent; None for a person's, and for one that says nothing."""
        text = user_agent[:READ_CHARACTERS].strip()
        found = self._patterns.search(text) if text else ()
        if not found:
            return None
        if self._broad.issuperset(found) and (IN_AN_APP.search(text) or self._people.search(text)):
            return None
        if self._people.search(text) and not any(each.startswith("leadlight: ") for each in found):
            return None
        return Named(found, self._name(text))

    def _name(self, text: str) -> str | None:
        """Of all names that occur the longest, else what stands where machines put their name."""
        text = _ADDRESSES.sub(" ", text)
        known = [hit for pattern in self._names.search(text) if (hit := re.search(pattern, text)) is not None]
        if known:
            best = max(known, key=lambda hit: (len(hit[0]), -hit.start()))
            return _readable(_whole_token(text, best.start(), best.end()))
        for pattern in _WHERE_NAMES_STAND:
            if (hit := pattern.search(text)) is not None:
                return _readable(hit[1])
        return None


def _in_one_pass(pattern: str) -> Any:
    """Compiled by RE2: `re` would look at some agents, made up to that end, for each of their letters anew."""
    options = re2.Options()
    options.case_sensitive = False
    return re2.compile(pattern, options=options)


_WHERE_NAMES_STAND = (
    _in_one_pass(r"([\w.-]*(?:bot|crawler|spider|headless\w*|scraper)[\w.-]*)"),
    _in_one_pass(r"compatible;\s*\+?([a-z][\w .!-]*)"),
    re.compile(r"^(?!mozilla|opera)([a-z][\w.!-]*)", re.IGNORECASE),
    _in_one_pass(r"([a-z][\w.-]*)(?:/[\w.]+)?[^/\w]*$"),
)
_TOKEN = re.compile(r"[\w.!+-]")


def _whole_token(text: str, start: int, end: int) -> str:
    """The word around a place: `bingbot` for a pattern that finds `bing` in it."""
    while start > 0 and _TOKEN.match(text[start - 1]):
        start -= 1
    while end < len(text) and text[end - 1] != "/" and _TOKEN.match(text[end]):
        end += 1
    return text[start:end]


def _readable(name: str) -> str | None:
    name = name.split("/")[0].strip(" .;,:_+-()[]")
    return name[:NAME_CHARACTERS] if len(name) > 1 and name.casefold() not in ("mozilla", "compatible") else None


class PatternSet:
    """Many patterns searched at once. `search` tells the labels of those that occur, in the order given.

    RE2 knows no look-around. A pattern that has one goes into the set without it, which finds all that it finds and
    some more, and `re` looks again at what is found.
    """

    def __init__(self, patterns: Iterable[tuple[str, str]], *, ignore_case: bool = True) -> None:
        options = re2.Options()
        options.case_sensitive = not ignore_case
        options.log_errors = False
        options.max_mem = SET_BYTES
        self._set = re2.Set.SearchSet(options)
        self._labels: list[str] = []
        self._second_look: dict[int, re.Pattern[str]] = {}
        flags = re.ASCII | (re.IGNORECASE if ignore_case else 0)
        for place, (label, pattern) in enumerate(patterns):
            try:
                self._set.Add(pattern)
            except re2.error:
                self._second_look[place] = re.compile(pattern, flags)
                self._set.Add(without_look_arounds(pattern))
            self._labels.append(label)
        if self._labels:
            self._set.Compile()

    def search(self, text: str) -> tuple[str, ...]:
        hits = self._set.Match(text.encode("utf-8", "replace")) if self._labels else None
        if not hits:  # None: there are none
            return ()
        return tuple(
            self._labels[hit]
            for hit in sorted(hits)
            if (again := self._second_look.get(hit)) is None or again.search(text) is not None
        )


def without_look_arounds(pattern: str) -> str:
    """The pattern less every `(?=...)`, `(?!...)`, `(?<=...)` and `(?<!...)`: it finds all that the whole one finds."""
    kept, place = [], 0
    while place < len(pattern):
        if (opening := _LOOK_AROUND.match(pattern, place)) is None:
            step = 2 if pattern[place] == "\\" else 1
            kept.append(pattern[place : place + step])
            place += step
            continue
        place, depth, in_class = opening.end(), 1, False
        while depth:
            character = pattern[place]
            place += 2 if character == "\\" else 1
            if in_class:
                in_class = character != "]"
            elif character == "[":
                in_class = True
            else:
                depth += (character == "(") - (character == ")")
    return "".join(kept)


def translated(pattern: str) -> str:
    r"""The same pattern for `re` and RE2.

    A look-behind of alternatives of different length becomes several look-behinds, and the hyphen in `[\d-.]`, a
    plain one in JavaScript, is escaped.
    """

    def one_by_one(found: re.Match[str]) -> str:
        return "".join(f"(?<!{part})" for part in found[1].split("|"))

    return _CLASS_HYPHEN.sub(r"\1\\-", _LOOK_BEHIND.sub(one_by_one, pattern))

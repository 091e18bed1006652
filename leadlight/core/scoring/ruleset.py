"""What counts as a buying sign and for how much: one readable document a site, checked before it is used."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from leadlight.core.scoring import globs

READ_MS: Final = 5_000
"""Engaged time from which a page counts as read: a pricing page bounced off is no sign."""

REMEMBERED = 50_000
"""Paths and names whose answer is kept; a crawler through a shop's search must not fill the memory."""

LONGEST_REMEMBERED = 300
"""Characters of a path or name that is worth keeping."""

_LANGUAGE = re.compile(r"/[a-z]{2}(?:[-_][a-z]{2})?(?=/)")
PLACEHOLDER = re.compile(r"\{(\w*)\}")
_TIMES: Final = {2: "twice", 3: "three times"}
PLACEHOLDERS: Final = frozenset({"seconds", "count", "subject"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One buying sign. Exactly one of `read`, `events`, `identified`, `link_followed`, `returned_after` says when it
    holds.

    A line of the ledger is worth `points`, and once `again` more when it holds repeatedly within the line's hour. The
    `cap` latest lines count.
    """

    name: str
    points: float
    cap: int
    text: str
    signal: str
    again: float = 0.0
    read: tuple[str, ...] = ()  # categories: a page of one of them read for `READ_MS` or longer
    events: tuple[str, ...] = ()  # patterns of the names of `track` calls
    identified: bool = False  # the visitor says who they are
    link_followed: bool = False  # a link made for this one person, by a human
    returned_after: timedelta | None = None  # a new run of activity after at least this much silence

    def points_of(self, count: int) -> float:
        """A line's points while they are fresh."""
        return self.points + self.again if count > 1 else self.points

    def explain(self, count: int, engaged_ms: int, subject: str | None) -> str:
        """A line in words: `Read the pricing page for 48 s`."""
        known = {"seconds": str(engaged_ms // 1000), "count": str(count), "subject": subject or "a page"}
        text = PLACEHOLDER.sub(lambda found: known.get(found[1], found[0]), self.text)
        if count == 1 or not self.again or "{count}" in self.text:
            return text
        return f"{text}, {_TIMES.get(count, f'{count} times')} within the hour"


@dataclass(frozen=True, slots=True)
class Rules:
    """A site's rules, ready for use. Answers are remembered, so asking twice is cheap."""

    half_life: timedelta
    categories: Mapping[str, tuple[str, ...]]  # in the order they are tried
    rules: tuple[Rule, ...]
    by_name: Mapping[str, Rule] = field(init=False, repr=False, compare=False)
    on_read: Mapping[str, tuple[Rule, ...]] = field(init=False, repr=False, compare=False)
    on_identified: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    on_link_followed: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    on_return: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    return_signals: frozenset[str] = field(init=False, repr=False, compare=False)
    _categories: "_Remembered" = field(init=False, repr=False, compare=False)
    _events: "_Remembered" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        def derive(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        derive("by_name", {rule.name: rule for rule in self.rules})
        derive("on_read", {c: tuple(rule for rule in self.rules if c in rule.read) for c in self.categories})
        derive("on_identified", tuple(rule for rule in self.rules if rule.identified))
        derive("on_link_followed", tuple(rule for rule in self.rules if rule.link_followed))
        derive("on_return", tuple(rule for rule in self.rules if rule.returned_after is not None))
        derive("return_signals", frozenset(rule.signal for rule in self.on_return))
        derive("_categories", _Remembered((p, name) for name, patterns in self.categories.items() for p in patterns))
        derive("_events", _Remembered((p, rule.name) for rule in self.rules for p in rule.events))

    def category_of(self, path: str) -> str | None:
        """The first category with a pattern that fits the path, with or without a leading language (`/de/preise`)."""
        known = self._categories
        names = known.answers.get(path)
        if names is None:
            folded = path[: globs.LONGEST_TEXT].casefold()
            folded = folded.rstrip("/") or "/"
            language = _LANGUAGE.match(folded)
            names = known.find(path, [folded, folded[language.end() :]] if language else [folded])
        return names[0] if names else None

    def on_event(self, name: str) -> tuple[Rule, ...]:
        """The rules for a `track` call of this name."""
        known = self._events
        if not known.patterns:
            return ()
        names = known.answers.get(name)
        if names is None:
            names = known.find(name, [name[: globs.LONGEST_TEXT].casefold()])
        return tuple(self.by_name[rule] for rule in dict.fromkeys(names))


class _Remembered:
    """Patterns in order, each with what it stands for, and the answers given so far."""

    __slots__ = ("answers", "patterns")

    def __init__(self, patterns: Iterable[tuple[str, str]]) -> None:
        self.patterns = [(globs.matcher(pattern), meaning) for pattern, meaning in patterns]
        self.answers: dict[str, tuple[str, ...]] = {}

    def find(self, asked: str, texts: list[str]) -> tuple[str, ...]:
        found = tuple(meaning for matches, meaning in self.patterns if any(matches(text) for text in texts))
        if len(asked) <= LONGEST_REMEMBERED:
            if len(self.answers) >= REMEMBERED:
                self.answers.clear()
            self.answers[asked] = found
        return found

"""A site's rules as people write them: a YAML document of a closed set of fields, refused with every fault at once."""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from leadlight.core.scoring.ruleset import PLACEHOLDER, PLACEHOLDERS, Rule, Rules

__all__ = ["Fault", "Rule", "Rules", "RulesRefused", "parse_rules"]

LONGEST_DOCUMENT: Final = 200_000  # characters
MOST_RULES: Final = 500
MOST_PATTERNS: Final = 2_000
LONGEST_PATTERN: Final = 200
LONGEST_TEXT: Final = 200
DEEPEST: Final = 8
MOST_ENTRIES: Final = 20_000
HALF_LIFE_DAYS: Final = (7, 365)
POINTS: Final = (-100, 100)
CAPS: Final = (1, 50)
PAUSE_DAYS: Final = (1, 365)
NAME_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
CONDITIONS: Final = ("read", "event", "identified", "link_followed", "returned", "returned_after_days")


class Fault(NamedTuple):
    """One thing wrong with a document, and where."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.message}" if self.field else f"line {self.line}: {self.message}"


class RulesRefused(ValueError):
    """The document can't be used. `faults` are in the order of its lines."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def parse_rules(text: str) -> Rules:
    """The rules of a document.

    Raises:
        RulesRefused: with every fault found, each naming its line and field.
    """
    return _Reader().read(text)


class _Reader:
    """One pass over a document, gathering faults."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.patterns = 0

    def read(self, text: str) -> Rules:
        rules = self.document(self.parsed(text))
        if self.faults or rules is None:
            raise RulesRefused(self.faults)
        return rules

    def parsed(self, text: str) -> Node:
        """The document as nodes with line marks; small and without aliases, so that nothing in it can grow."""
        if len(text) > LONGEST_DOCUMENT:
            raise RulesRefused([Fault(1, "", f"the document has more than {LONGEST_DOCUMENT:,} characters")])
        try:
            depth = 0
            for number, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                line = _mark_line(event.start_mark)
                if isinstance(event, yaml.AliasEvent):
                    raise RulesRefused(
                        [Fault(line, "", f"write it out: references (*{event.anchor}) are not followed")]
                    )
                if number > MOST_ENTRIES:
                    most = f"at most {MOST_RULES} rules and {MOST_PATTERNS:,} patterns are taken"
                    raise RulesRefused([Fault(line, "", f"too much: {most}")])
                if depth > DEEPEST:
                    raise RulesRefused([Fault(line, "", "too deeply nested")])
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise RulesRefused([Fault(_mark_line(mark), "", f"not YAML: {error.problem}")]) from None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise RulesRefused(
                [Fault(line, "", f"a character that may not be here: #x{error.character:04x}")]
            ) from None
        if node is None:
            raise RulesRefused([Fault(1, "", "the document is empty")])
        return node

    def document(self, node: Node) -> Rules | None:
        fields = self.fields(node, "", ("half_life_days", "categories", "rules"), required=("half_life_days", "rules"))
        half_life = self.number(fields.get("half_life_days"), "half_life_days", HALF_LIFE_DAYS)
        categories: dict[str, tuple[str, ...]] = {}
        if "categories" in fields:
            for name, key, value in self.entries(fields["categories"], "categories"):
                self.name(key, f"categories.{name}")
                categories[name] = self.globs(value, f"categories.{name}")
        rules = self.rules(fields["rules"], categories) if "rules" in fields else []
        if half_life is None:
            return None
        return Rules(timedelta(days=half_life), categories, tuple(rules))

    def rules(self, node: Node, categories: dict[str, tuple[str, ...]]) -> list[Rule]:
        rules: list[Rule] = []
        names: dict[str, int] = {}
        signals: dict[str, str] = {}
        items = self.items(node, "rules")
        if len(items) > MOST_RULES:
            self.fault(node, "rules", f"{len(items):,} are too many: at most {MOST_RULES} rules are taken")
            return []
        for number, item in enumerate(items):
            rule = self.rule(item, f"rules[{number}]", categories)
            if rule is None:
                continue
            if rule.name in names:
                self.fault(
                    item,
                    f"rules[{number}].name",
                    f"{rule.name} is already the name of the rule on line {names[rule.name]}",
                )
            elif rule.signal in signals:
                self.fault(item, f"rules[{number}].signal", f"{rule.signal} is already given by {signals[rule.signal]}")
            names[rule.name] = _line(item)
            signals[rule.signal] = rule.name
            rules.append(rule)
        return rules

    def rule(self, node: Node, where: str, categories: dict[str, tuple[str, ...]]) -> Rule | None:
        known = ("name", "when", "points", "again", "cap", "signal", "text")
        before = len(self.faults)
        fields = self.fields(node, where, known, required=("name", "when", "points", "cap", "text"))
        name = self.name(fields.get("name"), f"{where}.name")
        points = self.number(fields.get("points"), f"{where}.points", POINTS)
        again = self.number(fields.get("again"), f"{where}.again", POINTS)
        cap = self.number(fields.get("cap"), f"{where}.cap", CAPS, whole=True)
        signal = self.name(fields.get("signal"), f"{where}.signal") or name
        text = self.text(fields.get("text"), f"{where}.text")
        when = self.when(fields["when"], f"{where}.when", categories) if "when" in fields else None
        if len(self.faults) > before or when is None or points is None or cap is None:
            return None
        days = when.get("returned_after_days")
        return Rule(
            name=name,
            points=points,
            again=again or 0.0,
            cap=int(cap),
            signal=signal,
            text=text,
            read=_tuple(when.get("read")),
            events=_tuple(when.get("event")),
            identified="identified" in when,
            link_followed="link_followed" in when,
            returned_after=timedelta(days=days)
            if isinstance(days, float)
            else timedelta()
            if "returned" in when
            else None,
        )

    def when(self, node: Node, where: str, categories: dict[str, tuple[str, ...]]) -> dict[str, object] | None:
        fields = self.fields(node, where, CONDITIONS)
        if len(fields) != 1:
            self.fault(node, where, f"one condition of {', '.join(CONDITIONS)} is needed, not {len(fields)}")
            return None
        (kind, value), *_ = fields.items()
        here = f"{where}.{kind}"
        match kind:
            case "read":
                names = self.strings(value, here)
                for name in names:
                    if name not in categories:
                        self.fault(value, here, f"{name} is not one of the categories")
                return {kind: names}
            case "event":
                return {kind: self.globs(value, here)}
            case "returned_after_days":
                return {kind: self.number(value, here, PAUSE_DAYS)}
        if not isinstance(value, ScalarNode) or value.value != "true":
            self.fault(value, here, "expected true")
        return {kind: True}

    # Pieces of any document

    def fault(self, node: Node, field: str, message: str) -> None:
        self.faults.append(Fault(_line(node), field, message))

    def entries(self, node: Node, where: str) -> Iterator[tuple[str, Node, Node]]:
        """The named parts of a mapping; a name given twice is a fault."""
        if not isinstance(node, MappingNode):
            self.fault(node, where or "document", "expected names with values")
            return
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.fault(key, where or "document", "a name has to be a word")
            elif key.value in seen:
                self.fault(key, _join(where, key.value), "given twice")
            else:
                seen.add(key.value)
                yield key.value, key, value

    def fields(self, node: Node, where: str, known: tuple[str, ...], required: tuple[str, ...] = ()) -> dict[str, Node]:
        fields = {}
        for name, key, value in self.entries(node, where):
            if name in known:
                fields[name] = value
            else:
                self.fault(key, _join(where, name[:40]), f"unknown; the fields here are {', '.join(known)}")
        if isinstance(node, MappingNode):
            for name in required:
                if name not in fields:
                    self.fault(node, _join(where, name), "is missing")
        return fields

    def items(self, node: Node, where: str) -> list[Node]:
        if not isinstance(node, SequenceNode):
            self.fault(node, where, "expected a list")
            return []
        return list(node.value)

    def scalar(self, node: Node | None, where: str) -> str | None:
        if node is None:
            return None
        if isinstance(node, ScalarNode) and node.tag != "tag:yaml.org,2002:null":
            return str(node.value)
        self.fault(node, where, "expected a text")
        return None

    def strings(self, node: Node, where: str) -> tuple[str, ...]:
        """One text or a list of texts."""
        nodes = [node] if isinstance(node, ScalarNode) else self.items(node, where)
        texts = tuple(text for item in nodes if (text := self.scalar(item, where)) is not None)
        if not texts:
            self.fault(node, where, "is empty")
        return texts

    def globs(self, node: Node, where: str) -> tuple[str, ...]:
        patterns = self.strings(node, where)
        self.patterns += len(patterns)
        if self.patterns > MOST_PATTERNS >= self.patterns - len(patterns):
            self.fault(node, where, f"more than {MOST_PATTERNS:,} patterns in all")
        for pattern in patterns:
            if not pattern.strip("* ") or len(pattern) > LONGEST_PATTERN:
                self.fault(node, where, f"a pattern needs 1 to {LONGEST_PATTERN} characters besides stars")
        return patterns

    def name(self, node: Node | None, where: str) -> str:
        text = self.scalar(node, where) or ""
        if node is not None and (not text or len(text) > 60 or not set(text) <= NAME_CHARACTERS):
            self.fault(node, where, "a name has up to 60 small letters, digits and underscores")
        return text

    def text(self, node: Node | None, where: str) -> str:
        text = self.scalar(node, where) or ""
        if node is not None and not 0 < len(text) <= LONGEST_TEXT:
            self.fault(node, where, f"expected 1 to {LONGEST_TEXT} characters")
        for name in PLACEHOLDER.findall(text):
            if node is not None and name not in PLACEHOLDERS:
                self.fault(node, where, f"{{{name}}} is unknown; {', '.join(sorted(PLACEHOLDERS))} can be filled in")
        return text

    def number(self, node: Node | None, where: str, bounds: tuple[int, int], *, whole: bool = False) -> float | None:
        if node is None:
            return None
        low, high = bounds
        try:
            value = float(self.scalar(node, where) or "")
        except ValueError:
            value = math.nan
        if not low <= value <= high or (whole and value != int(value)):
            self.fault(node, where, f"expected a {'whole ' if whole else ''}number from {low} to {high}")
            return None
        return value


def _line(node: Node) -> int:
    return _mark_line(node.start_mark)


def _mark_line(mark: Any) -> int:
    return int(mark.line) + 1 if mark else 1


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _tuple(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()

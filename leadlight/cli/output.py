"""How commands speak: results to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Mapping, Sequence

from leadlight.errors import WrongUsage

Row = Mapping[str, object]


def say(text: str) -> None:
    """A line for the person at the terminal; never part of a result."""
    sys.stderr.write(text + "\n")


def show(result: Row | Sequence[Row], *, as_json: bool, hint: str = "") -> None:
    """Print a result: one JSON document, or aligned text, with a hint for people."""
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, default=str) + "\n")
    elif isinstance(result, Mapping):
        width = max((len(name) for name in result), default=0)
        sys.stdout.writelines(f"{name:<{width}}  {'' if value is None else value}\n" for name, value in result.items())
    else:
        sys.stdout.writelines(_table(result))
    sys.stdout.flush()
    if hint and not as_json:
        say(hint)


def plain_name(text: str, what: str) -> str:
    """Raises WrongUsage for a name that is empty or not text (terminals pass on broken bytes as surrogates)."""
    name = text.strip()
    if not name or "\x00" in name or not name.isprintable():
        raise WrongUsage(f"{what} needs a name in plain text.")
    return name


def _table(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    names = list(rows[0])
    cells = [names] + [["" if row[name] is None else str(row[name]) for name in names] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in cells
    ]

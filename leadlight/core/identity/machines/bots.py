"""Which agents name themselves as machines: crawlers, HTTP libraries, headless browsers."""

import re
from collections.abc import Sequence

NAMED_BY_AGENT = "agent"
"""The reason told when the agent itself says that it is a machine."""

TOO_FAST = "too_fast"
"""The reason told when a visitor sent more events than people can cause: it counts for nothing, then or ever."""

_LOOK_BEHIND = re.compile(r"\(\?<!([^()]*\|[^()]*)\)")
_CLASS_HYPHEN = re.compile(r"(\\[wds])-(?=[^\]])")


class BotPatterns:
    """Patterns in Node's dialect, as npm `isbot` lists them, in one expression.

    Raises:
        re.error: a pattern uses what this translation doesn't know.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._any = re.compile("|".join(f"(?:{translated(pattern)})" for pattern in patterns), re.IGNORECASE | re.ASCII)

    def name(self, user_agent: str) -> bool:
        """Whether the patterns take this agent for a machine."""
        return self._any.search(user_agent) is not None


def translated(pattern: str) -> str:
    r"""The same pattern for `re`.

    A look-behind of alternatives of different length becomes several look-behinds, and the hyphen in `[\d-.]`, a
    plain one in JavaScript, is escaped.
    """

    def one_by_one(found: re.Match[str]) -> str:
        return "".join(f"(?<!{part})" for part in found[1].split("|"))

    return _CLASS_HYPHEN.sub(r"\1\\-", _LOOK_BEHIND.sub(one_by_one, pattern))

"""Patterns of a site's owner: `*` stands for any characters, everything else for itself.

A pattern is cut at its stars and each piece is searched once, from left to right: no pattern can take long.
"""

from collections.abc import Callable

LONGEST_TEXT = 2_048
"""Characters looked at: what lies beyond decides nothing."""


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text fits the pattern. Upper and lower case are the same; callers pass casefolded text."""
    head, *rest = pattern.casefold().split("*")
    if not rest:
        return head.__eq__
    *middle, tail = rest
    middle = [piece for piece in middle if piece]
    if not middle and not tail:
        return lambda text: text.startswith(head)

    def matches(text: str) -> bool:
        end = len(text) - len(tail)
        if end < len(head) or not text.startswith(head) or not text.endswith(tail):
            return False
        at = len(head)
        for piece in middle:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    return matches

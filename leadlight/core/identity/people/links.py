"""Whose a visitor's browser was, and when: intervals out of claims."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

UNSAID: Final = frozenset({"tracked_link"})
"""Ways in which a visitor becomes known without saying who they are."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One event's word that the visitor is `target` (a contact's id)."""

    at: datetime
    event_id: str
    target: str
    said: bool = True  # by the visitor: counted among the signals


@dataclass(frozen=True, slots=True)
class Interval:
    """The visitor was `target` from `since` until just before `until`; None reaches to the beginning or the end."""

    target: str
    since: datetime | None
    until: datetime | None

    def covers(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


def believed(claims: Iterable[Claim]) -> set[Claim]:
    """The claims that say whose the visitor was: what people said themselves, and else the links they followed. Mail is
    passed on, so somebody who has said who they are is not the one a link was made for."""
    given = set(claims)
    return {claim for claim in given if claim.said} or given


def intervals(claims: Iterable[Claim]) -> Sequence[Interval]:
    """The visitor's links in order of time, without gaps.

    The first claim reaches back to the beginning; one of somebody else begins the next. Depends on the set of
    claims only, not on the order in which they came; of claims at one moment, the last by event id holds.
    """
    turns: list[Claim] = []
    for claim in sorted(believed(claims), key=lambda claim: (claim.at, claim.event_id, claim.target)):
        if turns and turns[-1].at == claim.at:
            turns.pop()
        if not turns or turns[-1].target != claim.target:
            turns.append(claim)
    return [
        Interval(
            turn.target,
            since=turn.at if number > 0 else None,
            until=turns[number + 1].at if number + 1 < len(turns) else None,
        )
        for number, turn in enumerate(turns)
    ]

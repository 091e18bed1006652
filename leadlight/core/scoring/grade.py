"""The grade: the one letter a rep reads, from fit and intent, with one line on what to do."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from leadlight.core.scoring.score import Intent


class Fit(StrEnum):
    """How well contact and company match the ideal customer profile."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNKNOWN = "unknown"


GOOD_FROM: Final = 70
FAIR_FROM: Final = 40

TABLE: Final[Mapping[Fit, Mapping[Intent, str]]] = {
    Fit.GOOD: {Intent.COLD: "C", Intent.WARM: "B", Intent.HOT: "A"},
    Fit.FAIR: {Intent.COLD: "D", Intent.WARM: "C", Intent.HOT: "B"},
    Fit.POOR: {Intent.COLD: "E", Intent.WARM: "D", Intent.HOT: "C"},
    Fit.UNKNOWN: {Intent.COLD: "D", Intent.WARM: "C", Intent.HOT: "B"},
}

_ADVICE: Final[Mapping[Fit, Mapping[Intent, str]]] = {
    Fit.GOOD: {
        Intent.COLD: "Nurture: the right company, not looking yet.",
        Intent.WARM: "Call soon: the right company, and it is looking.",
        Intent.HOT: "Call now: the right company, and it wants to buy.",
    },
    Fit.FAIR: {
        Intent.COLD: "Nurture: it might fit, and shows little interest.",
        Intent.WARM: "Nurture closely: it might fit, and is looking.",
        Intent.HOT: "Call: great interest, and it might fit.",
    },
    Fit.POOR: {
        Intent.COLD: "Leave: no fit, little interest.",
        Intent.WARM: "Leave, unless you know better: some interest, no fit.",
        Intent.HOT: "Investigate: great interest from where you would not expect it.",
    },
    Fit.UNKNOWN: {
        Intent.COLD: "Wait: little interest so far, and nobody known yet.",
        Intent.WARM: "Watch: they are looking. Find out who they are.",
        Intent.HOT: "Call or find out who they are: great interest.",
    },
}

_ADVICE_ON_THE_KNOWN: Final[Mapping[Intent, str]] = {
    Intent.COLD: "Wait: little interest so far, and nobody can tell yet whether they fit.",
    Intent.WARM: "Get in touch: they are looking. Find out whether they fit.",
    Intent.HOT: "Call: great interest. Find out whether they fit.",
}


def fit_of(fit: int | None) -> Fit:
    """The band of a fit of 0-100; unknown is an answer."""
    if fit is None:
        return Fit.UNKNOWN
    return Fit.GOOD if fit >= GOOD_FROM else Fit.FAIR if fit >= FAIR_FROM else Fit.POOR


def grade_of(fit: int | None, intent: Intent) -> str:
    """A-E."""
    return TABLE[fit_of(fit)][intent]


def advice(fit: int | None, intent: Intent, *, known: bool) -> str:
    """What a rep does best, in one line. `known`: the visitor has said who they are."""
    band = fit_of(fit)
    return _ADVICE_ON_THE_KNOWN[intent] if known and band is Fit.UNKNOWN else _ADVICE[band][intent]

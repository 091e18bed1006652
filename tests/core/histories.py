"""Histories that make visits and scores hard, and the ways in which one history can arrive."""

from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from leadlight.core.records import Identified
from tests.core.browsing import DAY, MINUTE, NOON, SECOND, Browser

PATHS = ("/pricing", "/demo", "/contact", "/compare/x", "/case-studies/x", "/careers", "/blog/x", "/", "/login")
NAMES = ("Form Submitted", "Demo Requested", "Something Else", "Price List Downloaded")
PAUSES = (
    timedelta(),
    SECOND,
    9 * SECOND,
    MINUTE,
    29 * MINUTE + 59 * SECOND,
    timedelta(milliseconds=1_799_999),
    30 * MINUTE,
    61 * MINUTE,
    23 * 60 * MINUTE,
    2 * DAY,
    8 * DAY,
    40 * DAY,
)
ENGAGED = (0, 4_999, 5_000, 9_000, 48_000, 1_800_000)
ATTENTION = (-SECOND, timedelta(), 9 * SECOND, MINUTE, 31 * MINUTE, 5 * 60 * MINUTE, 25 * 60 * MINUTE)
EMAILS = ("ada@mill.example", "bo@dairy.example")


@st.composite
def histories(draw: DrawFn, *, end: datetime = NOON, anonymous_id: str = "a-1") -> list[Identified]:
    """One browser's events, in the order they were made; the last is at `end`, or some time before it."""
    steps = draw(st.lists(st.tuples(st.sampled_from("ppppeeetis"), st.sampled_from(PAUSES)), min_size=1, max_size=16))
    at = end - sum((pause for _, pause in steps), timedelta()) - draw(st.sampled_from(PAUSES))
    browser = Browser(anonymous_id, bot=draw(st.booleans()) and draw(st.booleans()))
    views = ["never-seen"]
    for kind, pause in steps:
        at += pause
        match kind:
            case "p":
                views.append(browser.page(at, draw(st.sampled_from(PATHS))))
            case "e":
                view = draw(st.sampled_from(views))
                engaged = timedelta(milliseconds=draw(st.sampled_from(ENGAGED)))
                browser.engaged(at, view, engaged, min(at + draw(st.sampled_from(ATTENTION)), end))
            case "t":
                browser.track(at, draw(st.sampled_from(NAMES)))
            case "i":
                browser.identify(at, draw(st.sampled_from(EMAILS)))
            case "s":
                browser.screen(at, "A screen")
    return browser.events


@st.composite
def arrivals(draw: DrawFn, history: list[Identified]) -> list[list[Identified]]:
    """The same events in another order, some of them twice, in batches."""
    copies = draw(st.lists(st.sampled_from(history), max_size=6))
    order = draw(st.permutations(history + copies))
    batches: list[list[Identified]] = [[]]
    for event in order:
        if draw(st.integers(0, 3)) == 0:
            batches.append([])
        batches[-1].append(event)
    return batches

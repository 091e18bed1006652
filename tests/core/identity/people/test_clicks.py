"""What clicks say against each other: set-wise, growing, and never by what known scanners do."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.people.clicks import Followed, Suspicion, seen_alone, suspicions
from tests.core.browsing import MINUTE, NOON, SECOND

NETWORKS = ("isp", "business", "vpn", "security_proxy")


def followed(
    number: int,
    after: timedelta = timedelta(),
    link: str = "pricing",
    *,
    landed: bool = True,
    network: str = "isp",
    host: str | None = "home",
    seen: tuple[str, ...] = (),
) -> Followed:
    return Followed(f"v-{number}", f"e-{number}", NOON + after, link, landed, network, host, seen)


def against(*clicks: Followed) -> list[set[str]]:
    found = suspicions(clicks)
    return [set(found[click.key]) for click in clicks]


@st.composite
def click_sets(draw: st.DrawFn) -> list[Followed]:
    return [
        followed(
            number,
            draw(st.sampled_from((0, 2, 5, 9, 11, 59, 61, 300, 601, 2_000))) * SECOND,
            draw(st.sampled_from(("pricing", "demo", "trap"))),
            landed=draw(st.booleans()),
            network=draw(st.sampled_from(NETWORKS)),
            host=draw(st.sampled_from((None, "home", "phone"))),
            seen=draw(st.sampled_from(((), (), ("head_request",), ("honeypot",)))),
        )
        for number in range(draw(st.integers(1, 9)))
    ]


@given(click_sets(), st.randoms())
def test_suspicion_is_of_the_set_and_only_grows(clicks: list[Followed], chance: Random) -> None:
    everything = suspicions(clicks)
    assert suspicions(reversed(clicks)) == everything
    fewer = chance.sample(clicks, chance.randint(0, len(clicks)))
    assert all(reasons <= everything[key] for key, reasons in suspicions(fewer).items())


@given(click_sets())
def test_far_away_clicks_and_known_scanners_change_nothing_for_others(clicks: list[Followed]) -> None:
    people = [click for click in clicks if click.network_class != "security_proxy"]
    found = suspicions(clicks)
    assert {key: reasons for key, reasons in found.items() if key in suspicions(people)} == suspicions(people)
    later = followed(99, 2_000 * SECOND + 11 * MINUTE, seen=("honeypot",))
    assert {key: reasons for key, reasons in suspicions([*clicks, later]).items() if key != later.key} == found


def test_two_links_within_seconds_or_three_within_a_minute_are_no_readers() -> None:
    hasty = {Suspicion.ALL_LINKS_AT_ONCE}
    assert against(followed(1), followed(2, 5 * SECOND, "demo")) == [hasty, hasty]
    assert against(followed(1), followed(2, 6 * SECOND, "demo")) == [set(), set()]
    assert against(followed(1), followed(2, 25 * SECOND, "demo"), followed(3, 59 * SECOND, "trap")) == [hasty] * 3
    assert against(followed(1), followed(2, 25 * SECOND, "demo"), followed(3, 61 * SECOND, "trap")) == [set()] * 3
    assert against(followed(1), followed(2, SECOND)) == [set(), set()]  # the same link twice: a double click


def test_the_door_and_the_page_are_one_click_though_they_came_over_two_connections() -> None:
    assert against(followed(1, landed=False), followed(2, SECOND, host="six")) == [set(), set()]
    twice = {Suspicion.SEVERAL_NETWORKS}
    assert against(followed(1), followed(2, 9 * SECOND, host="phone")) == [twice, twice]
    assert against(followed(1), followed(2, 9 * SECOND, host="phone", network="relay")) == [set(), set()]
    assert against(followed(1), followed(2, 11 * SECOND, host="phone")) == [set(), set()]


def test_a_trap_speaks_against_everything_around_it_and_a_head_request_against_its_own_connection() -> None:
    trap = followed(1, link="trap", landed=False, seen=("honeypot",))
    assert against(trap, followed(2, 10 * MINUTE, host="phone")) == [{"honeypot"}, {"honeypot"}]
    assert against(trap, followed(2, 10 * MINUTE + SECOND)) == [{"honeypot"}, set()]
    head = followed(1, landed=False, seen=("head_request",))
    assert against(head, followed(2, MINUTE)) == [{"head_request"}, {"head_request"}]
    assert against(head, followed(2, MINUTE, host="phone")) == [{"head_request"}, set()]
    assert against(head, followed(2, MINUTE, host=None)) == [{"head_request"}, {"head_request"}]


@pytest.mark.parametrize(
    ("network", "seen", "evidence", "expected"),
    [
        ("isp", (), (), ()),
        ("vpn", ("prefetch",), ("network:vpn", "seen:newbrowser@ab"), ()),
        ("hosting", (), ("network:hosting",), ("scanner_network",)),
        ("security_proxy", ("head_request",), (), ("head_request", "scanner_network")),
        ("isp", (), ("behaviour:webdriver",), ("odd_browser",)),
        ("isp", (), ("agent:headless@ab",), ("odd_browser",)),
        ("isp", ("honeypot",), ("headers:client_hints",), ("honeypot", "odd_browser")),
    ],
)
def test_a_click_by_itself(
    network: str, seen: tuple[str, ...], evidence: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert seen_alone(network, seen, evidence) == expected


def test_thousands_of_clicks_of_one_link_are_judged_without_comparing_all_with_all() -> None:
    crowd = [followed(number, (number % 600) * SECOND, host=f"h-{number}") for number in range(20_000)]
    assert all(suspicions(crowd).values())

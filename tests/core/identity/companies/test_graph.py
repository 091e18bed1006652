"""Colleagues who introduced themselves from one connection, and what they say of the next visitor there."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.companies.graph import Candidate, Sighting, answer_of, candidates

MAY = date(2026, 5, 4)
DOMAINS = ("kiln.example", "loom.example", "")


def seen(name: str, day: int = 0, domain: str = "kiln.example", visitor: str | None = None) -> Sighting:
    return Sighting(domain, f"{name}@{domain}", visitor or f"browser of {name}@{domain}", MAY + timedelta(days=day))


def best(sightings: list[Sighting], *, after: int = 0, shared_line: bool = False) -> Candidate | None:
    return next(iter(candidates(sightings, MAY + timedelta(days=after), shared_line=shared_line)), None)


def confidence(sightings: list[Sighting], domain: str, *, after: int = 0, shared_line: bool = False) -> float:
    found = candidates(sightings, MAY + timedelta(days=after), shared_line=shared_line)
    return next((one.confidence for one in found if one.domain == domain), 0.0)


sightings = st.lists(
    st.builds(
        Sighting,
        domain=st.sampled_from(DOMAINS),
        contact=st.sampled_from(["ada", "bela", "cy", "dan", "eve"]),
        visitor=st.sampled_from(["v1", "v2", "v3", "v4", "v5"]),
        day=st.integers(-300, 0).map(lambda ago: MAY + timedelta(days=ago)),
    ),
    max_size=12,
)


@given(st.data(), sightings, st.booleans())
def test_neither_order_nor_repeats_matter(data: st.DataObject, given: list[Sighting], shared: bool) -> None:
    again = data.draw(st.permutations(given + given[: len(given) // 2]))
    assert candidates(again, MAY, shared_line=shared) == candidates(given, MAY, shared_line=shared)


@given(sightings, st.sampled_from(["ada", "frank"]), st.sampled_from(["v1", "v9"]), st.integers(0, 30))
def test_one_more_of_a_company_never_lowers_it(given: list[Sighting], contact: str, visitor: str, ago: int) -> None:
    more = [*given, Sighting("kiln.example", contact, visitor, MAY - timedelta(days=ago))]
    assert confidence(more, "kiln.example") >= confidence(given, "kiln.example")


@given(sightings, st.sampled_from(["loom.example", ""]), st.sampled_from(["ada", "frank"]), st.integers(0, 30))
def test_somebody_of_elsewhere_never_raises_it(given: list[Sighting], domain: str, contact: str, ago: int) -> None:
    more = [*given, Sighting(domain, contact, "v9", MAY - timedelta(days=ago))]
    assert confidence(more, "kiln.example") <= confidence(given, "kiln.example")


@given(sightings, st.integers(0, 200), st.integers(0, 200))
def test_with_time_alone_it_only_falls(given: list[Sighting], early: int, later: int) -> None:
    then = confidence(given, "kiln.example", after=early + later)
    assert then <= confidence(given, "kiln.example", after=early) + 1e-12


@given(sightings)
def test_no_two_companies_are_named_at_once(given: list[Sighting]) -> None:
    assert sum(one.named for one in candidates(given, MAY, shared_line=False)) <= 1


@pytest.mark.parametrize("shared_line", [True, False])
def test_one_persons_word_names_nobody_on_however_many_days(shared_line: bool) -> None:
    found = best([seen("ada", -day) for day in range(60)], shared_line=shared_line)
    assert found is not None
    assert not found.named


def test_one_person_with_two_browsers_or_two_addresses_in_one_is_one_person() -> None:
    two_browsers = [seen("ada", visitor="office"), seen("ada", visitor="phone")]
    two_addresses = [seen("ada", visitor="office"), seen("boss", visitor="office")]
    for people in (two_browsers, two_addresses):
        found = best(people * 5 + [seen("ada", -1, visitor="office")])
        assert found is not None
        assert not found.named


@pytest.mark.parametrize("shared_line", [True, False])
def test_two_colleagues_make_it_probable_for_a_month(shared_line: bool) -> None:
    colleagues = [seen("ada"), seen("bela")]
    found = best(colleagues, shared_line=shared_line)
    assert found is not None
    assert found.named
    assert 0.5 <= answer_of(found).confidence < 0.7
    assert not best(colleagues, after=60, shared_line=shared_line).named  # type: ignore[union-attr]


def test_many_colleagues_over_weeks_are_believed_more_and_longer_but_never_for_certain() -> None:
    office = [seen(name, -day) for name in ("ada", "bela", "cy", "dan", "eve") for day in range(20)]
    found = best(office)
    assert found is not None
    assert 0.8 <= answer_of(found).confidence < 0.9
    assert best(office, after=60).named  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "people",
    [
        pytest.param([seen("ada"), seen("bela"), seen("cy", domain="loom.example"), seen("dan", domain="mill.example")],
                     id="co-working space"),
        pytest.param([seen("ada"), seen("bela"), seen("x", domain=""), seen("y", domain=""), seen("z", domain="")], id="cafe"),
        pytest.param([seen("ada", -day) for day in range(9)] + [seen("cy", -day, domain="loom.example") for day in range(9)],
                     id="family flat"),
        pytest.param([seen("ada"), seen("bela"), seen("cy", domain="loom.example"), seen("dan", domain="loom.example")],
                     id="two firms on one floor"),
    ],
)  # fmt: skip
def test_where_people_of_several_companies_meet_nobody_is_named(people: list[Sighting]) -> None:
    assert not any(one.named for one in candidates(people, MAY, shared_line=True))


def test_one_guest_among_many_colleagues_changes_little() -> None:
    people = [seen(str(number)) for number in range(9)]
    guest = [*people, seen("cy", domain="loom.example")]
    found = best(guest)
    assert found is not None
    assert (found.domain, found.named, found.others) == ("kiln.example", True, 1)

"""What a company is called, and what people say about themselves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.companies.names import derived_name, fits, stated_name
from leadlight.core.identity.people.traits import person_traits


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("norrvik.example", "Norrvik"),
        ("harbor-mills.example", "Harbor Mills"),
        ("kbx.example", "KBX"),
        ("3m.example", "3M"),
        ("xn--bcher-kva.example", "Bücher"),
        ("norrvik.co.uk", "Norrvik"),
    ],
)
def test_a_domain_gives_a_name(domain: str, name: str) -> None:
    assert derived_name(domain) == name


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("Norrvik Foods", "norrvik.example"),
        ("NORRVIK", "norrvik-foods.example"),
        ("Kiln Box Xpress", "kbx.example"),
        ("Bücher & Söhne", "buecher.example"),
        ("Büro Müller GmbH", "xn--mller-kva.example"),
    ],
)
def test_a_name_fits_the_domain_it_stands_in(name: str, domain: str) -> None:
    assert fits(name, domain)


@pytest.mark.parametrize("name", ["Acme", "asdf", "-", "🙂", "Best Company Ever"])
def test_a_name_of_another_does_not_fit(name: str) -> None:
    assert not fits(name, "norrvik.example")


@pytest.mark.parametrize("given", [None, 4, "", "  ", "null", {}, {"name": 5}, ["x"], {"name": "n/a"}])
def test_nothing_stated_is_no_name(given: Any) -> None:
    assert stated_name(given) is None


def test_traits_are_found_under_the_names_that_sites_use() -> None:
    assert person_traits({"first_name": "Ada", "lastName": "Moreau", "phone": 49123, "jobTitle": " Head  of\nIT "}) == {
        "name": "Ada Moreau",
        "phone": "49123",
        "job_title": "Head of IT",
    }
    assert person_traits({"name": "Ada", "firstName": "x", "title": "CTO", "company": {"name": "Norrvik"}}) == {
        "name": "Ada",
        "job_title": "CTO",
        "company": "Norrvik",
    }


def test_fillers_say_nothing() -> None:
    assert person_traits({"name": "undefined", "phone": "", "title": None, "company": "N/A", "mobile": True}) == {}


@given(st.dictionaries(st.sampled_from(["name", "phone", "company", "title", "firstName"]), st.text() | st.integers()))
def test_no_trait_is_blank_or_endless(traits: dict[str, Any]) -> None:
    for value in person_traits(traits).values():
        assert value.strip()
        assert len(value) <= 401

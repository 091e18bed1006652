"""Pages and campaigns out of what clients say in several places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.intake.calls import Context, PageContext
from leadlight.core.intake.pages import campaign_of, page_of
from leadlight.core.privacy.cleaning import NO_ADDRESS, cleaner_of
from leadlight.core.records import Page


def page(url: str | None = None, **told: str) -> Page | None:
    return page_of({}, Context(page=PageContext(url=url, **told)), stated=False)[0]


@pytest.mark.parametrize(
    ("url", "path", "search"),
    [
        ("https://shop.example", "/", ""),
        ("https://shop.example/a/b?x=1&y=2", "/a/b", "?x=1&y=2"),
        ("HTTP://shop.example/%7Eada", "/%7Eada", ""),
        ("https://shop.example:8443?x", "/", "?x"),
    ],
)
def test_the_path_follows_from_the_address(url: str, path: str, search: str) -> None:
    found = page(url)
    assert found is not None
    assert (found.url, found.path, found.search) == (url, path, search)


def test_a_stated_path_counts_before_the_addresss() -> None:
    found = page("https://shop.example/index.php?id=4", path="pricing?x=1")
    assert found is not None
    assert found.path == "/pricing"


@pytest.mark.parametrize(
    ("path", "kept"),
    [("/#/pricing", "/#/pricing"), ("/#pricing", "/#pricing"), ("/app#!/a?token=1", "/app#!/a"), ("/#token=1", "/")],
)
def test_a_path_may_hold_the_route_of_a_router_that_goes_by_it(path: str, kept: str) -> None:
    found = page("https://shop.example/", path=path)
    assert found is not None
    assert found.path == kept


def test_of_a_page_call_the_properties_count_first_and_the_context_fills_gaps() -> None:
    context = Context(page=PageContext(url="https://b.example/b", title="B", referrer="https://r.example/"))
    found, _ = page_of({"url": "https://a.example/a", "title": 5}, context, stated=True)
    assert found == Page("https://a.example/a", "/a", "B", "https://r.example/", "")
    found, _ = page_of({"url": "https://a.example/a"}, context, stated=False)
    assert found == Page("https://b.example/b", "/b", "B", "https://r.example/", "")


def test_nothing_said_is_no_page() -> None:
    assert page_of({}, None, stated=True) == (None, NO_ADDRESS)
    assert page_of({"plan": "x"}, Context(), stated=False) == (None, NO_ADDRESS)


def test_a_campaign_is_what_is_stated_else_what_the_address_carries() -> None:
    url = "https://a.example/?utm_source=letter&utm_medium=&utm_campaign=spring%20sale&utm_term=x&gclid=1"
    address = cleaner_of().address(url)
    stated = Context(campaign={"name": "autumn", "source": 7, "unknown": "x"})
    assert campaign_of(stated, address) == {"name": "autumn"}
    assert campaign_of(Context(), address) == {"source": "letter", "name": "spring sale", "term": "x"}
    assert campaign_of(None, NO_ADDRESS) == {}


@given(st.text(max_size=80), st.text(max_size=20), st.text(max_size=20))
def test_no_text_breaks_a_page(url: str, path: str, query: str) -> None:
    told = Context(page=PageContext(url=f"https://a.example/{url}?utm_source={query}", path=path))
    found, address = page_of({}, told, stated=False)
    assert found is not None
    assert found.path == "" or found.path.startswith("/")
    assert "\x00" not in "".join(campaign_of(None, address).values())

"""Addresses of pages lose what people did not mean to tell, and nothing else."""

from typing import Any
from urllib.parse import quote, unquote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadlight.core.privacy.cleaning import cleaner_of
from leadlight.core.privacy.levels import impersonal
from leadlight.core.privacy.secrets_in_text import holds_email, without_emails

CLEANER = cleaner_of()
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SHOP = "https://shop.example"


@pytest.mark.parametrize(
    "kept",
    [
        "/",
        "/pricing?plan=team&seats=5",
        "/a/b?x=1&y=2",
        "/search?q=lamps+for+desks&page=2",
        "/?utm_source=letter&utm_medium=email&utm_campaign=spring%20sale",
        "/?utm_source=key&gclid=Cj0KCQjw9fntBRCGARIsAGjFq5EOP8Q0Qm3Kp1ZlWw2xV7uTtYyHhGgFfDdSsAaQqWwEeRrTt123",
        "/buy?code=SAVE10",
        "/item?id=6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "/how-to-choose-the-best-desk-lamp-in-2026-for-your-team",
        "/assets/9e107d9d372bb6826bd81d3542a419d6/index",
        "/kontakt?ansprechpartner=m%C3%BCller",
        "/@shop/profile",
        "?x",
    ],
)
def test_what_is_no_secret_stays_to_the_letter(kept: str) -> None:
    assert CLEANER.address(SHOP + kept).url == SHOP + kept


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("/thanks?email=ann%40mill.example&plan=a", "/thanks?plan=a"),
        ("/thanks?plan=a&who=ann@mill.example", "/thanks?plan=a"),
        ("/thanks?who=ann%2540mill.example", "/thanks"),
        ("/thanks?ann@mill.example", "/thanks"),
        ("/?utm_source=letter&utm_content=ann%40mill.example", "/?utm_source=letter"),
        ("/?gclid=ann%40mill.example&a=1", "/?a=1"),
        ("/users/ann@mill.example/edit", "/users/(email)/edit"),
        ("/users/ann%40mill.example", "/users/(email)"),
        ("/in?token=abc&access_token=d&ID-Token=e&a=1", "/in?a=1"),
        ("/in?code=4711&state=xyz&a=1", "/in?a=1"),
        ("/in?user[password]=hunter2&pwd=x&secret=y&api_key=z&apikey=z&auth=1", "/in"),
        ("/in?session=1&sid=2&PHPSESSID=3&sig=4&signature=5&jwt=6&otp=7&reset_key=8&phone=9&ssn=10", "/in"),
        ("/in?X-Amz-Signature=1&csrf_token=2&billing_email=x&a=1", "/in?a=1"),
        (f"/in?t={JWT}&a=1", "/in?a=1"),
        (f"/in/{JWT}", "/in/(token)"),
        ("/in?h=9e107d9d372bb6826bd81d3542a419d6&a=1", "/in?a=1"),
        ("/reset-password/9f8e7d6c5b4a39281706", "/reset-password/(token)"),
        ("/page;jsessionid=0A1B?a=1", "/page?a=1"),
        ("/page?a=1;token=2;b=3", "/page?a=1;b=3"),
        ("/login?next=https%3A%2F%2Fshop.example%2Fa%3Ftoken%3Dabc&a=1", "/login?a=1"),
        ("/page#access_token=abc", "/page"),
        ("/page?a=1#section", "/page?a=1"),
        ("/#/reset?token=1&plan=a", "/#/reset?plan=a"),
        ("/#!/pricing", "/#!/pricing"),
    ],
)
def test_secrets_are_taken_out_and_the_rest_stays(url: str, clean: str) -> None:
    assert CLEANER.address(SHOP + url).url == SHOP + clean


def test_name_and_password_in_an_address_are_taken_out() -> None:
    assert CLEANER.address("https://ann:hunter2@shop.example/a").url == "https://shop.example/a"
    assert CLEANER.text("ftp://ann@mill.example@files.example/a") == "ftp://files.example/a"


def test_a_sites_own_parameters_are_stripped_too_also_those_of_campaigns() -> None:
    cleaner = cleaner_of(("customer*", "UTM_term"))
    found = cleaner.address(f"{SHOP}/?customerNumber=12&utm_term=x&utm_source=y&a=1")
    assert (found.url, found.campaign) == (f"{SHOP}/?utm_source=y&a=1", {"source": "y"})


def test_click_ids_are_told_by_their_name_unless_the_person_may_not_be_known() -> None:
    url = f"{SHOP}/?gclid=A1&FBCLID=b2&li_fat_id=c3&sccid=d4&a=1"
    assert CLEANER.address(url).click_ids == {"gclid": "A1", "fbclid": "b2", "li_fat_id": "c3", "ScCid": "d4"}
    without = cleaner_of((), click_ids=False).address(url)
    assert (without.url, without.click_ids) == (f"{SHOP}/?a=1", {})


def test_addresses_in_properties_are_cleaned_wherever_they_stand() -> None:
    given: dict[str, Any] = {
        "url": f"{SHOP}/?token=1&a=1",
        "target": f"{SHOP}/?email=x",
        "next_url": "/a?token=1",
        "search": "?token=1&q=a",
        "label": "#1 of 5? token=1",
        "links": [{"href": f"{SHOP}/#x"}, f"{SHOP}/?sid=1", 7],
        "ip": "198.51.100.7",
        "amount": 12.5,
    }
    assert CLEANER.properties(given) == {
        "url": f"{SHOP}/?a=1",
        "target": f"{SHOP}/",
        "next_url": "/a",
        "search": "?q=a",
        "label": "#1 of 5? token=1",
        "links": [{"href": f"{SHOP}/"}, f"{SHOP}/", 7],
        "amount": 12.5,
    }


emails = st.sampled_from(
    ["ann@mill.example", "ann.b+c@mill.example", "ANN@MILL.EXAMPLE", "j\u00f6rg@m\u00fchle.example"]
)
encoded = emails | emails.map(quote) | emails.map(lambda text: quote(quote(text)))
pieces = st.one_of(
    st.text(max_size=6),
    encoded,
    st.sampled_from([*"/?#&;=:@%", "://", "//", "token=", "https:", ";sid=1", "%40", "%23", "utm_source=", "gclid="]),
)
addresses = st.lists(pieces, max_size=12).map("".join) | st.lists(pieces, max_size=10).map(
    lambda parts: "https://a.example/" + "".join(parts)
)


@given(addresses)
@example("http:;sid=1//u@h")
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = CLEANER.text(text)
    assert CLEANER.text(once) == once
    url = CLEANER.address(text).url
    assert CLEANER.address(url).url == url


@given(addresses)
def test_no_email_is_left_in_an_address(text: str) -> None:
    found = CLEANER.address(text)
    for clean in (CLEANER.text(text), found.url, found.search, *found.campaign.values(), *found.click_ids.values()):
        for plain in (clean, unquote_plus(clean), unquote_plus(unquote_plus(clean))):
            assert not holds_email(plain)


@given(st.lists(st.text(max_size=5) | encoded | st.sampled_from(["@", " ", ".", ","]), max_size=10).map("".join))
def test_masking_leaves_no_email_and_is_done_once(text: str) -> None:
    masked = without_emails(text)
    assert not holds_email(masked)
    assert without_emails(masked) == masked


values = st.recursive(
    st.none() | st.booleans() | st.integers() | encoded | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | emails, inner, max_size=3),
    max_leaves=10,
)


def texts_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in texts_in(one)]
    return [text for one in value for text in texts_in(one)] if isinstance(value, list) else []


@given(values)
def test_nobody_is_named_in_impersonal_properties(value: Any) -> None:
    assert not any(holds_email(text) for text in texts_in(impersonal(value)))


def test_personal_fields_are_left_out_of_impersonal_properties() -> None:
    given = {"plan": "team", "Phone Number": "+49 30 123", "form": {"first_name": "Ann", "topic": "lamps"}}
    assert impersonal(given) == {"plan": "team", "form": {"topic": "lamps"}}

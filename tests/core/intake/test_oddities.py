"""What is odd about headers, and what is not: no browser that people use may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.intake.oddities import READ, oddities_of

HTTPS, HTTP = {b"origin": b"https://shop.example"}, {b"origin": b"http://shop.example"}
FETCH = {b"sec-fetch-site": b"cross-site", b"sec-fetch-mode": b"cors", b"sec-fetch-dest": b"empty"}
LANGUAGE = {b"accept-language": b"de-DE,de;q=0.9,en;q=0.8"}
WEBKIT = b"AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + WEBKIT + b" Chrome/141.0.0.0 Safari/537.36"
PHONE = b"Mozilla/5.0 (Linux; Android 10; K) " + WEBKIT + b" Chrome/141.0.0.0 Mobile Safari/537.36"
MAC = b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + WEBKIT + b" Chrome/141.0.0.0 Safari/537.36"
LINUX = b"Mozilla/5.0 (X11; Linux x86_64) " + WEBKIT + b" Chrome/141.0.0.0 Safari/537.36"
FIREFOX = b"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
OLD_FIREFOX = b"Mozilla/5.0 (Windows NT 6.1; rv:78.0) Gecko/20100101 Firefox/78.0"
SAFARI = b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6 Safari/605.1.15"
IPHONE = b"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1"
APP = (
    b"Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A; wv) "
    + WEBKIT
    + b" Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36"
)
BRAVE, TV = (
    WINDOWS,
    b"Mozilla/5.0 (Web0S; Linux/SmartTV) " + WEBKIT + b" Chrome/94.0.4606.128 Safari/537.36 WebAppManager",
)


def hints(brand: bytes = b"Google Chrome", version: bytes = b"141", system: bytes = b"Windows", mobile: bytes = b"?0"):  # type: ignore[no-untyped-def]
    brands = b'"' + brand + b'";v="' + version + b'", "Not?A_Brand";v="8", "Chromium";v="' + version + b'"'
    return {b"sec-ch-ua": brands, b"sec-ch-ua-mobile": mobile, b"sec-ch-ua-platform": b'"' + system + b'"'}


PEOPLE = {
    "Chrome": {b"user-agent": WINDOWS, **HTTPS, **FETCH, **LANGUAGE, **hints()},
    "Brave": {b"user-agent": BRAVE, **HTTPS, **FETCH, **LANGUAGE, **hints(b"Brave")},
    "Chrome on a telephone": {b"user-agent": PHONE, **HTTPS, **FETCH, **LANGUAGE, **hints(system=b"Android", mobile=b"?1")},
    "a telephone asking for the desktop's page": {b"user-agent": LINUX, **HTTPS, **FETCH, **LANGUAGE, **hints(system=b"Android")},
    "Chrome on a page over http": {b"user-agent": WINDOWS, **HTTP, **LANGUAGE},
    "Firefox": {b"user-agent": FIREFOX, **HTTPS, **FETCH, **LANGUAGE},
    "an old Firefox": {b"user-agent": OLD_FIREFOX, **HTTPS, **LANGUAGE},
    "an old Safari": {b"user-agent": SAFARI, **HTTPS, **LANGUAGE},
    "Chrome on an iPhone": {b"user-agent": IPHONE, **HTTPS, **FETCH, **LANGUAGE},
    "a page inside an app": {b"user-agent": APP, **HTTPS, **LANGUAGE},
    "an app that tells other hints": {b"user-agent": APP, **HTTPS, **FETCH, **LANGUAGE, **hints(b"Android WebView", b"131", b"Android", b"?1")},
    "a television": {b"user-agent": TV, **HTTPS, **LANGUAGE},
    "an image without a script": {b"user-agent": FIREFOX, **LANGUAGE, b"sec-fetch-site": b"cross-site", b"sec-fetch-mode": b"no-cors"},
}  # fmt: skip

MACHINES = {
    "a script with Chrome's agent": ({b"user-agent": WINDOWS, **HTTPS}, "no_fetch_metadata"),
    "a script with Firefox's agent": ({b"user-agent": FIREFOX, **HTTPS, **LANGUAGE}, "no_fetch_metadata"),
    "a script that forgot the language": ({b"user-agent": WINDOWS, **HTTPS, **FETCH, **hints()}, "no_language"),
    "a script that forgot the hints": ({b"user-agent": WINDOWS, **HTTPS, **FETCH, **LANGUAGE}, "no_client_hints"),
    "another version": ({b"user-agent": MAC, **HTTPS, **FETCH, **LANGUAGE, **hints(version=b"120", system=b"macOS")}, "other_browser"),
    "another system": ({b"user-agent": MAC, **HTTPS, **FETCH, **LANGUAGE, **hints(system=b"Windows")}, "other_system"),
    "a telephone by the hints only": ({b"user-agent": WINDOWS, **HTTPS, **FETCH, **LANGUAGE, **hints(mobile=b"?1")}, "other_device"),
    "Firefox with Chrome's hints": ({b"user-agent": FIREFOX, **HTTPS, **FETCH, **LANGUAGE, **hints()}, "foreign_client_hints"),
    "a browser without a screen": ({b"user-agent": LINUX, **HTTPS, **FETCH, **LANGUAGE, **hints(b"HeadlessChrome", system=b"Linux")}, "HeadlessChrome"),
    "no agent": ({**HTTPS, **FETCH, **LANGUAGE}, "no_agent"),
    "a long agent": ({b"user-agent": WINDOWS + b" " * 2_000, **HTTPS, **FETCH, **LANGUAGE, **hints()}, "long_agent"),
    "an agent with a bell": ({b"user-agent": SAFARI + b"\x07", **HTTPS, **FETCH, **LANGUAGE}, "strange_agent"),
    "a word that the standard does not have": ({b"user-agent": FIREFOX, **HTTPS, **LANGUAGE, b"sec-fetch-site": b"cross"}, "bad_fetch_metadata"),
}  # fmt: skip


@pytest.mark.parametrize("who", PEOPLE)
def test_nothing_is_odd_about_a_browser_that_people_use(who: str) -> None:
    assert oddities_of(PEOPLE[who]) == ()


@pytest.mark.parametrize("who", MACHINES)
def test_what_no_browser_does_is_odd(who: str) -> None:
    headers, oddity = MACHINES[who]
    assert oddity in oddities_of(headers)


@given(st.dictionaries(st.sampled_from(READ), st.binary(max_size=60)))
def test_whatever_the_headers_an_answer_comes(headers: dict[bytes, bytes]) -> None:
    assert len(oddities_of(headers)) <= 8

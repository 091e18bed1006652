"""What a line of a web server's log tells of a reader."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.imports.access_log import BadLine, Hit, Skip, read_line, unescaped

AT = "[10/Oct/2025:13:55:36 -0700]"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def line(
    request: str = "GET / HTTP/1.1", *, status: int = 200, before: str = "203.0.113.9 - - ", after: str = ""
) -> str:
    return f'{before}{AT} "{request}" {status} 2326 "https://news.example/x" "{FIREFOX}"{after}'


def test_a_page_is_read_with_its_time_in_utc() -> None:
    assert read_line(line("GET /pricing?a=1 HTTP/1.1")) == Hit(
        "203.0.113.9",
        datetime(2025, 10, 10, 20, 55, 36, tzinfo=UTC),
        "/pricing?a=1",
        "https://news.example/x",
        FIREFOX,
    )


@pytest.mark.parametrize(
    "variant",
    [
        line(before="shop.example:443 203.0.113.9 - - "),  # with the host that was asked
        line(before="203.0.113.9 - ann [of the mill] - "),
        line(after=' 0.003 "-" upstream=x'),  # what an owner has added at the end
        line("GET https://shop.example/ HTTP/1.1"),
        line("GET / HTTP/2.0") + "\r\n",
    ],
)
def test_the_usual_variants_are_read_too(variant: str) -> None:
    found = read_line(variant)
    assert isinstance(found, Hit)
    assert (found.address, found.target, found.user_agent) == ("203.0.113.9", "/", FIREFOX)


def test_the_common_format_has_no_referrer_and_no_agent() -> None:
    found = read_line(f'2001:db8::7 - - {AT} "GET /a HTTP/1.1" 304 -')
    assert isinstance(found, Hit)
    assert (found.address, found.referrer, found.user_agent) == ("2001:db8::7", "", "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (line("GET /style.css?v=3 HTTP/1.1"), Skip.NOT_A_PAGE),
        (line("GET /a/photo.JPEG HTTP/1.1"), Skip.NOT_A_PAGE),
        (line("POST /contact HTTP/1.1"), Skip.NOT_READ),
        (line("HEAD / HTTP/1.1"), Skip.NOT_READ),
        (line(status=404), Skip.NOT_SERVED),
        (line(status=301), Skip.NOT_SERVED),
        (line(r"\x16\x03\x01", status=400), Skip.NOT_SERVED),
        ("", Skip.EMPTY),
        ("#Fields: date time", Skip.EMPTY),
    ],
)
def test_what_is_no_page_view_is_passed_over_with_a_reason(text: str, why: Skip) -> None:
    assert read_line(text) is why


def test_a_document_is_something_that_people_read() -> None:
    assert isinstance(read_line(line("GET /brochure.pdf HTTP/1.1")), Hit)


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        line()[:40],
        line().replace("Oct", "Okt"),
        line().replace("10/Oct", "40/Oct"),
        line("GET /"),
        "x" * 40_000,
    ],
)
def test_what_is_no_log_line_says_so(text: str) -> None:
    with pytest.raises(BadLine):
        read_line(text)


def test_what_the_server_escaped_is_read_as_it_was() -> None:
    assert unescaped(r"\"x\" \\ caf\xc3\xa9 \t") == '"x" \\ café \t'
    found = read_line(line(r"GET /caf\xc3\xa9 HTTP/1.1"))
    assert isinstance(found, Hit)
    assert found.target == "/café"


@given(st.text(max_size=200), st.integers(0, 120))
def test_no_text_does_more_than_be_bad(text: str, cut: int) -> None:
    for given_line in (text, line()[:cut] + text, line(text), line(after=text)):
        with suppress(BadLine):
            assert isinstance(read_line(given_line), Hit | Skip)

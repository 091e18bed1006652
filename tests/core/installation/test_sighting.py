"""Tokens by which an owner's own page view is known again."""

from datetime import UTC, datetime, timedelta

from leadlight.core.installation.sighting import LIFETIME, is_good, make_token, marked, tokens_in
from leadlight.core.privacy.cleaning import cleaner_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = b"only for tests, and long enough for them"
TOKEN = make_token(SECRET, "shop", now=NOW, random=bytes(8))


def test_a_token_is_found_in_a_post_of_its_own_site_and_within_its_hour() -> None:
    body = f'{{"batch":[{{"context":{{"page":{{"search":"?a=b&leadlight_check={TOKEN}"}}}}}}]}}'.encode()
    assert tokens_in(body, SECRET, "shop", now=NOW + LIFETIME) == {TOKEN}
    assert tokens_in(body, SECRET, "shop", now=NOW + LIFETIME + timedelta(seconds=1)) == set()
    assert tokens_in(body, SECRET, "other", now=NOW) == set()
    assert tokens_in(body, b"another secret", "shop", now=NOW) == set()
    assert tokens_in(body.replace(TOKEN.encode(), TOKEN.encode() + b"0"), SECRET, "shop", now=NOW) == set()


def test_made_up_tokens_are_told_from_genuine_ones() -> None:
    for token in ("", "x", "-", TOKEN[:-1], TOKEN + "0", TOKEN.replace("-", ""), TOKEN.upper() + "é", "ffffffff-0-0"):
        assert not is_good(token, SECRET, "shop", now=NOW), token


def test_a_page_s_own_query_is_kept_beside_the_token() -> None:
    assert marked("https://shop.example/a?b=c#d", "t") == "https://shop.example/a?b=c&leadlight_check=t#d"
    assert marked("https://shop.example/", "t") == "https://shop.example/?leadlight_check=t"


def test_the_token_is_not_kept_with_the_page() -> None:
    cleaned = cleaner_of().address(marked("https://shop.example/?b=c", TOKEN))
    assert cleaned.url == "https://shop.example/?b=c"

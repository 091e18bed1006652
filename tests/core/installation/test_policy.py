"""Content Security Policies, as browsers decide them."""

import pytest

from leadlight.core.installation.policy import Element, may_load, may_send, parse

PAGE = "https://www.shop.example/pricing"
TAG = "https://leads.shop.example/leadlight.js"
POST = "https://leads.shop.example/v1/batch"


def loads(text: str, *, url: str = TAG, page: str = PAGE, nonce: str = "", integrity: str = "") -> bool:
    return all(may_load(one, Element(nonce, integrity), url, page) for one in parse([text]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "img-src 'none'",
        "script-src *",
        "script-src https:",
        "script-src HTTPS:",
        "script-src https://leads.shop.example",
        "script-src leads.shop.example",
        "script-src LEADS.shop.example:443",
        "script-src http://leads.shop.example",
        "script-src *.shop.example",
        "script-src https://leads.shop.example:*",
        "script-src https://leads.shop.example/leadlight.js",
        "script-src https://leads.shop.example/",
        "default-src leads.shop.example",
        "script-src-elem leads.shop.example; script-src 'none'",
        "script-src leads.shop.example; script-src 'none'",
        "sandbox allow-scripts; script-src *",
        "Script-Src 'unsafe-inline' leads.shop.example",
    ],
)
def test_policies_that_let_the_tag_load(text: str) -> None:
    assert loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "script-src 'none'",
        "script-src",
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        "script-src other.example",
        "script-src shop.example",
        "script-src *.leads.shop.example",
        "script-src https://leads.shop.example:8443",
        "script-src https://leads.shop.example/static/",
        "script-src leads.shop.example; script-src-elem 'none'",
        "script-src 'strict-dynamic' 'nonce-abc' https: leads.shop.example",
        "script-src leads.shop.example, script-src 'self'",
        "sandbox; script-src *",
        "script-src 'nonce-abc'",
        "script-src data: blob:",
    ],
)
def test_policies_that_keep_the_tag_from_loading(text: str) -> None:
    assert not loads(text)


def test_a_nonce_or_a_hash_lets_the_tag_load_even_where_hosts_do_not_count() -> None:
    strict = "script-src 'strict-dynamic' 'nonce-aBc' 'sha384-AAAA'"
    assert loads(strict, nonce="aBc")
    assert not loads(strict, nonce="abc")
    assert loads(strict, integrity="sha384-AAAA")
    assert not loads(strict, integrity="sha384-AAAA sha384-BBBB")


@pytest.mark.parametrize(
    ("page", "url", "same"),
    [
        ("https://shop.example/", "https://shop.example/leadlight.js", True),
        ("http://shop.example/", "https://shop.example/leadlight.js", True),
        ("https://shop.example/", "http://shop.example/leadlight.js", False),
        ("https://shop.example/", "https://www.shop.example/leadlight.js", False),
        ("http://127.0.0.1:8001/", "http://127.0.0.1:8000/leadlight.js", False),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/leadlight.js", True),
    ],
)
def test_self_means_the_page_s_own_origin_or_its_safer_twin(page: str, url: str, same: bool) -> None:
    assert loads("script-src 'self'", page=page, url=url) is same


def test_a_host_without_a_scheme_takes_the_page_s() -> None:
    assert not loads("script-src leads.shop.example", url="http://leads.shop.example/leadlight.js")
    assert loads(
        "script-src leads.shop.example", url="http://leads.shop.example/leadlight.js", page="http://shop.example/"
    )


@pytest.mark.parametrize(
    ("text", "sends"),
    [
        ("connect-src leads.shop.example", True),
        ("connect-src 'self'", False),
        ("default-src leads.shop.example", True),
        ("default-src 'none'; script-src *", False),
        ("default-src 'none'; connect-src https:", True),
        ("script-src 'none'", True),
        ("connect-src https://leads.shop.example/v1/", True),
        ("connect-src https://leads.shop.example/v1/batch", True),
        ("connect-src https://leads.shop.example/v1", False),
    ],
)
def test_sending_is_decided_by_its_own_directive(text: str, sends: bool) -> None:
    assert all(may_send(one, POST, PAGE) for one in parse([text])) is sends

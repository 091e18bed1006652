"""Pages as browsers read them: which script counts, and which only looks like one."""

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.installation.scan import Place, scan
from leadlight.core.installation.verdict import Expected, Kind, Page, State, judge, worst

LEADS = "https://leads.shop.example"
TAG = f'<script async src="{LEADS}/leadlight.js" data-key="wk_shop"></script>'


def found(
    html: str, *, url: str = "https://www.shop.example/", certain: bool = True, policies: tuple[str, ...] = ()
) -> set[Kind]:
    expected = Expected("wk_shop", LEADS, TAG, certain)
    return {remark.kind for remark in judge(Page(url, html, policies), expected)}


@pytest.mark.parametrize(
    "html",
    [
        TAG,
        TAG.upper()
        .replace("HTTPS://LEADS.SHOP.EXAMPLE/LEADLIGHT.JS", f"{LEADS}/leadlight.js")
        .replace("WK_SHOP", "wk_shop"),
        f"<script defer src='{LEADS}/leadlight.js' data-key=wk_shop></script>",
        f"<script async data-key=wk_shop src={LEADS}/leadlight.js></script>",
        f"<script\nasync\ndata-key = 'wk_shop'\nsrc = '{LEADS}/leadlight.js?x=1'\n>\n</script\n>",
        '<script async="" src="//leads.shop.example/leadlight.js" data-key="wk_shop"/></script>',
        f'<base href="{LEADS}/x/"><script async src="../leadlight.js" data-key="wk_shop"></script>',
        f'<script async src="{escape(LEADS)}&#47;leadlight.js" data-key="wk&#95;shop"></script>',
        f"<title><script></title>{TAG}",
        f"<style><!-- </style>{TAG}",
        f"<!-->{TAG}",
        f"<script>var a = '<!-- {TAG[:7]}';</script>{TAG}",
        f"<svg><path d='M0 0'/></svg><p title='a > b'>{TAG}",
        f'<script async src="{LEADS}/leadlight-0.1.0.js" data-key="wk_shop" integrity="sha384-abc"></script>',
        f'<script async src="/leadlight.js" data-endpoint="{LEADS}" data-key="wk_shop"></script>',
        f'<script async type="text/javascript" src="{LEADS}/leadlight.js" data-key="wk_shop"></script>',
    ],
)
def test_a_tag_is_found_however_it_is_written(html: str) -> None:
    assert found(html) == {Kind.PRESENT}


@pytest.mark.parametrize(
    ("html", "kinds"),
    [
        ("", {Kind.MISSING}),
        ("<p>leadlight.js</p>", {Kind.MISSING}),
        (f"<textarea>{TAG}</textarea>", {Kind.MISSING}),
        (f"<title>{TAG}", {Kind.MISSING}),
        (f"<p title='{TAG}'>", {Kind.MISSING}),
        (TAG[:40], {Kind.MISSING}),
        (f"<!-- {TAG} -->", {Kind.INERT}),
        (f"<noscript>{TAG}</noscript>", {Kind.INERT}),
        (f"<template><p>{TAG}</template>", {Kind.INERT}),
        (TAG.replace('"wk_shop"', '""'), {Kind.NO_KEY}),
        (TAG.replace("wk_shop", "wk_shoq"), {Kind.WRONG_KEY}),
        (TAG + TAG, {Kind.TWICE}),
        (TAG.replace("async", "async type=module"), {Kind.AS_MODULE}),
        (TAG.replace("async", "async type=text/plain"), {Kind.PRESENT, Kind.HELD_BACK}),
        (TAG.replace("src=", "data-src="), {Kind.PRESENT, Kind.HELD_BACK}),
        (TAG.replace("async", 'async integrity="sha384-abc"'), {Kind.PRESENT, Kind.FIXED_HASH}),
        (TAG.replace("async", "async data-endpoint=https://old.example"), {Kind.OTHER_HOST}),
        (TAG.replace("https:", "http:"), {Kind.OTHER_HOST, Kind.INSECURE}),
        ("<script>add('https://leads.shop.example/leadlight.js')</script>", {Kind.INSERTED}),
        ("<script async src='https://www.googletagmanager.com/gtm.js?id=GTM-AB12CD'></script>", {Kind.TAG_MANAGER}),
        (f'<meta http-equiv="Content-Security-Policy" content="script-src \'self\'">{TAG}', {Kind.SCRIPT_BLOCKED}),
        (f'{TAG}<meta http-equiv="Content-Security-Policy" content="script-src \'self\'">', {Kind.PRESENT}),
        (f'{TAG}<meta http-equiv="content-security-policy" content="connect-src \'self\'">', {Kind.SENDING_BLOCKED}),
        (f'{TAG}<meta http-equiv="content-security-policy" content="trusted-types \'none\'">', {Kind.PARTS_BLOCKED}),
        (f'{TAG}<meta http-equiv="content-security-policy" content="trusted-types shop leadlight">', {Kind.PRESENT}),
        (f'<p><meta http-equiv="Content-Security-Policy" content="script-src \'self\'">{TAG}', {Kind.PRESENT}),
        ("<script src='/ours.js' data-key='wk_shop' async></script>", {Kind.OTHER_HOST}),
    ],
)
def test_what_keeps_a_tag_from_working_is_told(html: str, kinds: set[Kind]) -> None:
    assert found(html) == kinds


def test_another_host_is_only_odd_while_nobody_has_said_where_leadlight_is() -> None:
    page = Page("https://www.shop.example/", TAG)
    remarks = judge(page, Expected("wk_shop", "http://127.0.0.1:8000", TAG, certain=False))
    assert worst(remarks) is State.WARN
    assert worst(judge(page, Expected("wk_shop", "https://a.example", TAG))) is State.FAIL


def test_a_site_that_keeps_nothing_in_browsers_wants_a_tag_that_keeps_nothing() -> None:
    cookieless = TAG.replace("async", 'async data-mode="cookieless"')
    expected = Expected("wk_shop", LEADS, cookieless)
    page = "https://www.shop.example/"
    assert [remark.kind for remark in judge(Page(page, TAG), expected)] == [Kind.NOT_COOKIELESS]
    assert [remark.kind for remark in judge(Page(page, cookieless), expected)] == [Kind.PRESENT]


def test_a_page_that_asks_for_https_by_itself_may_name_http() -> None:
    html = TAG.replace("https:", "http:")
    assert Kind.INSECURE not in found(html, policies=("upgrade-insecure-requests",))


def test_a_nonce_opens_a_strict_policy() -> None:
    strict = "script-src 'nonce-r4nd0m' 'strict-dynamic'; connect-src https://leads.shop.example"
    assert found(TAG, policies=(strict,)) == {Kind.SCRIPT_BLOCKED}
    assert found(TAG.replace("async", "async nonce=r4nd0m"), policies=(strict,)) == {Kind.PRESENT}


@given(
    st.lists(
        st.sampled_from(
            [
                "<",
                ">",
                "<!--",
                "-->",
                "<script",
                "</script>",
                " src=",
                '"',
                "'",
                "a",
                "/",
                "<template>",
                "</template>",
                "<noscript>",
                "</noscript>",
                TAG,
                "&amp;",
                "\x00",
                "<meta ",
                "http-equiv=",
                "=",
                "\n",
            ]
        ),
        max_size=60,
    )
)
def test_whatever_a_page_holds_it_is_read_to_its_end(parts: list[str]) -> None:
    scanned = scan("".join(parts))
    assert all(script.place in Place for script in scanned.scripts)
    assert judge(Page("https://www.shop.example/", "".join(parts)), Expected("wk_shop", LEADS, TAG))


@given(st.text(alphabet=st.characters(exclude_characters="<", exclude_categories=["Cs"]), max_size=200))
def test_text_around_a_tag_does_not_hide_it(text: str) -> None:
    assert found(f"<body>{text}{TAG}{text}") == {Kind.PRESENT}

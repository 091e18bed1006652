"""Domains out of what people write, and lookalikes."""

import idna
import pytest
from publicsuffixlist import PublicSuffixList

from leadlight.core.identity.companies.domains import NoCompany, confusable, host_in, registrable_company, shown
from leadlight.core.identity.companies.names import derived_name
from leadlight.core.identity.people.emails import MailDomains

_suffixes = PublicSuffixList()
MAIL = MailDomains(
    registrable=lambda domain: _suffixes.privatesuffix(domain),
    free=frozenset({"gmail.com"}),
    disposable=frozenset(),
    relays=frozenset({"relay.example"}),
)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("kiln.example", "kiln.example"),
        ("  WWW.Kiln.Example.  ", "www.kiln.example"),
        ("https://www.kiln.example/about?x=1#top", "www.kiln.example"),
        ("http://user:pass@kiln.example:8080/", "kiln.example"),
        ("//kiln.example/x", "kiln.example"),
        ("ada@kiln.example", "kiln.example"),
        ("kiln.example\\evil", "kiln.example"),
        ("müller.example", "xn--mller-kva.example"),
        ("", None),
        ("kiln", None),
        ("kiln example", None),
        ("203.0.113.7", None),
        ("[2001:db8::1]", None),
        ("kiln.example:http", None),
        ("javascript:alert(1)", None),
        ("x" * 3000 + ".example", None),
        ("kiln..example", None),
        ("kiln.example\x00.org", None),
    ],
)
def test_a_host_is_found_in_what_people_write(text: str, host: str | None) -> None:
    assert host_in(text) == host


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("https://shop.kiln.co.uk/x", "kiln.co.uk"),
        ("co.uk", NoCompany.SUFFIX),
        ("mail.gmail.com", NoCompany.MAIL_PROVIDER),
        ("relay.example", NoCompany.MAIL_PROVIDER),
        ("nothing at all", NoCompany.NO_DOMAIN),
    ],
)
def test_a_company_has_a_domain_of_its_own(text: str, company: str) -> None:
    assert registrable_company(text, MAIL) == company


def ascii_of(domain: str) -> str:
    return idna.encode(domain).decode()


@pytest.mark.parametrize(
    "domain",
    [
        "müller.example",
        "кирпич.example",
        "日本語テスト.example",
        "한국.example",
        "café-créme.example",
        "россия.рф",
        "сахар.рф",
    ],
)
def test_a_domain_in_one_script_is_shown_in_its_own_letters(domain: str) -> None:
    assert shown(ascii_of(domain)) == domain


@pytest.mark.parametrize(
    "domain",
    [
        "kіln.example",  # Cyrillic і
        "аррӏе.example",  # wholly Cyrillic, and read as Latin
        "gооgle.example",
        "οικ.example",  # wholly Greek, and read as Latin
        "kilnк.example",
    ],
)
def test_a_lookalike_is_shown_as_what_it_is_and_is_another_company(domain: str) -> None:
    assert not domain.isascii()
    written = ascii_of(domain)
    assert shown(written) == written
    assert derived_name(written) == written
    assert registrable_company(written, MAIL) == written


@pytest.mark.parametrize("domain", ["xn--.example", "xn--a.example", "xn--99999999.example"])
def test_what_cannot_be_decoded_stays_as_it_is(domain: str) -> None:
    assert shown(domain) == domain


def test_scripts_that_live_together_are_no_mixture() -> None:
    assert not confusable("東京tower")
    assert confusable("tоwer")  # Cyrillic о

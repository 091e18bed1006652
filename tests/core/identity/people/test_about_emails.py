"""What an address tells: whose mail it is, whether an office's, and of which company, if any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.people.about_emails import EmailClass, about_email
from leadlight.core.identity.people.emails import MailKind, MailRules
from leadlight.core.identity.people.mail_rules import mail_rules_of
from leadlight.core.sites.document import settings_of
from services.identifier.knowledge import load_knowledge

MAIL = load_knowledge().mail


def told(text: object) -> tuple[str, bool, str | None]:
    verdict = about_email(text, MAIL)
    return (verdict.kind.value, verdict.role, verdict.company_domain)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Ada@Norrvik.example", ("work", False, "norrvik.example")),
        ("ada@acme.uk.com", ("work", False, "acme.uk.com")),
        ("info@norrvik.example", ("work", True, "norrvik.example")),
        ("No-Reply@norrvik.example", ("work", True, "norrvik.example")),
        ("do_not_reply@norrvik.example", ("work", True, "norrvik.example")),
        ("sales-emea@norrvik.example", ("work", True, "norrvik.example")),
        ("support+eu2@norrvik.example", ("work", True, "norrvik.example")),
        ("kundenservice3@norrvik.example", ("work", True, "norrvik.example")),
        ("objednavky@norrvik.example", ("work", True, "norrvik.example")),
        ("muhasebe@norrvik.example", ("work", True, "norrvik.example")),
        ("sales.kim@norrvik.example", ("work", False, "norrvik.example")),
        ("salesman@norrvik.example", ("work", False, "norrvik.example")),
        ("info@gmail.com", ("free", True, None)),
        ("ada@gmal.com", ("free", False, None)),
        ("ada@hotmail.con", ("free", False, None)),
        ("ada@cloud.com", ("work", False, "cloud.com")),
        ("ada@norrvik.c0m", ("work", False, None)),
        ("ada@alumni.nordholm.edu", ("free", False, None)),
        ("ada@nordholm.edu", ("work", False, "nordholm.edu")),
        ("ada@page.github.io", ("free", False, None)),
        ("ada@norrvik.onmicrosoft.com", ("work", False, None)),
        ("help@norrvik.zendesk.com", ("work", True, None)),
        ("ada@zendesk.com", ("work", False, "zendesk.com")),
        ("ada@example.com", ("work", False, None)),
        ("ada@best-temp-mail.example", ("disposable", False, None)),
        ("ada@sub.mailinator.com", ("disposable", False, None)),
        ("x@privaterelay.appleid.com", ("relay", False, None)),
        ("null@norrvik.example", ("invalid", False, None)),
        ("x" * 10_000 + "@norrvik.example", ("invalid", False, None)),
        ('"ada moreau"@norrvik.example', ("invalid", False, None)),
    ],
)
def test_an_address_tells_its_class_its_office_and_its_company(given: str, expected: tuple[str, bool, str]) -> None:
    assert told(given) == expected


def test_an_address_copied_with_letters_that_nobody_sees_is_the_same_address() -> None:
    assert about_email("a\u200bda\ufeff＠norr\u00advik.example", MAIL).normalised == "ada@norrvik.example"


def test_a_lookalike_of_a_providers_domain_is_not_shown_as_the_one_it_looks_like() -> None:
    verdict = about_email("ada@gm\u0430il.com", MAIL)  # a Cyrillic a
    assert verdict.domain is not None
    assert verdict.domain.startswith("xn--")
    assert verdict.company_name is None or "gmail" not in verdict.company_name.casefold()


def test_what_an_owner_says_of_a_domain_or_an_office_counts_for_more_than_what_is_known() -> None:
    rules = mail_rules_of(
        settings_of(
            {
                "work_domains": ["@GMX.net", "alumni.nordholm.edu"],
                "private_domains": ["norrvik.example"],
                "office_names": ["Front-Desk@"],
            }
        )
    )
    assert about_email("ada@gmx.net", MAIL, rules).company_domain == "gmx.net"
    assert about_email("ada@alumni.nordholm.edu", MAIL, rules).company_domain == "nordholm.edu"
    below = about_email("front-desk@mail.norrvik.example", MAIL, rules)
    assert (below.kind, below.role, below.company_domain) == (EmailClass.FREE, True, None)


def test_a_narrower_word_of_the_owner_counts_for_more_than_a_wider_one() -> None:
    rules = MailRules({"norrvik.example": MailKind.FREE, "staff.norrvik.example": MailKind.WORK})
    assert MAIL.kind("staff.norrvik.example", rules) is MailKind.WORK
    assert MAIL.kind("norrvik.example", rules) is MailKind.FREE


@given(st.one_of(st.text(max_size=300), st.emails(), st.binary(max_size=40), st.none(), st.integers()))
def test_no_text_breaks_it_and_only_work_names_a_company(given: object) -> None:
    verdict = about_email(given, MAIL)
    assert (verdict.normalised is None) == (verdict.kind is EmailClass.INVALID)
    assert verdict.company_domain is None or verdict.kind is EmailClass.WORK

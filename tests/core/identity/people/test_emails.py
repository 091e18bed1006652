"""E-mail addresses: one spelling for each, and which name a company."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.people.emails import MailKind, normalised
from services.identifier.knowledge import load_knowledge

MAIL = load_knowledge().mail


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("ada@norrvik.example", "ada@norrvik.example"),
        ("  Ada.Moreau@Norrvik.EXAMPLE\n", "ada.moreau@norrvik.example"),
        ("mailto:ada@norrvik.example", "ada@norrvik.example"),
        ("ada@norrvik.example.", "ada@norrvik.example"),
        ("ada+shop@norrvik.example", "ada+shop@norrvik.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("a\u0308da@norrvik.example", "äda@norrvik.example"),
        ("o'hara@norrvik.example", "o'hara@norrvik.example"),
    ],
)
def test_one_address_has_one_spelling(given: str, expected: str) -> None:
    assert normalised(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        None, 5, "", "ada", "@", "ada@", "@norrvik.example", "ada@norrvik", "ada@[192.0.2.1]", "ada@192.0.2.1",
        "ada moreau@norrvik.example", "ada@norr vik.example", "a@b@norrvik.example", ".ada@norrvik.example",
        "ada..m@norrvik.example", "ada@-norrvik.example", "ada@norrvik..example", "null", "undefined@undefined.example",
        "a" * 65 + "@norrvik.example", "ada@" + "n" * 300 + ".example", "x" * 10_000 + "@norrvik.example", "ada@pc.local",
        "ada\x00@norrvik.example", "a\ufffd@norrvik.example", "<ada@norrvik.example>", "ada@xn--a.example\ud800",
    ],
)  # fmt: skip
def test_what_cannot_receive_mail_or_is_nobody_is_refused(given: object) -> None:
    assert normalised(given) is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_normalised_address_stays_as_it_is(local: str, domain: str) -> None:
    once = normalised(f"{local}@{domain}.example")
    assert once is None or normalised(once) == once


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("norrvik.example", MailKind.WORK),
        ("mail.norrvik.example", MailKind.WORK),
        ("gmail.com", MailKind.FREE),
        ("googlemail.com", MailKind.FREE),
        ("gmx.net", MailKind.FREE),
        ("t-online.de", MailKind.FREE),
        ("hey.com", MailKind.FREE),
        ("tuta.com", MailKind.FREE),
        ("privaterelay.appleid.com", MailKind.RELAY),
        ("duck.com", MailKind.RELAY),
        ("x.mozmail.com", MailKind.RELAY),
        ("mailinator.com", MailKind.DISPOSABLE),
        ("yopmail.com", MailKind.DISPOSABLE),
    ],
)
def test_what_a_mail_domain_says_about_its_users(domain: str, kind: MailKind) -> None:
    assert MAIL.kind(domain) is kind


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("ada@norrvik.example", "norrvik.example"),
        ("ada@eu.mail.norrvik.example", "norrvik.example"),
        ("ada@shop.norrvik.co.uk", "norrvik.co.uk"),
        ("ada@co.uk", None),
        ("ada@gmail.com", None),
        ("ada@appleid.com", "appleid.com"),
        ("ada@privaterelay.appleid.com", None),
    ],
)
def test_a_company_is_a_registrable_domain(email: str, domain: str | None) -> None:
    assert MAIL.company_domain(email) == domain

"""A site's settings as an owner writes them, and what is said of mistakes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.ids import company_id
from leadlight.core.sites.countries import NAMES, code_of
from leadlight.core.sites.document import (
    SettingsRefused,
    differences,
    document_of,
    parse_settings,
    settings_of,
)
from leadlight.core.sites.exclusions import Hidden, exclusions_of
from leadlight.core.sites.settings import Privacy, SiteSettings

EVERYTHING = """
allowed_origins: [https://WWW.Shop.example, "*.shop.example", münchen.example, 192.0.2.7]
excluded_networks: [203.0.113.0/24, 198.51.100.7, "2001:db8::/32"]
excluded_paths: [/intern/*, "*/preview"]
stripped_parameters: [member, "sess*"]
excluded_emails: ["*@Ourselves.example", test@*]
excluded_companies: [www.supplier.example]
privacy: Pseudonymous
privacy_by_country: {de: company-only, NO: none, France: identified, unknown: none}
"""


def test_a_document_is_put_into_its_normal_form() -> None:
    assert parse_settings(EVERYTHING) == SiteSettings(
        allowed_origins=("www.shop.example", "*.shop.example", "xn--mnchen-3ya.example", "192.0.2.7"),
        excluded_networks=("203.0.113.0/24", "198.51.100.7", "2001:db8::/32"),
        excluded_paths=("/intern/*", "*/preview"),
        stripped_parameters=("member", "sess*"),
        excluded_emails=("*@ourselves.example", "test@*"),
        excluded_companies=("supplier.example",),
        privacy=Privacy.PSEUDONYMOUS,
        privacy_by_country={
            "DE": Privacy.COMPANY_ONLY,
            "FR": Privacy.IDENTIFIED,
            "NO": Privacy.NONE,
            "unknown": Privacy.NONE,
        },
    )


def test_nothing_written_means_that_everything_is_collected() -> None:
    assert parse_settings("") == parse_settings("{}") == SiteSettings()


@pytest.mark.parametrize("written", [EVERYTHING, "", "excluded_paths: [/x]"])
def test_settings_read_again_are_the_same(written: str) -> None:
    settings = parse_settings(written)
    assert settings_of(document_of(settings)) == settings
    assert parse_settings(json.dumps(document_of(settings))) == settings
    assert hash(settings_of(document_of(settings))) == hash(settings)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        (
            "allowed_origins",
            "https://shop.example/checkout",
            "has a path. Pages are allowed by host: did you mean shop",
        ),
        ("allowed_origins", "shop.example:8443", "has a port"),
        ("allowed_origins", "*", "Leave the list empty"),
        ("allowed_origins", "www.*.example", "A star stands at the beginning"),
        ("allowed_origins", "ftp://shop.example", "no web address"),
        ("allowed_origins", "shop example", "is no host"),
        ("excluded_networks", "203.0.113.7/24", "Did you mean 203.0.113.0/24?"),
        ("excluded_networks", "203.0.113.0/33", "is no address and no range"),
        ("excluded_networks", "office", "is no address and no range"),
        ("excluded_networks", "0.0.0.0/0", "would leave everybody out"),
        ("excluded_paths", "intern", "Did you mean /intern?"),
        ("excluded_paths", "/search?q=*", "Only paths are compared"),
        ("excluded_paths", "https://shop.example/intern", "Write the path alone"),
        ("excluded_paths", "/*", "would leave every page out"),
        ("stripped_parameters", "member=17", "no parameter's name"),
        ("excluded_emails", "ourselves.example", "Did you mean *@ourselves.example?"),
        ("excluded_emails", "*@*", "would leave everybody out"),
        ("excluded_emails", "a@b@c", "no e-mail address"),
        ("excluded_companies", "*.supplier.example", "without stars"),
        ("excluded_companies", "Supplier Ltd", "is no domain"),
        ("excluded_companies", "supplier", "is no domain"),
        ("excluded_companies", "192.0.2.1", "is no domain"),
        ("excluded_paths", "", "is empty"),
        ("excluded_paths", "/" + "x" * 200, "more than 200 characters"),
        ("excluded_paths", "/a\x00b", "cannot be seen"),
    ],
)
def test_a_mistake_is_named_with_its_field_and_value(field: str, value: str, told: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        settings_of({field: [value]})
    (fault,) = refused.value.faults
    assert fault.field == field
    assert fault.value == value.strip()[:200]
    assert told in fault.message


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("privacy: low", "privacy: 'low' is no level. There are: none, company_only, pseudonymous, identified."),
        ("privacy_by_country: {XX: none}", "privacy_by_country: 'XX' is no country"),
        ("privacy_by_country: {DE: some}", "privacy_by_country: 'DE: some' is no level"),
        ("privacy_by_country: [DE]", "privacy_by_country: is a table"),
        ("excluded_paths: /intern", "excluded_paths: is a list"),
        ("excluded_paths: [5]", "excluded_paths: '5' is not text; put it in quotes"),
        ("excluded_path: [/x]", "excluded_path: is no setting. There are: allowed_origins"),
        ("excluded_emails: [*@ourselves.example]", "in quotes"),
        ("a: [", "is neither YAML nor JSON. line 1"),
        ("- a", "holds no fields"),
        ("a: &x 1\nb: *x", "alias"),
    ],
)
def test_a_document_that_makes_no_sense_is_refused_in_words(written: str, told: str) -> None:
    with pytest.raises(SettingsRefused, match=r".") as refused:
        parse_settings(written)
    assert told in str(refused.value)


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(SettingsRefused) as refused:
        parse_settings("excluded_paths: [x, y]\nprivacy: low\nexcluded_networks: [z]")
    assert [fault.field for fault in refused.value.faults] == [
        "excluded_networks",
        "excluded_paths",
        "excluded_paths",
        "privacy",
    ]


@given(st.text(max_size=60) | st.from_regex(r"excluded_(paths|emails|networks): \[[^\n]{0,30}\]", fullmatch=True))
def test_whatever_is_written_is_either_settings_or_refused(written: str) -> None:
    try:
        settings = parse_settings(written)
    except SettingsRefused:
        return
    assert settings_of(document_of(settings)) == settings


def test_what_changes_is_told_line_by_line() -> None:
    before = settings_of({"excluded_paths": ["/a", "/b"], "privacy_by_country": {"DE": "none"}})
    after = settings_of({"excluded_paths": ["/b", "/c"], "privacy": "pseudonymous"})
    assert differences(before, after) == [
        "excluded_paths: - /a",
        "excluded_paths: + /c",
        "privacy: identified -> pseudonymous",
        "privacy_by_country: DE none -> as everywhere",
    ]
    assert differences(after, after) == []


def test_countries_go_by_code_and_by_name() -> None:
    assert len(NAMES) == 249
    assert code_of(" germany ") == code_of("de") == "DE"
    assert code_of("Atlantis") is None


@pytest.mark.parametrize(
    ("pattern", "path", "left_out"),
    [
        ("/intern", "/intern", True),
        ("/intern", "/intern/", True),
        ("/intern/", "/Intern", True),
        ("/intern", "/internet", False),
        ("/intern/*", "/intern/", True),
        ("/intern/*", "/intern/a/b", True),
        ("/intern*", "/internet", True),
        ("*/preview", "/blog/x/preview", True),
        ("/", "/", True),
        ("/", "/a", False),
        ("/intern", None, False),
    ],
)
def test_paths_are_left_out_whatever_their_case_and_last_slash(pattern: str, path: str | None, left_out: bool) -> None:
    assert exclusions_of("s", settings_of({"excluded_paths": [pattern]})).path(path) is left_out


def test_people_are_left_out_by_address_or_company() -> None:
    asked = exclusions_of(
        "s", settings_of({"excluded_emails": ["*@mill.example"], "excluded_companies": ["dairy.example"]})
    )
    dairy, mill = company_id("s", "dairy.example"), company_id("s", "mill.example")
    assert asked.visitor(emails=["Ada@mill.example"], company_id=mill) is Hidden.EMAIL
    assert asked.visitor(emails=["bo@web.example"], company_id=dairy) is Hidden.COMPANY
    assert asked.visitor(emails=["bo@windmill.example"], company_id=None) is None
    assert asked.visitor(emails=[], company_id=None) is None

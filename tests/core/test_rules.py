"""Rules: one readable document, refused with the line and field of every fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.scoring.globs import matcher
from leadlight.core.scoring.rules import RulesRefused, parse_rules
from leadlight.store.rules import default_rules

SMALL = """\
half_life_days: 14
categories:
  pricing: /pricing*
rules:
  - name: pricing_read
    when: {read: pricing}
    points: 25
    cap: 2
    text: Read {subject} for {seconds} s
"""


@pytest.mark.parametrize(
    ("path", "category"),
    [
        ("/", None),
        ("/pricing", "pricing"),
        ("/Pricing/", "pricing"),
        ("/product/pricing", "pricing"),
        ("/preise", "pricing"),
        ("/de/preise", "pricing"),
        ("/fr-fr/tarifs", "pricing"),
        ("/es/precios", "pricing"),
        ("/prijzen", "pricing"),
        ("/blog/pricing", "blog"),
        ("/book-a-demo", "demo"),
        ("/kontakt", "contact"),
        ("/compare/planwright", "comparison"),
        ("/vs/planwright", "comparison"),
        ("/alternatives/planwright", "comparison"),
        ("/case-studies/harbor-mills", "case_study"),
        ("/customers/harbor-mills", "case_study"),
        ("/docs/getting-started", "docs"),
        ("/docs/security", "security"),
        ("/careers/test-engineer", "careers"),
        ("/login", "login"),
        ("/support", "support"),
        ("/about", None),
    ],
)
def test_pages_are_known_by_their_paths(path: str, category: str | None) -> None:
    assert default_rules().category_of(path) == category


def test_the_default_rules_explain_themselves() -> None:
    for rule in default_rules().rules:
        assert "{" not in rule.explain(1, 48_000, "/somewhere")


def test_a_second_reading_within_the_hour_is_worth_a_bit_and_is_told() -> None:
    rule = default_rules().by_name["pricing_read"]
    assert (rule.points_of(1), rule.points_of(2), rule.points_of(9)) == (25, 30, 30)
    assert rule.explain(2, 48_000, None) == "Read the pricing page for 48 s, twice within the hour"


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("points: many", "points: 25", "line 7, rules[0].points: expected a number from -100 to 100"),
        ("points: .inf", "points: 25", "line 7, rules[0].points: expected a number from -100 to 100"),
        ("points: [25]", "points: 25", "line 7, rules[0].points: expected a text"),
        ("cap: 1.5", "cap: 2", "line 8, rules[0].cap: expected a whole number from 1 to 50"),
        ("half_life_days: 3", "half_life_days: 14", "line 1, half_life_days: expected a number from 7 to 365"),
        ("{read: prices}", "{read: pricing}", "line 6, rules[0].when.read: prices is not one of the categories"),
        ("{}", "{read: pricing}", "line 6, rules[0].when: one condition of read, event"),
        ("{seen: true}", "{read: pricing}", "line 6, rules[0].when.seen: unknown; the fields here are read, event"),
        ("{identified: false}", "{read: pricing}", "line 6, rules[0].when.identified: expected true"),
        ("for {secs} s", "for {seconds} s", "line 9, rules[0].text: {secs} is unknown; count, seconds, subject"),
        ("weight: 25", "points: 25", "line 7, rules[0].weight: unknown; the fields here are name, when, points"),
        ("Pricing Read", "pricing_read", "line 5, rules[0].name: a name has up to 60 small letters"),
        ("pricing: '**'", "pricing: /pricing*", "line 3, categories.pricing: a pattern needs 1 to 200 characters"),
        ("pricing: [", "pricing: /pricing*", "not YAML"),
        ("pricing: &a /x\n  copy: *a", "pricing: /pricing*", "line 4: write it out: references (*a) are not followed"),
        ("pricing: " + "[" * 5000, "pricing: /pricing*", "line 3: too deeply nested"),
        ("pricing: /x\n  pricing: /y", "pricing: /pricing*", "line 4, categories.pricing: given twice"),
        ("pricing: \x00", "pricing: /pricing*", "line 3: a character that may not be here: #x0000"),
    ],
)
def test_a_fault_is_named_with_its_line_and_field(wrong: str, right: str, message: str) -> None:
    assert parse_rules(SMALL).rules
    with pytest.raises(RulesRefused) as refused:
        parse_rules(SMALL.replace(right, wrong, 1))
    assert message in str(refused.value)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(RulesRefused) as refused:
        parse_rules("rules:\n  - name: x\n    cap: none\n")
    assert {fault.field for fault in refused.value.faults} == {
        "half_life_days",
        "rules[0].when",
        "rules[0].points",
        "rules[0].text",
        "rules[0].cap",
    }


def test_two_rules_cannot_have_one_name() -> None:
    with pytest.raises(RulesRefused, match=r"line 10, rules\[1\].name: pricing_read is already .* line 5"):
        parse_rules(SMALL + SMALL[SMALL.index("  - name") :])


@pytest.mark.parametrize("rules", [10_000, 501])
def test_too_many_rules_are_refused_in_words(rules: int) -> None:
    with pytest.raises(RulesRefused, match=r"at most 500 rules"):
        parse_rules("half_life_days: 14\nrules:\n" + "  - {name: a}\n" * rules)


@given(st.text(max_size=300))
def test_any_text_without_a_half_life_is_refused(text: str) -> None:
    with pytest.raises(RulesRefused) as refused:
        parse_rules("rules: []\n" + text)
    assert refused.value.faults


@given(st.text("ab*", min_size=1, max_size=8), st.text("ab", max_size=10))
def test_a_star_stands_for_any_characters(pattern: str, text: str) -> None:
    assert matcher(pattern)(text) == _fits(pattern, text)


def _fits(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_fits(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] == text[0] and _fits(pattern[1:], text[1:])


def test_no_pattern_and_no_path_can_hang_the_scorer() -> None:
    document = SMALL.replace("/pricing*", '"' + "a*" * 99 + 'b"', 1)
    rules = parse_rules(document)
    assert rules.category_of("a" * 1_000_000) is None  # trying all ways would take longer than the sun lasts

"""Machines that name themselves, on the labelled set and beside the plain way of searching."""

import csv
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.machines.bots import PatternSet, translated, without_look_arounds
from leadlight.core.identity.machines.verdicts import about_agent
from services.identifier.knowledge import FOLDER, load_knowledge

KNOWN = load_knowledge()
LABELLED = list(
    csv.DictReader((Path(__file__).parents[4] / "evaluation" / "agents.csv").read_text(encoding="utf-8").splitlines())
)
AGENTS = [row["input"] for row in LABELLED]
ISBOT = json.loads((FOLDER / "static" / "bot_patterns.json").read_text())
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"

NAMES = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": "Googlebot",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)": "GPTBot",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)": "ClaudeBot",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)": "Slackbot-LinkExpanding",
    "python-requests/2.32.3": "python-requests",
    "curl/8.8.0": "curl",
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/126.0.0.0 Safari/537.36": "HeadlessChrome",
    "AcmeFetcher/0.1 (+https://acme.example/fetcher)": "AcmeFetcher",
}


@pytest.mark.parametrize("part", ["tuned", "held_out"])
def test_no_person_is_taken_for_a_machine_and_of_machines_99_in_100_are_found(part: str) -> None:
    people = [row["input"] for row in LABELLED if (row["part"], row["bot"]) == (part, "no")]
    machines = [row["input"] for row in LABELLED if (row["part"], row["bot"]) == (part, "yes")]
    assert [agent for agent in people if about_agent(agent, KNOWN).bot] == []
    missed = [agent for agent in machines if not about_agent(agent, KNOWN).bot]
    assert len(missed) <= len(machines) // 100, missed


def test_the_devices_of_people_are_told() -> None:
    wrong = [
        (row["input"], row["device"], found)
        for row in LABELLED
        if row["bot"] == "no" and (found := about_agent(row["input"], KNOWN).device or "") != row["device"]
    ]
    assert wrong == []


@pytest.mark.parametrize(("agent", "name"), NAMES.items())
def test_a_machine_is_told_by_its_name_and_by_what_named_it(agent: str, name: str) -> None:
    verdict = about_agent(agent, KNOWN)
    assert (verdict.bot, verdict.bot_name) == (True, name)
    assert all(layer.startswith(("isbot: ", "leadlight: ")) for layer in verdict.layers)


@pytest.mark.parametrize("agent", ["", " \t", "\x00\x01", "\u0662\u0663", "私のブラウザ/1.0"])
def test_an_agent_that_says_nothing_names_no_machine(agent: str) -> None:
    assert about_agent(agent, KNOWN).bot is False


@pytest.mark.parametrize("agent", ["Mozilla/5.0", "Mozilla", "-", "x" * 10_000])
def test_an_agent_that_no_browser_sends_is_a_machines_without_a_name_to_show(agent: str) -> None:
    verdict = about_agent(agent, KNOWN)
    assert verdict.bot
    assert len(verdict.bot_name or "") <= 60


@pytest.mark.parametrize("model", ["Spider X", "Bot Phone X1", "Monitor-T8", "CUBOT NOTE (4)"])
def test_a_plain_browser_on_a_telephone_is_a_persons_whatever_the_model_is_called(model: str) -> None:
    phone = f"Mozilla/5.0 (Linux; Android 13; {model}) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36"
    assert not about_agent(phone, KNOWN).bot
    assert about_agent(phone + " (compatible; Googlebot/2.1)", KNOWN).bot


def test_a_long_agent_is_read_to_where_browsers_end() -> None:
    phone = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36 "
    assert not about_agent(phone + "x" * 10_000, KNOWN).bot
    assert not about_agent(phone + "x" * 3_000 + " Googlebot/2.1", KNOWN).bot


def test_a_name_in_the_list_of_crawlers_makes_nobody_a_machine() -> None:
    build = "Mozilla/5.0 (Linux; Android 8.0.0; SM-G960F Build/R16NW) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/62.0.3202.84 Mobile Safari/537.36"
    code = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Code/1.115.0 Chrome/142.0.7444.265 Electron/39.8.5 Safari/537.36"
    for agent in (build, code):
        assert not about_agent(agent, KNOWN).bot


def test_the_set_finds_what_the_patterns_find_one_by_one() -> None:
    patterns = [translated(pattern) for pattern in ISBOT]
    plain = [(pattern, re.compile(pattern, re.IGNORECASE | re.ASCII)) for pattern in patterns]
    together = PatternSet([(pattern, pattern) for pattern in patterns])
    for agent in AGENTS:
        assert together.search(agent) == tuple(name for name, pattern in plain if pattern.search(agent)), agent


def test_less_its_look_arounds_a_pattern_finds_at_least_as_much() -> None:
    assert without_look_arounds(r"(?<! cu)bots?(?:\b|_)") == r"bots?(?:\b|_)"
    assert without_look_arounds(r"google(?!(?:wv|app|[)] pixel)\))x\(") == r"googlex\("
    for pattern in map(translated, ISBOT):
        whole = re.compile(pattern, re.IGNORECASE | re.ASCII)
        part = re.compile(without_look_arounds(pattern), re.IGNORECASE | re.ASCII)
        assert all(part.search(agent) for agent in AGENTS if whole.search(agent))


@given(st.text(max_size=300) | st.sampled_from(AGENTS).flatmap(lambda agent: st.just(agent[::-1]) | st.just(agent * 9)))
def test_whatever_the_agent_an_answer_comes(agent: str) -> None:
    verdict = about_agent(agent, KNOWN)
    assert verdict.bot == bool(verdict.layers)

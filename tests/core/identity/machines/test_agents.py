"""Machines and people by their agents, and words for what people use."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.machines.agents import describe
from leadlight.core.identity.machines.bots import translated
from leadlight.core.records import Agent
from services.identifier.knowledge import FOLDER, load_knowledge

KNOWN = load_knowledge()
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"

PEOPLE = {
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36": Agent(
        "laptop or desktop", "Chrome 141", "Windows 10"
    ),
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0": Agent(
        "laptop or desktop", "Edge 141", "Windows 10"
    ),
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": Agent(
        "laptop or desktop", "Firefox 140", "Linux"
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15": Agent(
        "laptop or desktop", "Safari 18", "macOS"
    ),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1": Agent(
        "phone", "Safari 18", "iOS 18"
    ),
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1": Agent(
        "tablet", "Safari 16", "iOS 16"
    ),
    f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36": Agent(
        "phone", "Chrome 141", "Android"
    ),
    f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/141.0.0.0 Safari/537.36": Agent(
        "tablet", "Chrome 141", "Android"
    ),
    "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0": Agent("phone", "Firefox 144", "Android"),
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/141.0.0.0 Safari/537.36": Agent(
        "laptop or desktop", "Chrome 141", "ChromeOS"
    ),
}  # fmt: skip

MACHINES = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/141.0.0.0 Safari/537.36",
    "python-requests/2.32.3",
    "curl/8.7.1",
    "Wget/1.21.4",
    "Go-http-client/1.1",
    "node-fetch/1.0",
    "Scrapy/2.11 (+https://scrapy.example)",
    "facebookexternalhit/1.1",
    "Slackbot-LinkExpanding 1.0",
    "Mozilla/5.0 (compatible; PetalBot)",
)


@pytest.mark.parametrize(("user_agent", "agent"), PEOPLE.items())
def test_people_read_what_a_visitor_uses(user_agent: str, agent: Agent) -> None:
    assert describe(user_agent) == agent
    assert KNOWN.named(user_agent) is None


@pytest.mark.parametrize("user_agent", MACHINES)
def test_a_machine_that_says_so_is_one(user_agent: str) -> None:
    assert KNOWN.named(user_agent) is not None


@pytest.mark.parametrize(
    "user_agent",
    [
        f"Mozilla/5.0 (Linux; Android 13; CUBOT X30) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 12) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36 GoogleApp/14.1",
        f"Mozilla/5.0 (Linux; Android 14; Google Pixel 8) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36",
    ],
)
def test_a_telephone_with_an_unlucky_name_is_a_person(user_agent: str) -> None:
    assert KNOWN.named(user_agent) is None


@pytest.mark.parametrize("user_agent", ["", "?", "x" * 1_024, "\u0662\u0663", "Mozilla/5.0"])
def test_an_agent_that_tells_nothing_stays_unknown(user_agent: str) -> None:
    assert describe(user_agent) == Agent()


def test_every_pattern_of_the_list_is_understood() -> None:
    patterns = json.loads((FOLDER / "static" / "bot_patterns.json").read_text())
    assert len(patterns) > 150
    assert translated(r"(?<! channel/|google/)google") == r"(?<! channel/)(?<!google/)google"
    assert translated(r"[\w\d-.]+") == r"[\w\d\-.]+"


@given(st.text(max_size=300))
def test_no_agent_breaks_the_reader(user_agent: str) -> None:
    describe(user_agent)
    KNOWN.named(user_agent)

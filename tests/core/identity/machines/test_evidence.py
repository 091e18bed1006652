"""How much is enough: one piece that speaks for itself, or two kinds; and what owners say and teach."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.machines.evidence import evidence_of, shape_of, united, unusual_token
from leadlight.core.identity.machines.judgement import Decision, Lessons, Watched, behaviour_of, machine_reasons
from leadlight.core.records import Channel, Event, EventType, Network
from services.identifier.knowledge import load_knowledge
from tests.core.browsing import NOON

KNOWN = load_knowledge()
BLOCK = "198.51.100.0/24"
NOWHERE = Network()
HOSTING = Network(kind="hosting", block=BLOCK, host="h1")
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
PROBE = CHROME + " AcmeProbe/2.0"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
IDLE = Watched(0, 0, False, None, None)


def event(
    agent: str | None = CHROME,
    *,
    anonymous_id: str = "a-1",
    channel: Channel = Channel.BROWSER,
    odd: tuple[str, ...] = (),
) -> Event:
    return Event("shop", "v", "e", EventType.PAGE, anonymous_id, NOON, NOON, channel, user_agent=agent, oddities=odd)


def found(of: Event, network: Network = NOWHERE) -> frozenset[str]:
    return frozenset(evidence_of(of, KNOWN.named(of.user_agent or ""), network))


TABLE = [
    ({"agent:Googlebot@x"}, {"agent"}),
    ({"too_fast"}, {"too_fast"}),
    ({"agent"}, {"agent"}),  # as versions before this one kept it
    ({"network:hosting@b"}, set()),
    ({"headers:no_language"}, set()),
    ({"headers:no_language", "headers:other_system"}, set()),
    ({"behaviour:webdriver"}, set()),
    ({"seen:AcmeProbe@x", "network:hosting@b"}, set()),
    ({"network:hosting@b", "headers:no_language"}, {"network", "headers"}),
    ({"network:security_proxy@b", "headers:no_language"}, set()),
    ({"network:security_proxy@b", "headers:other_system"}, {"network", "headers"}),
    ({"network:security_proxy@b", "behaviour:webdriver"}, {"network", "behaviour"}),
    ({"headers:no_language", "behaviour:webdriver"}, {"headers", "behaviour"}),
]


@pytest.mark.parametrize(("evidence", "reasons"), TABLE)
def test_one_kind_is_not_enough_and_two_are(evidence: set[str], reasons: set[str]) -> None:
    assert machine_reasons("v", frozenset(evidence), IDLE) == reasons


def test_a_scripts_agent_on_a_servers_network_with_a_scripts_headers_is_a_machine() -> None:
    both = found(event(odd=("no_fetch_metadata",)), HOSTING)
    assert both == {"headers:no_fetch_metadata", f"network:hosting@{BLOCK}"}
    assert machine_reasons("v", both, IDLE) == {"network", "headers"}
    assert machine_reasons("v", found(event(), HOSTING), IDLE) == set()


def test_a_vpn_a_relay_and_a_companys_network_speak_for_no_machine() -> None:
    for kind in ("vpn", "relay", "business", "isp", "mobile", "education", "unknown"):
        assert found(event(), Network(kind=kind, block=BLOCK)) == set()


def test_a_servers_post_tells_nothing_of_its_visitors_headers_or_network() -> None:
    assert found(event(channel=Channel.SERVER, odd=("no_agent",)), HOSTING) == set()


def test_nobody_can_have_a_person_known_by_user_id_alone_kept_apart() -> None:
    for channel in Channel:
        assert found(event(CRAWLER, anonymous_id="user:42", channel=channel, odd=("no_agent",)), HOSTING) == set()


def test_a_browser_whose_hints_say_headless_names_itself() -> None:
    assert machine_reasons("v", found(event(odd=("HeadlessChrome",))), IDLE) == {"agent"}


def test_pages_opened_and_never_looked_at_are_one_kind_until_a_human_shows() -> None:
    later = NOON + timedelta(minutes=2)
    assert behaviour_of(Watched(3, 0, False, NOON, later)) == ("no_engagement",)
    assert behaviour_of(Watched(3, 1, False, NOON, later)) == ()
    assert behaviour_of(Watched(3, 0, True, NOON, later)) == ()
    assert behaviour_of(Watched(2, 0, False, NOON, later)) == ()
    assert behaviour_of(Watched(9, 0, False, NOON, NOON + timedelta(seconds=30))) == ()
    assert behaviour_of(Watched(40, 900, False, NOON, NOON + timedelta(seconds=30))) == ("inhuman_pace",)
    hosting = frozenset({"network:hosting@b"})
    assert machine_reasons("v", hosting, Watched(3, 0, False, NOON, later)) == {"network", "behaviour"}
    assert machine_reasons("v", hosting, Watched(3, 2_000, True, NOON, later)) == set()


def test_what_an_owner_says_of_a_visitor_outweighs_what_was_found() -> None:
    crawler = found(event(CRAWLER))
    restored, marked = Lessons({"v": Decision.PERSON}), Lessons({"v": Decision.MACHINE})
    assert machine_reasons("v", crawler | {"too_fast"}, IDLE, restored) == set()
    assert machine_reasons("other", crawler, IDLE, restored) == {"agent"}
    assert machine_reasons("v", frozenset(), IDLE, marked) == {"marked"}


def test_what_was_taught_of_an_agent_or_a_network_holds_for_others() -> None:
    both = found(event(odd=("no_language",)), HOSTING)
    assert machine_reasons("v", both, IDLE, Lessons(people=frozenset({BLOCK}))) == set()
    assert machine_reasons("v", found(event(CRAWLER)), IDLE, Lessons(people=frozenset({shape_of(CRAWLER)}))) == set()
    probe = found(event(PROBE))
    assert machine_reasons("v", probe, IDLE) == set()
    assert machine_reasons("v", probe, IDLE, Lessons(agents=frozenset({shape_of(PROBE)}))) == {"agent"}
    assert shape_of(PROBE) == shape_of(PROBE.replace("2.0", "3.1"))


def test_common_browsers_and_pages_inside_apps_teach_nothing_of_their_agent() -> None:
    app = "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36 Acme/1"
    assert unusual_token(CHROME) is None
    assert unusual_token(app) is None
    assert unusual_token(PROBE) == "AcmeProbe"


items = st.sampled_from(
    ["agent:A@1", "agent:B@2", "too_fast", *(f"network:hosting@{n}" for n in range(12)), "headers:no_language"]
)


@given(st.lists(st.frozensets(items, max_size=6), max_size=6))
def test_evidence_grows_to_the_same_in_any_order(parts: list[frozenset[str]]) -> None:
    straight: frozenset[str] = frozenset()
    for part in parts:
        straight = united(straight, part)
    crooked: frozenset[str] = frozenset()
    for part in [*reversed(parts), *parts]:
        crooked = united(crooked, part)
    assert crooked == straight
    assert sum(text.startswith("network") for text in straight) <= 8

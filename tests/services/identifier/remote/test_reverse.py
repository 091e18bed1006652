"""What an address is called counts only if the name leads back to it, whatever name servers do."""

from collections.abc import AsyncIterator

import pytest

from leadlight.core.records import Network
from services.identifier.remote.names import reader_of_names
from services.identifier.remote.reverse import MOST_NAMES, ReverseDns
from services.identifier.remote.sources import NotAnswered, Outcome
from tests.infra.names import Mood, NameServer, open_name_server
from tests.services.identifier.remote.world import BUSINESS, ISP, MAIL

OFFICE = "203.0.113.7"
POINTER = "7.113.0.203.in-addr.arpa."


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    async with open_name_server() as server:
        yield server


@pytest.fixture
async def reverse(names: NameServer) -> AsyncIterator[ReverseDns]:
    resolver = ReverseDns([names.address], reader_of_names(MAIL))
    try:
        yield resolver
    finally:
        await resolver.close()


def company(outcome: Outcome) -> str | None:
    return outcome.answer.domain if outcome.answer else None


async def test_a_name_that_leads_back_names_the_company(names: NameServer, reverse: ReverseDns) -> None:
    names.call(OFFICE, "gateway.harbor-mills.example")
    found = await reverse.ask(OFFICE, BUSINESS)
    assert found.answer is not None
    assert (found.answer.domain, found.answer.name) == ("harbor-mills.example", "Harbor Mills")
    assert found.answer.method == "reverse_dns"


async def test_nothing_that_is_kept_holds_the_address_or_the_whole_name(names: NameServer, reverse: ReverseDns) -> None:
    names.call(OFFICE, "annas-laptop.harbor-mills.example")
    found = await reverse.ask(OFFICE, BUSINESS)
    assert found.answer is not None
    assert found.answer.evidence == {"host_name": "*.harbor-mills.example", "confirmed": "forward"}


async def test_ipv6_is_asked_and_confirmed_as_such(names: NameServer, reverse: ReverseDns) -> None:
    names.call("2001:db8:7::25", "gateway.harbor-mills.example")
    assert company(await reverse.ask("2001:db8:7::25", BUSINESS)) == "harbor-mills.example"
    assert [kind for _, kind, _ in names.asked] == ["PTR", "AAAA"]


async def test_an_address_in_ipv6_dress_is_asked_as_what_it_is(names: NameServer, reverse: ReverseDns) -> None:
    names.call(OFFICE, "gateway.harbor-mills.example")
    assert company(await reverse.ask(f"::ffff:{OFFICE}", BUSINESS)) == "harbor-mills.example"


@pytest.mark.parametrize("leads_to", [[], ["203.0.113.8"], ["192.0.2.1", "192.0.2.2"]])
async def test_a_name_that_leads_elsewhere_names_nobody(
    names: NameServer, reverse: ReverseDns, leads_to: list[str]
) -> None:
    names.call(OFFICE, "gateway.harbor-mills.example", back=False)
    names.records["gateway.harbor-mills.example.", "A"] = leads_to
    found = await reverse.ask(OFFICE, BUSINESS)
    assert (company(found), found.why) == (None, "not_confirmed")


async def test_a_delegated_name_is_followed(names: NameServer, reverse: ReverseDns) -> None:
    names.alias(POINTER, "7.customer.113.0.203.in-addr.arpa.")
    names.records["7.customer.113.0.203.in-addr.arpa.", "PTR"] = ["gw.harbor-mills.example."]
    names.records["gw.harbor-mills.example.", "A"] = [OFFICE]
    assert company(await reverse.ask(OFFICE, BUSINESS)) == "harbor-mills.example"


async def test_a_name_may_lead_back_by_an_alias(names: NameServer, reverse: ReverseDns) -> None:
    names.call(OFFICE, "gw.harbor-mills.example", back=False)
    names.alias("gw.harbor-mills.example.", "edge.harbor-mills.example.")
    names.records["edge.harbor-mills.example.", "A"] = [OFFICE]
    assert company(await reverse.ask(OFFICE, BUSINESS)) == "harbor-mills.example"


async def test_aliases_in_a_circle_name_nobody(names: NameServer, reverse: ReverseDns) -> None:
    names.alias(POINTER, "a.loop.example.")
    names.alias("a.loop.example.", "b.loop.example.")
    names.alias("b.loop.example.", "a.loop.example.")
    assert company(await reverse.ask(OFFICE, BUSINESS)) is None
    assert len(names.asked) < 20


async def test_an_address_called_after_itself_names_nobody(names: NameServer, reverse: ReverseDns) -> None:
    names.alias(POINTER, POINTER)
    assert company(await reverse.ask(OFFICE, BUSINESS)) is None
    names.records.clear()
    names.records[POINTER, "PTR"] = [POINTER]
    assert company(await reverse.ask(OFFICE, BUSINESS)) is None


async def test_a_hundred_names_are_nobodys_office(names: NameServer, reverse: ReverseDns) -> None:
    names.call(OFFICE, *(f"www.customer{number}.example" for number in range(100)))
    found = await reverse.ask(OFFICE, BUSINESS)
    assert (company(found), found.why) == (None, "too_many_names")
    assert (names.asked[0][2], names.asked[-1][2]) == ("udp", "tcp"), "cut short over UDP, it is asked again over TCP"


async def test_several_names_of_one_company_agree(names: NameServer, reverse: ReverseDns) -> None:
    names.call(OFFICE, *(f"{host}.harbor-mills.example" for host in ("gw", "mail", "vpn")))
    assert len(names.records[POINTER, "PTR"]) < MOST_NAMES
    assert company(await reverse.ask(OFFICE, BUSINESS)) == "harbor-mills.example"


async def test_names_of_two_companies_name_neither(names: NameServer, reverse: ReverseDns) -> None:
    names.call(OFFICE, "gw.harbor-mills.example", "gw.kiln.example")
    found = await reverse.ask(OFFICE, BUSINESS)
    assert (company(found), found.why) == (None, "contradictory")


async def test_of_two_companies_the_one_that_is_confirmed_counts(names: NameServer, reverse: ReverseDns) -> None:
    names.call(OFFICE, "gw.harbor-mills.example", "gw.kiln.example", back=False)
    names.records["gw.kiln.example.", "A"] = [OFFICE]
    assert company(await reverse.ask(OFFICE, BUSINESS)) == "kiln.example"


async def test_the_provider_of_a_line_is_not_its_customer(names: NameServer, reverse: ReverseDns) -> None:
    names.call(OFFICE, "gw7.norrnet.example")
    assert company(await reverse.ask(OFFICE, ISP)) is None
    names.call("203.0.113.8", "gw.harbor-mills.example")
    assert company(await reverse.ask("203.0.113.8", ISP)) == "harbor-mills.example"


@pytest.mark.parametrize(
    "name",
    [
        "203-0-113-7.dyn.harbor-mills.example",
        "dsl-pool-7.harbor-mills.example",
        "gmail.com",
        "co.uk",
        "localhost",
        "host.local",
        "a_b.harbor-mills.example",
        "xn--.example",
    ],
)
async def test_a_name_that_speaks_of_no_company_names_nobody(names: NameServer, reverse: ReverseDns, name: str) -> None:
    names.call(OFFICE, name)
    assert company(await reverse.ask(OFFICE, BUSINESS)) is None


async def test_a_lookalike_is_called_by_its_ascii_form(names: NameServer, reverse: ReverseDns) -> None:
    names.call(OFFICE, "gw.xn--hrbor-mills-v4i.example")  # with a Cyrillic а
    found = await reverse.ask(OFFICE, BUSINESS)
    assert found.answer is not None
    assert found.answer.name == found.answer.domain == "xn--hrbor-mills-v4i.example"


@pytest.mark.parametrize(
    ("mood", "why"), [(Mood.SERVFAIL, "broken_zone"), (Mood.REFUSED, "broken_zone"), (Mood.GARBAGE, "broken_zone")]
)
async def test_a_broken_zone_names_nobody_and_is_left_alone_for_a_while(
    names: NameServer, reverse: ReverseDns, mood: Mood, why: str
) -> None:
    names.mood(POINTER, mood)
    found = await reverse.ask(OFFICE, BUSINESS)
    assert (company(found), found.why) == (None, why)
    names.call("203.0.113.8", "gw.harbor-mills.example")
    assert company(await reverse.ask("203.0.113.8", BUSINESS)) == "harbor-mills.example"


@pytest.mark.parametrize("mood", [Mood.SILENT, Mood.FOREIGN])
async def test_a_server_that_hangs_does_not_keep_others_waiting(
    names: NameServer, reverse: ReverseDns, mood: Mood
) -> None:
    names.mood(POINTER, mood)
    if mood is Mood.SILENT:
        with pytest.raises(NotAnswered):
            await reverse.ask(OFFICE, BUSINESS)
    else:
        assert company(await reverse.ask(OFFICE, BUSINESS)) is None
    names.call("203.0.113.8", "gw.harbor-mills.example")
    assert company(await reverse.ask("203.0.113.8", BUSINESS)) == "harbor-mills.example"


async def test_no_server_at_all_is_an_outage_and_no_verdict(free_port: int) -> None:
    reverse = ReverseDns([f"127.0.0.1:{free_port}"], reader_of_names(MAIL))
    try:
        with pytest.raises(NotAnswered):
            await reverse.ask(OFFICE, BUSINESS)
    finally:
        await reverse.close()


async def test_an_address_without_a_name_is_remembered_as_such(reverse: ReverseDns) -> None:
    found = await reverse.ask(OFFICE, BUSINESS)
    assert (company(found), found.why) == (None, "no_name")
    assert found.remember.days >= 1


@pytest.mark.parametrize("kind", ["hosting", "vpn", "mobile", "relay", "security_proxy"])
def test_networks_that_strangers_share_are_never_asked_for(kind: str) -> None:
    assert not ReverseDns.takes(ReverseDns.__new__(ReverseDns), Network(kind=kind))

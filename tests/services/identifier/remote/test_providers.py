"""Paid services are asked as they want it, and believed only where their answer is plausible."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leadlight.core.identity.companies.firmographics import Firmographics
from leadlight.core.records import Network
from leadlight.settings import Settings
from services.identifier.remote.configuration import read_providers
from services.identifier.remote.provider import Provider, open_client
from services.identifier.remote.sources import KeyRefused, NotAnswered, NotYet, Outcome
from tests.services.identifier.remote.service import PaidService, open_service, written
from tests.services.identifier.remote.world import BUSINESS, ISP, MAIL

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OFFICE = "203.0.113.7"


@pytest.fixture
async def service() -> AsyncIterator[PaidService]:
    async with open_service() as opened:
        yield opened


@asynccontextmanager
async def provider(service: PaidService, folder: Path, **fields: Any) -> AsyncIterator[Provider]:
    (folder / "providers.yaml").write_text(written(service, **fields), encoding="utf-8")
    [settings] = read_providers(Settings(data=folder))
    async with open_client() as client:
        yield Provider(settings, client, MAIL, lambda: NOW)


async def asked(service: PaidService, folder: Path, network: Network = BUSINESS, **fields: Any) -> Outcome:
    async with provider(service, folder, **fields) as opened:
        return await opened.ask(OFFICE, network)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("ipinfo", {"name": "Harbor Mills AB"}),
        (
            "people_data_labs",
            {
                "name": "Harbor Mills",
                "industry": "paper and forest products",
                "size": "51-200",
                "country": "SE",
                "url": "https://harbor-mills.example",
            },
        ),
        (
            "snitcher",
            {
                "name": "Harbor Mills",
                "industry": "Paper and Forest Products",
                "size": "51-200 employees",
                "country": "SE",
                "url": "https://harbor-mills.example",
            },
        ),
        (
            "the_companies_api",
            {
                "name": "Harbor Mills",
                "industry": "paper-and-forest-products",
                "size": "140",
                "country": "SE",
                "url": "https://www.harbor-mills.example",
            },
        ),
        ("maxmind", {"name": "Harbor Mills AB"}),
    ],
)
@pytest.mark.parametrize("network", [BUSINESS, ISP], ids=["business", "isp"])
async def test_a_recorded_answer_names_the_company(
    service: PaidService, tmp_path: Path, name: str, facts: dict[str, str], network: Network
) -> None:
    service.says_recorded(name)
    found = await asked(service, tmp_path, network, name=name, account="4711")
    assert found.answer is not None
    assert found.answer.domain == "harbor-mills.example"
    assert found.answer.evidence == {"provider": name, "type": "business"}
    assert 0.3 <= found.answer.confidence <= 0.8
    assert found.facts == Firmographics(source=f"provider:{name}", as_of=NOW, **facts)


@pytest.mark.parametrize(
    ("name", "method", "path", "query", "key"),
    [
        ("ipinfo", "GET", "/203.0.113.7", {}, ("Authorization", "Bearer a-secret-key")),
        (
            "people_data_labs",
            "GET",
            "/v5/ip/enrich",
            {"ip": OFFICE, "return_ip_metadata": "true"},
            ("X-Api-Key", "a-secret-key"),
        ),
        ("snitcher", "POST", "/company/find", {"ip": OFFICE}, ("Authorization", "Bearer a-secret-key")),
        ("the_companies_api", "GET", "/v2/ips/203.0.113.7", {}, ("Authorization", "Basic a-secret-key")),
        (
            "maxmind",
            "GET",
            "/geoip/v2.1/insights/203.0.113.7",
            {},
            ("Authorization", "Basic " + base64.b64encode(b"4711:a-secret-key").decode()),
        ),
    ],
)
async def test_each_is_asked_as_its_documentation_says(
    service: PaidService, tmp_path: Path, name: str, method: str, path: str, query: dict[str, str], key: tuple[str, str]
) -> None:
    await asked(service, tmp_path, name=name, account="4711")
    [question] = service.asked
    assert (question.method, question.path.partition("?")[0], question.query) == (method, path, query)
    assert question.headers[key[0]] == key[1]
    assert "Cookie" not in question.headers


async def test_an_ipv6_address_is_asked_for_too(service: PaidService, tmp_path: Path) -> None:
    async with provider(service, tmp_path) as opened:
        await opened.ask("2001:db8:7::25", BUSINESS)
    assert service.asked[0].path == "/2001%3Adb8%3A7%3A%3A25"


async def test_another_path_and_a_shape_of_ones_own_need_no_code(service: PaidService, tmp_path: Path) -> None:
    service.says('{"who": [{"web": "https://www.harbor-mills.example/about", "called": "Harbor Mills"}]}')
    shape = (
        "{request: {path: /v9/whois, query: {a: '{address}'}, key: query, key_name: token}, "
        "answer: {domain: [who.0.web], name: [who.0.called], confidence: {otherwise: 0.6}}}"
    )
    found = await asked(service, tmp_path, name="our_own", shape=shape)
    assert found.answer is not None
    assert found.answer.domain == "harbor-mills.example"
    assert service.asked[0].query == {"a": OFFICE, "token": "a-secret-key"}
    await asked(service, tmp_path, path="/lookup/{address}")
    assert service.asked[1].path == f"/lookup/{OFFICE}"


def company(domain: Any, name: Any = "Some Company", kind: Any = "business") -> str:
    return msgspec.json.encode({"company": {"domain": domain, "name": name, "type": kind}}).decode()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{}", "no_company"),
        ("[]", "garbage"),
        ('"harbor-mills.example"', "garbage"),
        ("null", "garbage"),
        (company(None), "no_company"),
        (company(""), "no_company"),
        (company(17), "garbage"),
        (company({"a": 1}), "garbage"),
        (company(["harbor-mills.example"]), "garbage"),
        (company("harbor mills"), "no_domain"),
        (company("localhost"), "no_domain"),
        (company("203.0.113.7"), "no_domain"),
        (company("co.uk"), "no_domain"),
        (company("x" * 5000 + ".example"), "no_domain"),
        (company("harbor-mills.example\u0000.evil.example"), "no_domain"),
        (company("gmail.com"), "mail_provider"),
        (company("https://mail.freemail.example/inbox"), "mail_provider"),
        (company("throwaway.example"), "mail_provider"),
        (company("norrnet.example", "Norrnet", "isp"), "no_company"),
        (company("comcast.net", "Comcast"), "access"),
        (company("cloudy.example", "Cloudy", "hosting"), "no_company"),
        (company("harbor-mills.example", kind="surprise"), "no_company"),
        ('{"company": {"domain": "harbor-mills.example"}, "privacy": {"vpn": true}}', "no_company"),
    ],
)
async def test_an_answer_that_names_nobody_is_nobody(service: PaidService, tmp_path: Path, body: str, why: str) -> None:
    service.says(body)
    found = await asked(service, tmp_path)
    assert (found.answer, found.why) == (None, why)


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("norrnet.example", "Norrnet Broadband"),
        ("norrnet.example", "Somebody else"),
        ("other.example", "NORRNET"),
    ],
)
async def test_the_networks_operator_is_nobodys_company_on_an_isp(
    service: PaidService, tmp_path: Path, domain: str, name: str
) -> None:
    service.says(company(domain, name))
    found = await asked(service, tmp_path, ISP)
    assert (found.answer, found.why) == (None, "operator")


async def test_an_isp_is_doubted_more_than_a_companys_own_network(service: PaidService, tmp_path: Path) -> None:
    service.says(company("harbor-mills.example", "Harbor Mills"))
    own, line = await asked(service, tmp_path), await asked(service, tmp_path, ISP)
    assert own.answer is not None
    assert line.answer is not None
    assert own.answer.confidence > line.answer.confidence


@pytest.mark.parametrize(
    "name",
    [None, 17, [], "", "   ", "null", "<script>alert(1)</script>", "a@b.example", "12345", {"name": 3}, "{{ 7 * 7 }}"],
)
async def test_a_name_that_is_none_gives_way_to_the_domains(service: PaidService, tmp_path: Path, name: Any) -> None:
    service.says(company("harbor-mills.example", name))
    found = await asked(service, tmp_path)
    assert found.answer is not None
    assert found.answer.name == "Harbor Mills"


async def test_a_long_or_turned_around_name_becomes_one_plain_line(service: PaidService, tmp_path: Path) -> None:
    service.says(company("harbor-mills.example", "Har\u202ebor\n\tMills " + "x" * 5000))
    found = await asked(service, tmp_path)
    assert found.answer is not None
    assert found.answer.name.startswith("Har bor Mills xxx")
    assert len(found.answer.name) <= 120


@pytest.mark.parametrize(
    ("size", "kept"),
    [
        (140, "140"),
        (140.0, "140"),
        ("51–200", "51-200"),
        (True, None),
        (-1, None),
        (1e300, None),
        ([], None),
        ("", None),
    ],
)
async def test_a_size_is_a_number_of_people_or_nothing(
    service: PaidService, tmp_path: Path, size: Any, kept: str | None
) -> None:
    body = {"about": {"totalEmployees": size}, "domain": {"domain": "harbor-mills.example"}}
    service.says(msgspec.json.encode(body))
    found = await asked(service, tmp_path, name="the_companies_api")
    assert found.facts is not None
    assert found.facts.size == kept


async def test_what_a_provider_is_unsure_of_is_not_said(service: PaidService, tmp_path: Path) -> None:
    service.says('{"data": {"company": {"website": "harbor-mills.example", "confidence": "very low"}}}')
    found = await asked(service, tmp_path, name="people_data_labs")
    assert (found.answer, found.why) == (None, "unsure")


@pytest.mark.parametrize("said", ['"NaN"', '"maybe"', "17", "true", "[]", "null"])
async def test_a_sureness_that_is_no_word_of_the_providers_counts_little(
    service: PaidService, tmp_path: Path, said: str
) -> None:
    service.says(f'{{"data": {{"company": {{"website": "harbor-mills.example", "confidence": {said}}}}}}}')
    found = await asked(service, tmp_path, name="people_data_labs")
    assert found.answer is not None
    assert found.answer.confidence == 0.4


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "",
        "{",
        '{"company": NaN}',
        '{"company": Infinity}',
        b"\xff\xfe\x00",
        '{"company": {"domain": "harbor-mills.example"',
        "[" * 100_000,
        '{"a":' * 30_000 + "1" + "}" * 30_000,
        "<html><body>Please sign in to the network</body></html>",
    ],
    ids=["text", "empty", "open", "nan", "infinity", "binary", "cut", "deep-open", "deep", "portal"],
)
async def test_garbage_is_the_providers_failure(service: PaidService, tmp_path: Path, body: str | bytes) -> None:
    service.says(body)
    with pytest.raises(NotAnswered, match="JSON"):
        await asked(service, tmp_path)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(service: PaidService, tmp_path: Path, status: int) -> None:
    service.says("{}", status, Location=f"{service.url}/elsewhere")
    with pytest.raises(NotAnswered, match="redirect"):
        await asked(service, tmp_path)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("Sun, 22 Nov 2026 12:01:00 GMT", 60), ("soon", None), ("-5", None), ("9" * 400, 999_999_999)],
)
async def test_how_long_it_wants_to_be_left_alone_is_heard(
    service: PaidService, tmp_path: Path, header: str, seconds: int | None
) -> None:
    service.says("{}", 429, Retry_After=header)
    with pytest.raises(NotAnswered) as refused:
        await asked(service, tmp_path)
    wait = refused.value.wait
    assert (None if wait is None else wait.total_seconds()) == (None if seconds is None else min(seconds, 30 * 86400))


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_refused_key_is_told_apart_and_never_printed(service: PaidService, tmp_path: Path, status: int) -> None:
    service.says('{"error": "a-secret-key is unknown"}', status)
    with pytest.raises(KeyRefused) as refused:
        await asked(service, tmp_path)
    assert "a-secret-key" not in str(refused.value)


@pytest.mark.parametrize("status", [500, 502, 503, 418])
async def test_a_failing_service_has_not_answered(service: PaidService, tmp_path: Path, status: int) -> None:
    service.says("oops", status)
    with pytest.raises(NotAnswered, match=str(status)):
        await asked(service, tmp_path)


async def test_an_answer_that_is_still_being_made_is_asked_for_again(service: PaidService, tmp_path: Path) -> None:
    service.says('{"status": 202}', 202)
    with pytest.raises(NotYet):
        await asked(service, tmp_path, name="snitcher")


async def test_an_address_that_is_not_known_is_nobody_and_no_failure(service: PaidService, tmp_path: Path) -> None:
    service.says('{"error": "not found"}', 404)
    assert (await asked(service, tmp_path)).why == "no_company"


async def test_a_service_that_hangs_or_drips_is_given_up(service: PaidService, tmp_path: Path) -> None:
    for behave in (service.hangs, service.drips):
        behave()
        with pytest.raises(NotAnswered, match="no answer within"):
            await asked(service, tmp_path, timeout_seconds=0.3)


async def test_a_body_of_fifty_megabytes_is_not_read(service: PaidService, tmp_path: Path) -> None:
    service.pours(50)
    with pytest.raises(NotAnswered, match="larger than"):
        await asked(service, tmp_path)


async def test_a_packed_body_is_not_unpacked(service: PaidService, tmp_path: Path) -> None:
    service.says(b"\x1f\x8b" + b"x" * 100, Content_Encoding="gzip")
    with pytest.raises(NotAnswered, match="packed"):
        await asked(service, tmp_path)


async def test_a_connection_that_breaks_off_or_is_refused_tells_neither_key_nor_address(
    service: PaidService, tmp_path: Path, free_port: int
) -> None:
    service.breaks_off()
    with pytest.raises(NotAnswered) as broken:
        await asked(service, tmp_path)
    with pytest.raises(NotAnswered) as refused:
        await asked(service, tmp_path, url=f"http://127.0.0.1:{free_port}")
    for error in (broken.value, refused.value):
        assert "a-secret-key" not in str(error)
        assert OFFICE not in str(error)

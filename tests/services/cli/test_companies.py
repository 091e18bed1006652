"""An owner's list of companies, as spreadsheets of many countries write it."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from leadlight.cli.commands import app
from leadlight.cli.identity.companies import read_list
from leadlight.cli.identity.company_file import CompanyFile
from leadlight.core.identity.networks.blocks import block_of, host_key, host_of
from leadlight.core.records import Network
from leadlight.errors import LeadlightError, WrongUsage
from leadlight.store.companies import facts, own_list
from leadlight.store.database import Database
from leadlight.store.identity import connections
from leadlight.store.identity.sources import Connection
from leadlight.store.identity.uses import Use
from leadlight.store.tables import recounts, visitor_companies
from services.identifier.knowledge import load_knowledge
from tests.services.cli.command import Outcome, leadlight

SECRET = "s" * 32
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


Run = Callable[..., Outcome]


class Owner:
    """Somebody with a site, at a terminal."""

    def __init__(self, folder: Path, run: Run) -> None:
        self.folder, self.run = folder, run
        self.site: str = run("site", "add", "Shop", "--domain", "shop.example", "--json").json["id"]

    def imports(self, content: str | bytes, *words: str) -> Outcome:
        path = self.folder / "list.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.run("companies", "import", str(path), "--site", "shop.example", "--json", *words)

    def listed(self) -> dict[str, dict[str, Any]]:
        words = ("companies", "list", "--site", "shop.example", "--json")
        return {row["domain"]: row for row in self.run(*words).json}

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.folder / 'leadlight.db'}"

    def network(self, address: str, kind: str = "isp", asn: int | None = 64500) -> Network:
        host = host_of(self.site, address, host_key(SECRET.encode()))
        return Network(kind=kind, rule="asn_class", asn=asn, name="Norrnet", block=block_of(address), host=host)


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Owner]:
    """Commands are run in this process: starting one anew for each would take ten times as long."""
    monkeypatch.setenv("LEADLIGHT_DATA", str(tmp_path))
    monkeypatch.setenv("LEADLIGHT_SECRET", SECRET)
    handlers = logging.getLogger().handlers[:]

    def run(*words: str) -> Outcome:
        done = CliRunner().invoke(app, words)
        if isinstance(done.exception, LeadlightError):
            return Outcome(2 if isinstance(done.exception, WrongUsage) else 1, done.stdout, str(done.exception))
        assert done.exception is None, done.exception
        return Outcome(done.exit_code, done.stdout, done.stderr)

    yield Owner(tmp_path, run)
    logging.getLogger().handlers[:] = handlers


PLAIN = """domain,name,industry,employees,country,website,networks,asn,tier,owner,note
harbor-mills.example,Harbor Mills,Paper,140,Sweden,https://www.harbor-mills.example/,203.0.113.0/28,,A,Ada,"Asked twice, wants a demo"
kiln.example,Kiln,Ceramics,51–200,DE,,198.51.100.0/24 2001:db8:7::/48,64501,B,,
"""


def test_a_list_is_taken_in_with_all_its_columns(owner: Owner) -> None:
    result = owner.imports(PLAIN).json
    assert {name: result[name] for name in ("rows", "companies", "added", "bad", "remarks")} == {
        "rows": 2,
        "companies": 2,
        "added": 2,
        "bad": 0,
        "remarks": [],
    }
    listed = owner.listed()
    assert listed["harbor-mills.example"] == {
        "domain": "harbor-mills.example",
        "name": "Harbor Mills",
        "industry": "Paper",
        "size": "140",
        "country": "SE",
        "account": "A",
        "owner": "Ada",
        "networks": ["203.0.113.0/28"],
    }
    assert listed["kiln.example"]["networks"] == ["198.51.100.0/24", "2001:db8:7::/48", "AS64501"]
    assert listed["kiln.example"]["size"] == "51-200"


def test_the_same_file_twice_changes_nothing_and_a_dry_run_never_does(owner: Owner) -> None:
    assert owner.imports(PLAIN, "--dry-run").json["added"] == 2
    assert owner.listed() == {}
    owner.imports(PLAIN)
    before = owner.listed()
    again = owner.imports(PLAIN).json
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)
    changed = PLAIN.replace("Ceramics", "Tiles").replace("198.51.100.0/24 ", "")
    assert owner.imports(changed, "--dry-run").json["changed"] == 1
    assert owner.listed() == before
    assert owner.imports(changed).json["changed"] == 1
    kiln = owner.listed()["kiln.example"]
    assert (kiln["industry"], kiln["networks"]) == ("Tiles", ["2001:db8:7::/48", "AS64501"])


GERMAN = "Firma;Webseite;Branche;Mitarbeiter;Land;Notiz\r\nMühle Söhne;www.muehle-soehne.example;Möbel;85;Österreich;„gut“\r\n"
FRENCH = "Société\tSite web\tSecteur d’activité\tEffectif\tPays\nPorcelaine d'Été\thttps://porcelaine.example/\tCéramique\t12\tFrance\n"


@pytest.mark.parametrize(
    ("text", "encoding", "domain", "expected"),
    [
        (GERMAN, "utf-8", "muehle-soehne.example", {"name": "Mühle Söhne", "industry": "Möbel", "size": "85"}),
        (GERMAN, "utf-8-sig", "muehle-soehne.example", {"name": "Mühle Söhne", "industry": "Möbel", "size": "85"}),
        (GERMAN, "utf-16", "muehle-soehne.example", {"name": "Mühle Söhne", "industry": "Möbel", "size": "85"}),
        (GERMAN, "utf-16-le", "muehle-soehne.example", {"name": "Mühle Söhne", "industry": "Möbel", "size": "85"}),
        (GERMAN, "cp1252", "muehle-soehne.example", {"name": "Mühle Söhne", "industry": "Möbel", "size": "85"}),
        (FRENCH, "utf-8", "porcelaine.example", {"name": "Porcelaine d'Été", "industry": "Céramique", "country": "FR"}),
        ("sep=;\n" + GERMAN, "cp1252", "muehle-soehne.example", {"name": "Mühle Söhne"}),
        (GERMAN.replace("\r\n", "\r"), "utf-8", "muehle-soehne.example", {"name": "Mühle Söhne"}),
        ("\n\n" + GERMAN.replace("\r\n", "\n\n"), "utf-8", "muehle-soehne.example", {"name": "Mühle Söhne"}),
        ("Empresa,Sitio web,Empleados\nAzulejos,azulejos.example,40\n", "utf-8", "azulejos.example", {"size": "40"}),
        ("Azienda|Sito web|Dipendenti\nVetro|vetro.example|7\n", "utf-8", "vetro.example", {"size": "7"}),
    ],
)
def test_sheets_of_many_countries_are_read(
    tmp_path: Path, text: str, encoding: str, domain: str, expected: dict[str, str]
) -> None:
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    reading = read_list(CompanyFile(str(tmp_path / "list.csv")), load_knowledge().mail, NOW, lambda read: None)
    assert reading.remarks == []
    said = reading.entries[domain].facts
    assert {name: getattr(said, name) for name in expected} == expected


def test_bad_lines_are_named_and_the_others_taken(owner: Owner) -> None:
    text = (
        "domain,name,networks,asn\n"
        "harbor-mills.example,Harbor Mills,,\n"
        ",Nobody,,\n"
        "not a domain,Nothing,,\n"
        "gmail.com,Somebody,,\n"
        "co.uk,Everybody,,\n"
        'kiln.example,"Kiln "" Loom","10.0.0.0/8, 203.0.113.0/33, 198.51.100.0/24",AS0\n'
        'loom.example,"never closed,,\n'
        "forge.example,Forge,0.0.0.0/0,\n"
        f"{'x' * 70_000},,,\n"
        "xn--harbr-mills-abc.example,,,\n"
        'weaver.example,Pipes 5" wide,,\n'
    )
    result = owner.imports(text).json
    assert sorted(owner.listed()) == [
        "forge.example",
        "harbor-mills.example",
        "kiln.example",
        "weaver.example",
        "xn--harbr-mills-abc.example",
    ]
    not_imported = {remark["line"]: remark["reason"] for remark in result["remarks"] if not remark["imported"]}
    assert set(not_imported) == {3, 4, 5, 6, 8, 10}
    assert "missing" in not_imported[3]
    assert "mail provider" in not_imported[5]
    assert "quotation mark" in not_imported[8]
    assert result["bad"] == 6
    kept = [remark for remark in result["remarks"] if remark["imported"]]
    assert [remark["line"] for remark in kept] == [7, 7, 7, 9]
    assert "private" in kept[0]["reason"]
    assert owner.listed()["kiln.example"]["networks"] == ["198.51.100.0/24"]
    assert owner.listed()["kiln.example"]["name"] == 'Kiln " Loom'


def test_a_field_may_run_over_lines(owner: Owner) -> None:
    owner.imports('domain,note,name\nkiln.example,"first\nsecond, third\n\nfourth",Kiln\nloom.example,,Loom\n')
    assert {domain: row["name"] for domain, row in owner.listed().items()} == {
        "kiln.example": "Kiln",
        "loom.example": "Loom",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n\n\n", "empty"),
        (b"first name,phone\nAda,1\n", "no column is called"),
        (b"PK\x03\x04" + b"\x00" * 100, "spreadsheet"),
        (bytes(range(256)) * 20, "no text"),
    ],
)
def test_what_is_no_list_is_refused_with_the_reason(owner: Owner, content: bytes, message: str) -> None:
    refused = owner.imports(content)
    assert refused.code == 2
    assert message in refused.err


def test_the_command_ends_as_commands_do(tmp_path: Path) -> None:
    leadlight(tmp_path, "site", "add", "Shop", "--domain", "shop.example")
    missing = leadlight(tmp_path, "companies", "import", "nowhere.csv", "--site", "shop.example")
    assert (missing.code, missing.out) == (2, "")
    assert "nowhere.csv cannot be read" in missing.err


def test_lines_of_one_company_are_one_company_and_a_network_has_one_owner(owner: Owner) -> None:
    result = owner.imports(
        "domain,name,industry,networks\n"
        "kiln.example,Kiln,,203.0.113.0/26\n"
        "www.kiln.example,Kiln Works,Ceramics,203.0.113.64/26\n"
        "loom.example,Loom,,203.0.113.0/26\n"
    ).json
    assert result["companies"] == 2
    assert "kiln.example's already" in result["remarks"][0]["reason"]
    listed = owner.listed()
    assert listed["kiln.example"]["networks"] == ["203.0.113.0/26", "203.0.113.64/26"]
    assert (listed["kiln.example"]["name"], listed["kiln.example"]["industry"]) == ("Kiln", "Ceramics")
    assert listed["loom.example"]["networks"] == []


def test_replace_takes_others_off_but_not_when_lines_are_bad(owner: Owner) -> None:
    owner.imports(PLAIN)
    kept = owner.imports("domain\nkiln.example\n???\n", "--replace")
    assert kept.json["removed"] == 0
    assert "could not be read" in kept.err
    assert len(owner.listed()) == 2
    assert owner.imports("domain\nkiln.example\n", "--replace", "--dry-run").json["removed"] == 1
    assert owner.imports("domain\nkiln.example\n", "--replace").json["removed"] == 1
    assert list(owner.listed()) == ["kiln.example"]


def test_a_number_of_an_internet_provider_names_no_company_unless_the_owner_insists(owner: Owner) -> None:
    networks = owner.folder / "networks"
    networks.mkdir()
    (networks / "ours.csv").write_text("asn,class\n64500,isp\n64501,business\n64502,hosting\n", encoding="utf-8")
    text = "domain,asn\nkiln.example,64500\nloom.example,64501\nforge.example,64502\n"
    result = owner.imports(text).json
    assert [remark["line"] for remark in result["remarks"]] == [2, 4]
    assert "class isp" in result["remarks"][0]["reason"]
    assert {domain: row["networks"] for domain, row in owner.listed().items()} == {
        "kiln.example": [],
        "loom.example": ["AS64501"],
        "forge.example": [],
    }
    owner.imports(text, "--force")
    assert owner.listed()["kiln.example"]["networks"] == ["AS64500"]
    assert owner.listed()["forge.example"]["networks"] == [], "nobody behind a hoster can be named"


def matched(owner: Owner, asked: Sequence[Network]) -> list[str | None]:
    async def work() -> list[str | None]:
        database = Database(owner.url)
        try:
            async with database.read() as connection:
                found = await own_list.answers(
                    connection, [(owner.site, one.host or "", one.block, one.asn) for one in asked]
                )
        finally:
            await database.close()
        answers = [found.get((owner.site, one.host or "")) for one in asked]
        return [answer.domain if answer else None for answer in answers]

    return asyncio.run(work())


def test_the_narrowest_network_counts_then_its_number(owner: Owner) -> None:
    owner.imports(
        "domain,networks,asn\n"
        "group.example,203.0.0.0/16,64509\n"
        "mill.example,203.0.113.0/24,\n"
        "office.example,203.0.113.16/28,\n"
        "desk.example,203.0.113.17,\n"
        "six.example,2001:db8:7::/48,\n"
        "lab.example,2001:db8:7:100::/56,\n"
    )
    addresses = {
        "203.0.113.17": "desk.example",
        "203.0.113.18": "office.example",
        "203.0.113.40": "mill.example",
        "203.0.10.1": "group.example",
        "2001:db8:7::1": "six.example",
        "2001:db8:7:1ff::9": "lab.example",
        "198.51.100.7": None,
    }
    assert matched(owner, [owner.network(address) for address in addresses]) == list(addresses.values())
    assert matched(owner, [owner.network("198.51.100.7", asn=64509)]) == ["group.example"]


def test_whoever_came_before_is_named_by_the_list_and_unnamed_without_it(owner: Owner) -> None:
    office, neighbour = owner.network("203.0.113.5"), owner.network("203.0.113.200")

    async def seen() -> None:
        database = Database(owner.url)
        uses = [
            Use(visitor, Connection(owner.site, network), NOW, NOW)
            for visitor, network in (("visitor-1", office), ("visitor-2", neighbour))
        ]
        async with database.begin() as connection:
            await connections.save(connection, uses, [], now=NOW)
        await database.close()

    async def found() -> tuple[list[tuple[str, str]], set[str]]:
        database = Database(owner.url)
        async with database.read() as connection:
            of = visitor_companies.c
            rows = await connection.execute(select(of.visitor_id, of.method).where(of.withdrawn_at.is_(None)))
            claims = [(row[0], row[1]) for row in rows]
            waiting = set((await connection.execute(select(recounts.c.visitor_id))).scalars())
        await database.close()
        return claims, waiting

    asyncio.run(seen())
    owner.imports("domain,name,networks\nharbor-mills.example,Harbor Mills,203.0.113.0/28\n")
    assert asyncio.run(found()) == ([("visitor-1", "own_list")], {"visitor-1"})
    owner.imports("domain,networks\nkiln.example,\n", "--replace")
    assert asyncio.run(found())[0] == []


def test_what_the_list_says_of_a_company_comes_with_source_and_date(owner: Owner) -> None:
    owner.imports(PLAIN)

    async def known() -> Any:
        database = Database(owner.url)
        async with database.read() as connection:
            found = await facts.by_domains(connection, owner.site, ["harbor-mills.example"])
        await database.close()
        return found["harbor-mills.example"]

    [said] = asyncio.run(known())
    assert (said.source, said.url, said.note) == (
        "own_list",
        "https://www.harbor-mills.example/",
        "Asked twice, wants a demo",
    )
    assert said.as_of.tzinfo is not None


def test_ten_thousand_companies_are_taken_in(owner: Owner) -> None:
    lines = [f"company-{number}.example,Company {number},198.51.{number % 256}.0/24" for number in range(10_000)]
    result = json.loads(owner.imports("domain,name,networks\n" + "\n".join(lines)).out)
    assert result["companies"] == 10_000
    assert result["added"] == 10_000


def test_a_mail_providers_domain_is_a_companys_where_the_owner_has_said_so(owner: Owner) -> None:
    assert owner.imports("domain\ngmx.net\n").json["bad"] == 1
    settings = owner.folder / "settings.yaml"
    settings.write_text("work_domains: [gmx.net]\n", encoding="utf-8")
    owner.run("site", "settings", "set", str(settings), "--site", "shop.example")
    assert owner.imports("domain\ngmx.net\n").json["added"] == 1

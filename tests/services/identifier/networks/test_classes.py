import csv
from pathlib import Path

from publicsuffixlist import PublicSuffixList

from leadlight.core.identity.networks.classify import ClassTables, NetworkClass, classify
from services.identifier.networks.classes import ASN_LIST, FOLDER, load_classes
from services.identifier.remote.names import provider_domains

PUBLIC = "8.8.4.4"


def own_rows() -> list[dict[str, str]]:
    lines = (FOLDER / ASN_LIST).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_our_own_lists_have_no_bad_rows_and_a_date() -> None:
    loaded = load_classes()

    assert loaded.bad_rows == ()
    assert len(loaded.tables.version) == len("2026-11-22")


def test_each_network_stands_once_on_our_list_in_order_with_a_class() -> None:
    rows = own_rows()
    numbers = [int(row["asn"]) for row in rows]

    assert numbers == sorted(set(numbers))
    assert {row["class"] for row in rows} <= {kind.value for kind in NetworkClass}
    assert len([row for row in rows if row["class"] == "business"]) >= 500


def test_domains_on_our_list_are_registrable_stand_on_businesses_only_and_have_a_name() -> None:
    suffixes = PublicSuffixList()
    for row in own_rows():
        if row["domain"]:
            assert suffixes.privatesuffix(row["domain"]) == row["domain"], row
            assert row["class"] == "business", row
            assert row["name"], row


def test_no_provider_of_names_is_a_company_on_our_list_of_networks() -> None:
    """A domain on both would be named by number and refused by host name."""
    both = {row["domain"] for row in own_rows()} & provider_domains()

    assert both <= {"salesforce.com", "google.com", "microsoft.com"}  # their clouds' hosts are strangers'


def test_an_owners_list_speaks_before_ours_and_its_bad_rows_are_told_by_line(tmp_path: Path) -> None:
    (tmp_path / "offices.csv").write_text(
        "range,class,domain,name\n"
        "203.0.113.0/28,business,norrvik.example,Norrvik\n"
        "203.0.113.300/28,isp,,\n"
        "\n"
        "198.51.100.0/24,castle,,\n"
        "2001:db8:7::/48,vpn,,\n",
        encoding="utf-8",
    )
    (tmp_path / "numbers.csv").write_text("asn,class\nAS7922,business\nAS-1,isp\n", encoding="utf-8")
    (tmp_path / "broken.csv").write_bytes(b"range,class\n\xff\xfe\n")

    loaded = load_classes(tmp_path)

    assert classify("203.0.113.3", None, None, loaded.tables).company_domain == "norrvik.example"
    assert classify("2001:db8:7::1", None, None, loaded.tables).rule == "range:offices"
    assert classify(PUBLIC, 7922, "Comcast", loaded.tables).rule == "asn:numbers"
    assert [(bad.file, bad.line) for bad in loaded.bad_rows] == [
        ("broken.csv", 0),
        ("numbers.csv", 3),
        ("offices.csv", 3),
        ("offices.csv", 5),
    ]


def test_well_known_networks_are_what_they_are() -> None:
    tables: ClassTables = load_classes().tables
    told = {asn: classify(PUBLIC, asn, None, tables) for asn in (7922, 21928, 16509, 136787, 22616, 786, 749, 521)}

    assert [found.kind.value for found in told.values()] == [
        "isp",
        "mobile",
        "hosting",
        "vpn",
        "security_proxy",
        "education",
        "government",
        "business",
    ]
    assert [found.company_domain for found in told.values() if found.company_domain] == ["ford.com"]

"""Whatever stands in a file, reading it as a list ends, and what is no list is said to be none."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from leadlight.cli.identity.companies import read_list
from leadlight.cli.identity.company_file import CompanyFile
from leadlight.core.identity.people.emails import MailDomains
from leadlight.errors import WrongUsage

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_suffixes = PublicSuffixList()
MAIL = MailDomains(
    registrable=lambda domain: _suffixes.privatesuffix(domain),
    free=frozenset(),
    disposable=frozenset(),
    relays=frozenset(),
)
_signs = st.lists(st.sampled_from([*'ab.,;\t"\r\n \x00\x0bé日|', "kiln.example", "domain"]), max_size=200).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=_signs.map(str.encode) | st.binary(max_size=300), encoding=st.sampled_from(["", "utf-16", "utf-8-sig"]))
def test_any_file_is_read_to_its_end_or_refused(tmp_path: Path, content: bytes, encoding: str) -> None:
    path = tmp_path / "list.csv"
    header = b"domain,name\n"
    path.write_bytes((header + content).decode("utf-8", "replace").encode(encoding) if encoding else header + content)
    try:
        reading = read_list(CompanyFile(str(path)), MAIL, NOW, lambda read: None)
    except WrongUsage:
        return
    for domain, entry in reading.entries.items():
        assert domain == entry.domain
        assert domain.isascii()
    assert all(remark.line >= 2 for remark in reading.remarks)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(
        st.text(
            alphabet=st.characters(codec="utf-8", categories=["L", "N"], include_characters=' ,;"\n'),
            min_size=1,
            max_size=20,
        ),
        min_size=1,
        max_size=8,
    ),
    separator=st.sampled_from(",;\t"),
)
def test_what_a_spreadsheet_quotes_comes_out_whole(tmp_path: Path, names: list[str], separator: str) -> None:
    path = tmp_path / "list.csv"
    lines = [separator.join(("domain", "note"))]
    for number, name in enumerate(names):
        quoted = '"' + name.replace('"', '""') + '"'
        lines.append(f"c{number}.example{separator}{quoted}")
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
    reading = read_list(CompanyFile(str(path)), MAIL, NOW, lambda read: None)
    for number, name in enumerate(names):
        note = reading.entries[f"c{number}.example"].facts.note
        assert (note or "") == " ".join("".join(one if one.isprintable() else " " for one in name).split())


@pytest.mark.parametrize("lines", [1, 40])
def test_a_quotation_mark_that_nobody_closed_spoils_its_own_line_alone(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "list.csv"
    rest = "".join(f"c{number}.example,x\n" for number in range(lines))
    path.write_text('domain,name\nkiln.example,"open\n' + rest, encoding="utf-8")
    reading = read_list(CompanyFile(str(path)), MAIL, NOW, lambda read: None)
    assert len(reading.entries) == lines
    assert [remark.line for remark in reading.remarks] == [2]

"""Lists as mailing programs and spreadsheets export them: read whatever they look like, and bad lines named."""

import csv
import io
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.mailing.lists import LINE_BYTES, Bad, NoList, PeopleList, Person, bounded_lines


def read(text: str | bytes) -> list[Person | Bad]:
    return list(PeopleList(bounded_lines(io.BytesIO(text if isinstance(text, bytes) else text.encode()).readline)))


def told(text: str | bytes) -> list[tuple[int, str]]:
    return [(one.line, one.email if isinstance(one, Person) else "bad") for one in read(text)]


@pytest.mark.parametrize(
    "heading",
    [
        *("email", "E-Mail", "Email Address", "EMAIL_ADDRESS", " e-mail ", "E-Mail-Adresse", "Adresse e-mail", "mail"),
        *("Correo electrónico", "Courriel", "to", "Recipient", "Work Email", "email1"),
    ],
)
def test_the_addresses_column_goes_by_many_names(heading: str) -> None:
    assert told(f"Name,{heading},Phone\nMara,mara@norrvik.example,1\n") == [(2, "mara@norrvik.example")]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_cells_are_separated_as_the_heading_is(separator: str) -> None:
    text = (
        f"name{separator}email{separator}url\r\nMara{separator}m@norrvik.example{separator}https://shop.example/a\r\n"
    )
    [person] = read(text)
    assert isinstance(person, Person)
    assert (person.name, person.email, person.url) == ("Mara", "m@norrvik.example", "https://shop.example/a")


def test_names_and_addresses_of_spreadsheets_arrive_as_they_were_typed() -> None:
    for encoded in (
        "\ufeffemail,name\nm@norrvik.example,Zoë\n".encode(),
        "email,name\nm@norrvik.example,Zoë\n".encode("cp1252"),
    ):
        [person] = read(encoded)
        assert isinstance(person, Person)
        assert person.name == "Zoë"


def test_bad_lines_are_named_by_their_number_and_the_others_count() -> None:
    text = 'email,name\na@x.example,A\n,B\n\nc@x.example,"C\nof two lines"\nd@x.example,D,E\n\x00,F\ng@x.example,G\n'
    assert told(text) == [
        (2, "a@x.example"),
        (3, "bad"),
        (5, "c@x.example"),
        (7, "bad"),
        (8, "bad"),
        (9, "g@x.example"),
    ]


def test_a_quote_that_is_never_closed_takes_no_other_line_along() -> None:
    crowd = [f"p{number}@x.example,P" for number in range(100)]
    lines = ["email,name", *crowd[:10], '"open@x.example,O', *crowd[10:]]
    found = told("\n".join(lines))
    assert [email for _, email in found if email != "bad"] == [line.partition(",")[0] for line in crowd]
    assert [line for line, email in found if email == "bad"] == [12]


def test_a_line_without_end_is_bad_and_fills_no_memory() -> None:
    text = b"email\na@x.example\n" + b"x" * (3 * LINE_BYTES) + b"\nb@x.example\n"
    assert told(text) == [(2, "a@x.example"), (3, "bad"), (4, "b@x.example")]


@pytest.mark.parametrize("text", [b"", b"\n\n", b"name\nMara\n", b"\xff\xfee\x00\n\x00", b"a@x.example\n", b'"email\n'])
def test_what_has_no_heading_is_no_list(text: bytes) -> None:
    with pytest.raises(NoList):
        read(text)


@given(st.lists(st.tuples(st.from_regex(r"[a-z]{1,9}@x\.example", fullmatch=True), st.text(max_size=40)), max_size=30))
def test_whatever_a_spreadsheet_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    clean = [(email, name.replace("\x00", "")) for email, name in rows]
    written = io.StringIO()
    csv.writer(written).writerows(chain([("email", "name")], clean))
    found = read(written.getvalue().encode("utf-8", "replace"))
    if all(name.count("\n") + name.count("\r") < 15 for _, name in clean):
        assert [one.email for one in found if isinstance(one, Person)] == [email for email, _ in clean]


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading(text: bytes) -> None:
    for one in read(b"email,name\n" + text):
        assert one.line >= 2

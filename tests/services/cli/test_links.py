"""`leadlight links`: a list comes back with links, however bad some of its lines are."""

import csv
import hmac
import io
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from leadlight.core.intake import tracked_links
from leadlight.runtime import read_secret
from leadlight.settings import read_settings
from tests.services.cli.command import leadlight

LIST = """\
E-Mail;Full name;Url
Mara@Norrvik.example;Mara;https://shop.example/pricing?a=1#plans
nobody;No;
"open@solvind.example;O;
ida@solvind.example;"Ida; the other";
tom@solvind.example;Tom;javascript:alert(1)
"""


def with_site(folder: Path) -> Path:
    assert leadlight(folder, "site", "add", "Shop", "--domain", "shop.example", "--json").code == 0
    path = folder / "people.csv"
    path.write_text(LIST)
    return path


def opened(folder: Path, token: str) -> tracked_links.Link:
    link = tracked_links.read(token, read_secret(read_settings(data=folder)))
    assert link is not None
    return link


def test_a_list_comes_back_with_links_and_its_bad_lines_are_named(tmp_path: Path) -> None:
    file = with_site(tmp_path)
    words = ("mint", "--site", "shop.example", "--campaign", "spring", "--file", str(file), "--days", "30")
    minted = leadlight(tmp_path, "links", *words, "--honeypot")
    assert minted.code == 0, minted.err
    for told in (
        "line 3: 'nobody' is not an e-mail",
        "line 4: A quotation mark",
        "line 6: 'javascript:",
        "2 minted, 3 bad",
    ):
        assert told in minted.err
    rows = list(csv.DictReader(io.StringIO(minted.out), delimiter=";"))
    assert [row["Full name"] for row in rows] == ["Mara", "Ida; the other"]
    mara, ida = (opened(tmp_path, row["token"]) for row in rows)
    assert (mara.person, mara.campaign, mara.url) == (
        "mara@norrvik.example",
        "spring",
        "https://shop.example/pricing?a=1#plans",
    )
    assert ida.url == "https://shop.example/"
    assert rows[0]["link"].endswith(f"/l/{rows[0]['token']}")
    assert rows[0]["landing_url"] == f"https://shop.example/pricing?a=1&ll={rows[0]['token']}#plans"
    assert opened(tmp_path, rows[0]["honeypot_link"].rpartition("/l/")[2]).honeypot
    assert "mara" not in "".join([rows[0]["link"], rows[0]["landing_url"], rows[0]["honeypot_link"]]).lower()


def test_json_is_an_object_a_line_and_the_same_list_gives_the_same_links(tmp_path: Path) -> None:
    file = with_site(tmp_path)
    words = ("mint", "--site", "shop.example", "--campaign", "spring", "--file", str(file), "--json")
    first, again = (leadlight(tmp_path, group, *words) for group in ("links", "link"))
    assert first.out == again.out
    mara, ida = (json.loads(line) for line in first.out.splitlines())
    assert (mara["line"], mara["email"], ida["line"]) == (2, "mara@norrvik.example", 5)
    assert parse_qs(urlsplit(ida["landing_url"]).query) == {"ll": [ida["token"]]}


def test_what_is_no_list_is_wrong_usage_and_a_list_of_bad_lines_a_failure(tmp_path: Path) -> None:
    file = with_site(tmp_path)
    words = ("links", "mint", "--site", "shop.example", "--campaign", "spring", "--file")
    file.write_text("name\nMara\n")
    for wrong in (str(file), str(tmp_path / "nowhere.csv"), str(tmp_path)):
        refused = leadlight(tmp_path, *words, wrong)
        assert (refused.code, refused.out) == (2, "")
    file.write_text("email\nnobody\n")
    assert leadlight(tmp_path, *words, str(file)).code == 1
    assert leadlight(tmp_path, *words, str(file), "--url", "ftp://shop.example").code == 2


def test_the_key_is_shown_again_and_hashes_as_documented(tmp_path: Path) -> None:
    file = with_site(tmp_path)
    key = leadlight(tmp_path, "links", "key", "--site", "shop.example", "--json").json
    assert leadlight(tmp_path, "links", "key", "--site", "shop.example", "--json").json["key"] == key["key"]
    people = leadlight(tmp_path, "links", "people", "--site", "shop.example", "--file", str(file), "--json").json
    assert (people["people"], people["bad_lines"]) == (3, 2)
    assert [bad["line"] for bad in people["bad"]] == [3, 4]
    assert len(hmac.new(key["key"].encode(), b"mara@norrvik.example", "sha256").hexdigest()) == 64

"""Checks of an installation against real sites: what is found in their pages, and what no site can make a check do."""

import gzip
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from leadlight.core.installation.verdict import Expected, Kind, State
from leadlight.errors import WrongUsage
from leadlight.runtime.installation import fetch as fetching
from leadlight.runtime.installation.check import AT_ONCE, Report, address_of, check
from leadlight.settings import Network
from tests.infra.web import Answer, Website, html, open_website, sitemap, sitemap_index

LEADS = "https://leads.shop.example"
TAG = f'<script async src="{LEADS}/leadlight.js" data-key="wk_shop"></script>'
LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
async def shop() -> AsyncIterator[Website]:
    async with open_website() as site:
        yield site


async def checked(address: str, *, allowed: tuple[Network, ...] = LOOPBACK, limit: int = 100) -> Report:
    async def progress(report: Report) -> None:
        assert len(report.pages) <= max(1, report.listed)

    expected = Expected("wk_shop", LEADS, TAG, others={"wk_other": "other.example"})
    return await check(address, expected, domain="shop.example", allowed=allowed, limit=limit, progress=progress)


def kinds(report: Report) -> dict[str, set[Kind]]:
    return {page.url.rpartition("/")[2]: {remark.kind for remark in page.remarks} for page in report.pages}


async def test_each_page_of_a_sitemap_is_told_apart(shop: Website) -> None:
    strict = f"default-src 'none'; script-src 'nonce-abc' {LEADS}; connect-src {LEADS}"
    shop.pages |= {
        "/good": html(TAG),
        "/strict-good": html(TAG, Content_Security_Policy=strict),
        "/none": html("<script src='/own.js'></script>"),
        "/other-site": html(TAG.replace("wk_shop", "wk_other")),
        "/no-script": html(TAG, Content_Security_Policy="default-src 'self'"),
        "/no-sending": html(TAG, Content_Security_Policy=f"script-src {LEADS}; connect-src 'self'"),
        "/reports-only": html(TAG, Content_Security_Policy_Report_Only="default-src 'none'"),
        "/twice": html(TAG, TAG),
        "/manager": html("<script>(function(){/*gtm.js*/})(window,'GTM-ABC123')</script>"),
        "/elsewhere": html(TAG.replace(LEADS, "https://old.example")),
        "/old": html(TAG.replace("data-key", "data-write-key")),
        "/slow-tag": html(TAG.replace("async ", "")),
        "/paper.pdf": Answer(b"%PDF-1.7", headers={"Content-Type": "application/pdf"}),
        "/moved": Answer(status=301, headers={"Location": "/good"}),
        "/broken": Answer("oh no", status=500),
    }
    shop.pages["/sitemap.xml"] = sitemap([shop.url + path for path in shop.pages])
    report = await checked(f"{shop.url}/sitemap.xml")
    assert kinds(report) == {
        "good": {Kind.PRESENT},
        "strict-good": {Kind.PRESENT},
        "none": {Kind.MISSING},
        "other-site": {Kind.WRONG_KEY},
        "no-script": {Kind.SCRIPT_BLOCKED, Kind.SENDING_BLOCKED},
        "no-sending": {Kind.SENDING_BLOCKED},
        "reports-only": {Kind.PRESENT},
        "twice": {Kind.TWICE},
        "manager": {Kind.TAG_MANAGER},
        "elsewhere": {Kind.OTHER_HOST},
        "old": {Kind.PRESENT, Kind.OLD_ATTRIBUTE},
        "slow-tag": {Kind.PRESENT, Kind.NOT_ASYNC},
        "paper.pdf": {Kind.NOT_HTML},
        "moved": {Kind.PRESENT, Kind.REDIRECT},
        "broken": {Kind.ERROR_STATUS},
    }
    assert report.kind == "sitemap"
    assert report.state is State.FAIL
    other = next(page for page in report.pages if page.url.endswith("/other-site"))
    assert "other.example" in other.remarks[0].text
    assert [page.url for page in report.pages] == [shop.url + path for path in shop.pages if path != "/sitemap.xml"]
    assert shop.busiest <= AT_ONCE
    assert all("Leadlight" in agent for agent in shop.agents)


async def test_a_bare_host_is_checked_by_the_sitemaps_that_robots_txt_names(shop: Website) -> None:
    packed = gzip.compress(str(sitemap([f"{shop.url}/a", f"{shop.url}/b"]).body).encode())
    shop.pages |= {
        "/": html(TAG),
        "/robots.txt": Answer(f"User-agent: *\nDisallow: /x\nSitemap: {shop.url}/index.xml\n"),
        "/index.xml": sitemap_index([f"{shop.url}/1.xml.gz", f"{shop.url}/2.xml", f"{shop.url}/index.xml"]),
        "/1.xml.gz": Answer(packed, headers={"Content-Type": "application/gzip"}),
        "/2.xml": sitemap([f"{shop.url}/b", f"{shop.url}/c", f"{shop.url}/", "https://elsewhere.example/"]),
        "/a": html(TAG),
        "/b": html(TAG),
        "/c": html(TAG),
    }
    report = await checked(address_of(shop.url))
    assert [page.url.removeprefix(shop.url) for page in report.pages] == ["/", "/a", "/b", "/c"]
    assert report.state is State.OK
    assert report.elsewhere == 1


async def test_a_robots_txt_of_nothing_but_blanks_holds_nobody_up(shop: Website) -> None:
    blanks = "\n" * 1_000_000 + " " * 500_000 + "\nSitemap:" + " \t" * 200_000
    shop.pages |= {"/": html(TAG), "/robots.txt": Answer(f"{blanks}\n  sitemap : {shop.url}/all.xml\n")}
    shop.pages["/all.xml"] = sitemap([f"{shop.url}/", f"{shop.url}/other"])
    shop.pages["/other"] = html(TAG)
    assert kinds(await checked(f"{shop.url}/")) == {"": {Kind.PRESENT}, "other": {Kind.PRESENT}}


async def test_a_plain_list_of_addresses_is_a_sitemap_too(shop: Website) -> None:
    listed = Answer(f"{shop.url}/a\n\n{shop.url}/b\n", headers={"Content-Type": "text/plain"})
    shop.pages |= {"/pages.txt": listed, "/a": html(TAG), "/b": html()}
    assert kinds(await checked(f"{shop.url}/pages.txt")) == {"a": {Kind.PRESENT}, "b": {Kind.MISSING}}


async def test_no_more_pages_than_wanted_are_fetched(shop: Website) -> None:
    shop.pages |= {f"/{number}": html(TAG) for number in range(12)}
    shop.pages["/sitemap.xml"] = sitemap([shop.url + path for path in shop.pages])
    report = await checked(f"{shop.url}/sitemap.xml", limit=5)
    assert (len(report.pages), report.left_out) == (5, 7)
    assert len(shop.asked) == 6


async def test_private_addresses_are_refused_with_the_way_to_allow_them(shop: Website) -> None:
    shop.pages["/"] = html(TAG)
    report = await checked(f"{shop.url}/", allowed=())
    ((remark,),) = (page.remarks for page in report.pages)
    assert remark.kind is Kind.NOT_ALLOWED
    assert "LEADLIGHT_WEBHOOK_ALLOW=127.0.0.0/8" in remark.do
    assert shop.asked == []
    for address in ("http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://localhost/"):
        report = await checked(address, allowed=())
        assert {remark.kind for page in report.pages for remark in page.remarks} == {Kind.NOT_ALLOWED}, address
    port = shop.url.rpartition(":")[2]
    for spelt in ("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "localhost"):
        report = await checked(f"http://{spelt}:{port}/", allowed=())
        assert report.state is State.FAIL, spelt
    assert shop.asked == []


async def test_neither_a_redirect_nor_a_sitemap_leads_behind_the_wall(shop: Website) -> None:
    async with open_website("127.0.0.2") as inside:
        inside.pages["/secret"] = html(TAG)
        shop.pages |= {
            "/moved": Answer(status=302, headers={"Location": f"{inside.url}/secret"}),
            "/moved-twice": Answer(status=302, headers={"Location": "/moved"}),
            "/file": Answer(status=302, headers={"Location": "file:///etc/passwd"}),
            "/circle": Answer(status=302, headers={"Location": "/circle"}),
            "/robots.txt": Answer(f"Sitemap: {inside.url}/secret"),
            "/": html(TAG),
        }
        shop.pages["/sitemap.xml"] = sitemap(
            [
                f"{shop.url}/moved",
                f"{shop.url}/moved-twice",
                f"{shop.url}/file",
                f"{shop.url}/circle",
                f"{inside.url}/secret",
            ]
        )
        only_the_shop = (ip_network("127.0.0.1/32"),)
        report = await checked(f"{shop.url}/sitemap.xml", allowed=only_the_shop)
        assert kinds(report) == {
            "moved": {Kind.NOT_ALLOWED},
            "moved-twice": {Kind.NOT_ALLOWED},
            "file": {Kind.UNREACHABLE},
            "circle": {Kind.UNREACHABLE},
        }
        await checked(f"{shop.url}/", allowed=only_the_shop)
        assert inside.asked == []


async def test_what_grows_without_end_is_cut(shop: Website) -> None:
    bomb = gzip.compress(b"<p>" + b" " * (64 << 20), compresslevel=9)
    packed = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
    entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    shop.pages |= {
        "/bomb": Answer(bomb, headers=packed),
        "/late": Answer(b"<html>" + b" " * fetching.PAGE_BYTES + TAG.encode()),
        "/early": Answer(TAG.encode() + b" " * fetching.PAGE_BYTES),
        "/packed": Answer(gzip.compress(str(html(TAG).body).encode()), headers=packed),
        "/torn": Answer(gzip.compress(b"x")[:-12] + b"garbage garbage", headers=packed),
        "/entities.xml": Answer(f'{entities}<urlset xmlns="x"><url><loc>{shop.url}/early</loc></url></urlset>'),
        "/bomb.xml.gz": Answer(gzip.compress(b"<urlset>" + b" " * (64 << 20))),
    }
    shop.pages["/sitemap.xml"] = sitemap([f"{shop.url}/{one}" for one in ("bomb", "late", "early", "packed", "torn")])
    assert kinds(await checked(f"{shop.url}/sitemap.xml")) == {
        "bomb": {Kind.MISSING, Kind.CUT},
        "late": {Kind.MISSING, Kind.CUT},
        "early": {Kind.PRESENT},
        "packed": {Kind.PRESENT},
        "torn": {Kind.UNREACHABLE},
    }
    for name in ("entities.xml", "bomb.xml.gz"):
        shop.pages["/robots.txt"] = Answer(f"Sitemap: {shop.url}/{name}")
        shop.pages["/"] = html(TAG)
        report = await checked(f"{shop.url}/")
        assert [problem.state for problem in report.problems] == [State.FAIL], name
        assert len(report.pages) == 1


@pytest.mark.slow
async def test_addresses_that_nobody_can_read_break_no_check_off(shop: Website) -> None:
    far = "9" * 5_000
    odd = {
        "/base": html("<base href='http://[shop'>", TAG),
        "/source": html("<script async src='http://[x/leadlight.js' data-key='wk_shop'></script>"),
        "/endpoint": html(
            TAG.replace("async", "async data-endpoint='http://[x'"), Content_Security_Policy="default-src *"
        ),
        "/port": html(TAG, Content_Security_Policy=f"script-src leads.shop.example:{far}"),
    }
    shop.pages |= odd | {"/good": html(TAG)}
    shop.pages["/sitemap.xml"] = sitemap([shop.url + path for path in shop.pages])
    report = await checked(f"{shop.url}/sitemap.xml")
    found = kinds(report)
    assert set(found) == {"base", "source", "endpoint", "port", "good"}
    assert found["base"] == found["good"] == {Kind.PRESENT}
    assert Kind.OTHER_HOST in found["source"]
    assert Kind.SENDING_BLOCKED in found["endpoint"]
    assert Kind.SCRIPT_BLOCKED in found["port"]


async def test_a_site_that_does_not_answer_is_given_up(shop: Website) -> None:
    shop.pages["/"] = Answer("too late", wait_seconds=60)
    report = await checked(f"{shop.url}/")
    assert kinds(report) == {"": {Kind.UNREACHABLE}}
    assert "15 s" in report.pages[0].remarks[0].text


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("shop.example", "https://shop.example/"),
        (" www.shop.example/a?b=c#d ", "https://www.shop.example/a?b=c"),
        ("localhost:8001", "http://localhost:8001/"),
        ("127.0.0.1:8001/x", "http://127.0.0.1:8001/x"),
        ("http://shop.example?a=b", "http://shop.example/?a=b"),
    ],
)
def test_an_address_is_understood_as_people_write_it(given: str, address: str) -> None:
    assert address_of(given) == address


@pytest.mark.parametrize(
    "given", ["", "ftp://shop.example/", "http://", "http://u:p@shop.example/", "http://a b/", "x" * 3_000]
)
def test_what_is_no_web_address_is_refused(given: str) -> None:
    with pytest.raises(WrongUsage):
        address_of(given)

import re
from urllib.parse import urlsplit

import pytest

from services.demosite.app import PAGES
from tests.services.demosite.conftest import Fernhall
from tests.services.snippet.world import WRITE_KEY


@pytest.mark.parametrize("path", [*PAGES, "/contact/thanks", "/demo/thanks"])
async def test_every_page_is_there_with_the_tag_and_a_way_to_the_console(fernhall: Fernhall, path: str) -> None:
    status, text = await fernhall.get(path)
    assert status == 200
    assert f'<script async src="{fernhall.collector}/leadlight.js" data-key="{WRITE_KEY}"></script>' in text
    assert f'<a href="{fernhall.collector}/" target="_blank" rel="noopener">Open your console</a>' in text
    assert len(re.findall("<h1", text)) == 1


async def test_no_link_leads_nowhere_and_nothing_comes_from_elsewhere(fernhall: Fernhall) -> None:
    to_read, read = ["/"], set[str]()
    while to_read:
        path = to_read.pop()
        read.add(path)
        status, text = await fernhall.get(path)
        assert status == 200, path
        for address in re.findall(r'(?:href|src|action)="([^"]+)"', text) + re.findall(r'url\("([^"]+)"\)', text):
            parts = urlsplit(address)
            assert not parts.netloc or f"{parts.scheme}://{parts.netloc}" == fernhall.collector, f"{address} in {path}"
            if not parts.netloc and parts.path and parts.path not in read and parts.path not in to_read:
                to_read.append(parts.path)
    assert set(PAGES) <= read


@pytest.mark.parametrize("path", ["/contact/thanks", "/demo/thanks"])
async def test_a_sent_form_is_thanked_for_whatever_it_brings(fernhall: Fernhall, path: str) -> None:
    for body in ({"email": "mara@norrvik.example", "message": "Hello"}, b"\x00\xff" * 1000, None):
        async with fernhall.client.post(fernhall.origin + path, data=body) as answer:
            text = await answer.text()
        assert answer.status == 200
        assert "Thank you" in text
        assert "Hello" not in text


async def test_an_unknown_address_says_so_and_is_counted_too(fernhall: Fernhall) -> None:
    status, text = await fernhall.get("/no/such/page")
    assert status == 404
    assert "No light on here" in text
    assert "/leadlight.js" in text

"""A rep says that a company is wrong, or which it is, and takes it back."""

import re
from datetime import timedelta

import pytest

from leadlight.bus.port import Partition
from leadlight.core.identity.networks.blocks import block_of, host_key, host_of
from leadlight.core.ids import contact_id
from leadlight.core.records import IDENTIFIED_TOPIC, Network
from leadlight.store import positions
from leadlight.store.identity import connections
from leadlight.store.identity.sources import Connection
from leadlight.store.identity.uses import Sighted, Use, hour_of
from services.scorer.scoring import CONSUMER, Scoring
from tests.services.console.conftest import Visit, Window
from tests.services.console.stage import Stage

KEY = host_key(b"s" * 32)


@pytest.fixture
async def office(stage: Stage) -> list[str]:
    """Two strangers who came from where colleagues have introduced themselves."""
    site, now = stage.site.id, stage.now
    network = Network("business", "test", block=block_of("203.0.113.7"), host=host_of(site, "203.0.113.7", KEY))
    place = Connection(site, network)
    people = [stage.someone(name).reads("/pricing", ago=timedelta(minutes=5)) for name in ("v1", "v2")]
    await stage.happens(*people)
    uses = [Use(one.id, place, hour_of(now), hour_of(now)) for one in people]
    told = [Sighted(place, "kiln.example", contact_id(site, name), name, now.date()) for name in ("a", "b", "c")]
    async with stage.runtime.database.begin() as tx:
        await connections.save(tx, uses, [], now=now)
        await connections.save(tx, [], told, now=now)
    await derived(stage)
    return [one.id for one in people]


async def derived(stage: Stage) -> None:
    """Let the scorer derive anew whoever waits for it."""
    async with stage.runtime.database.read() as connection:
        held = await positions.load(connection, CONSUMER, [Partition(IDENTIFIED_TOPIC, 0)])
    await Scoring(stage.runtime).tick(held)


async def post(visit: Visit, path: str, status: int = 303, **form: str) -> str:
    async with visit.http.post(visit.url + path, data=form, allow_redirects=False) as answer:
        assert answer.status == status, await answer.text()
        return await answer.text()


async def test_wrong_company_goes_for_all_from_there_and_undo_brings_it_back(
    stage: Stage, admin: Visit, office: list[str]
) -> None:
    page = await admin.read(f"/visitors/{office[0]}")
    assert "Someone at Kiln" in page
    assert "Say so for everybody from 203.0.113.0/24 (2 visitors)" in page
    await post(admin, f"/visitors/{office[0]}/company")
    await derived(stage)
    for id in office:
        page = await admin.read(f"/visitors/{id}")
        assert "Someone at Kiln" not in page
        assert "for everybody from 203.0.113.0/24, said by <bdi>ines@fernhall.example</bdi>" in page
    [undo] = re.findall(r"/company-corrections/([0-9a-f-]{36})/withdraw", page)
    await post(admin, f"/company-corrections/{undo}/withdraw", visitor=office[1])
    await derived(stage)
    page = await admin.read(f"/visitors/{office[1]}")
    assert "Someone at Kiln" in page
    assert "said by" not in page


async def test_this_is_somebody_else_for_one_visitor_alone(stage: Stage, admin: Visit, office: list[str]) -> None:
    await post(admin, f"/visitors/{office[0]}/company", domain="www.loom.example", name="<b>Loom</b>", scope="visitor")
    await derived(stage)
    page = await admin.read(f"/visitors/{office[0]}")
    assert "Someone at &lt;b&gt;Loom&lt;/b&gt;" in page
    assert "Someone at Kiln" in await admin.read(f"/visitors/{office[1]}")


async def test_what_cannot_be_is_said_and_changes_nothing(
    stage: Stage, admin: Visit, stranger: Visit, office: list[str]
) -> None:
    assert "is no company&#39;s domain" in await post(admin, f"/visitors/{office[0]}/company", 422, domain="co.uk")
    nobody = "00000000-0000-5000-8000-000000000000"
    await post(admin, f"/visitors/{nobody}/company", 404)
    await post(admin, f"/company-corrections/{nobody}/withdraw", 404, visitor=office[0])
    await post(stranger, f"/visitors/{office[0]}/company", 401)
    async with admin.http.post(
        f"{admin.url}/visitors/{office[0]}/company", headers={"Sec-Fetch-Site": "cross-site"}
    ) as answer:
        assert answer.status == 403
    assert "said by" not in await admin.read(f"/visitors/{office[0]}")


@pytest.mark.parametrize("width", [360, 1280])
async def test_it_can_be_used_at_any_width(stage: Stage, window: Window, office: list[str], width: int) -> None:
    await window.page.set_viewport_size({"width": width, "height": 800})
    await window.page.goto(f"{stage.url}/visitors/{office[0]}")
    await window.page.get_by_text("This is ...").click()
    await window.page.get_by_label("Domain", exact=True).fill("loom.example")
    assert await window.sideways() <= 0
    await window.page.get_by_role("button", name="Say so").click()
    await window.page.wait_for_load_state()
    await window.page.get_by_text("This is loom.example").first.wait_for()
    assert window.complaints == []

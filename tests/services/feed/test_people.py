"""Integrators say who is whom: contacts merged and taken apart, a browser taken off somebody, and how it is known."""

import json
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from leadlight.bus.port import Partition
from leadlight.core.identity.people.merges import MOST_MERGED, Refusal
from leadlight.core.ids import contact_id
from leadlight.core.records import IDENTIFIED_TOPIC
from leadlight.store import positions
from tests.core.browsing import HOUR, MINUTE, SITE, Browser
from tests.services.feed.reader import Answer, Reader
from tests.services.feed.test_reference import specification
from tests.services.shop import READ_KEY, WRITE_KEY, Clock, Shop

ADA, BO = "ada@mill.example", "bo@dairy.example"


async def post(feed: Reader, path: str, body: object = None, *, method: str = "POST", key: str = WRITE_KEY) -> Answer:
    headers = {"Authorization": f"Bearer {key}"}
    data = None if body is None else json.dumps(body)
    async with feed.client.request(method, f"{feed.address}/api/v1{path}", data=data, headers=headers) as answer:
        return Answer(answer.status, answer.headers, await answer.read())


async def recounted(shop: Shop) -> None:
    place = Partition(IDENTIFIED_TOPIC, 0)
    async with shop.database.read() as connection:
        held = await positions.load(connection, "scorer", [place])
    await shop.scoring.tick(held)


async def two_people(shop: Shop, clock: Clock) -> tuple[Browser, Browser]:
    laptop, phone = Browser("laptop"), Browser("phone")
    laptop.page(clock.now - 3 * HOUR, "/pricing")
    laptop.identify(clock.now - 3 * HOUR + MINUTE, ADA)
    phone.page(clock.now - HOUR, "/demo")
    phone.identify(clock.now - HOUR + MINUTE, BO)
    await shop.take(laptop.events + phone.events)
    return laptop, phone


def id_of(email: str) -> str:
    return contact_id(SITE, email)


async def test_two_contacts_become_one_person_and_two_again(shop: Shop, feed: Reader, clock: Clock) -> None:
    laptop, phone = await two_people(shop, clock)
    alone = {email: await feed.get(f"/contacts/{id_of(email)}") for email in (ADA, BO)}
    seen = {browser.anonymous_id: await feed.visitor(browser.anonymous_id) for browser in (laptop, phone)}
    place = (await feed.get("/changes", **{"from": "now"}))["next_cursor"]
    clock.pass_by(minutes=1)
    done = await post(feed, f"/contacts/{id_of(BO)}/merge", {"into": ADA})
    assert done.json == {"contact": id_of(BO), "person": id_of(ADA), "emails": [ADA, BO], "visitors": 2}
    await recounted(shop)

    person = await feed.get(f"/contacts/{id_of(ADA)}")
    assert person == await feed.get(f"/contacts/{id_of(BO)}")
    assert (person["email"], person["emails"]) == (ADA, [ADA, BO])
    assert (person["visits"], person["page_views"]) == (2, 2)
    assert person["visitors"] == [phone.visitor, laptop.visitor]
    assert person["company"]["domain"] == "mill.example"
    for email in (ADA, BO):
        found = (await feed.get("/visitors", email=email))["data"]
        assert {visitor["id"] for visitor in found} == {laptop.visitor, phone.visitor}
        assert {visitor["contact"]["id"] for visitor in found} == {id_of(ADA)}
    told = (await feed.get("/changes", cursor=place, limit=50))["data"]
    assert {(change["type"], change["subject"]) for change in told} == {
        ("visitor.updated", laptop.visitor),
        ("visitor.updated", phone.visitor),
        ("contact.updated", id_of(ADA)),
        ("contact.merged", id_of(BO)),
    }
    assert {change["contact"]["id"] for change in told if change["data"] is None} == {id_of(ADA)}
    [merge] = (await feed.get("/contact-merges"))["data"]
    assert (merge["contact_email"], merge["into_email"], merge["merged_by"]) == (BO, ADA, f"key {WRITE_KEY}")

    clock.pass_by(minutes=1)
    assert (await post(feed, f"/contacts/{id_of(BO)}/unmerge")).status == 200
    await recounted(shop)
    now = {email: await feed.get(f"/contacts/{id_of(email)}") for email in (ADA, BO)}
    assert {email: _still(now[email]) for email in now} == {email: _still(alone[email]) for email in alone}
    for anonymous_id, before in seen.items():
        after = await feed.visitor(anonymous_id)
        assert after["updated_at"] > before["updated_at"]
        assert _still(after) == _still(before)
    assert (await feed.get("/contact-merges"))["data"] == []
    [undone] = (await feed.get("/contact-merges", undone="true"))["data"]
    assert undone["undone_by"] == f"key {WRITE_KEY}"


def _still(told: dict[str, Any]) -> dict[str, Any]:
    """What stands still while minutes pass."""
    reasons = [{**reason, "points": round(reason["points"])} for reason in told["reasons"]]
    return {**told, "reasons": reasons, "updated_at": None}


async def test_an_event_of_the_merged_address_is_the_persons_at_once(shop: Shop, feed: Reader, clock: Clock) -> None:
    await two_people(shop, clock)
    await post(feed, f"/contacts/{id_of(BO)}/merge", {"into": id_of(ADA)})
    tablet = Browser("tablet")
    tablet.identify(clock.now, BO)
    await shop.take(tablet.events)
    assert (await feed.visitor("tablet"))["contact"]["id"] == id_of(ADA)


async def test_what_cannot_be_merged_is_refused_in_words(shop: Shop, feed: Reader, clock: Clock) -> None:
    await two_people(shop, clock)
    merge = f"/contacts/{id_of(BO)}/merge"
    assert (await post(feed, merge, {"into": ADA}, key=READ_KEY)).status == 403
    assert (await post(feed, merge, {"into": BO})).problem["detail"] == Refusal.ITSELF
    unknown = await post(feed, merge, {"into": "nobody@mill.example"})
    assert (unknown.status, unknown.problem["detail"]) == (404, Refusal.UNKNOWN)
    assert (await post(feed, merge, {"onto": ADA})).status == 422
    assert (await post(feed, f"/contacts/{id_of(BO)}/unmerge")).problem["detail"] == Refusal.NOT_MERGED
    assert (await post(feed, merge, {"into": ADA})).status == 200
    assert (await post(feed, merge, {"into": ADA})).problem["detail"] == Refusal.ONE_ALREADY
    back = await post(feed, f"/contacts/{id_of(ADA)}/merge", {"into": BO})
    assert (back.status, back.problem["detail"]) == (409, Refusal.ONE_ALREADY)
    held = await post(feed, f"/contacts/{id_of(ADA)}/merge", method="DELETE")
    assert held.problem["detail"] == Refusal.OTHERS_MERGED_IN
    assert (await post(feed, merge, method="DELETE")).status == 200


async def test_a_runaway_merge_ends_at_the_cap(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = Browser()
    emails = [f"person-{number}@mill.example" for number in range(MOST_MERGED + 2)]
    for number, email in enumerate(emails):
        browser.identify(clock.now - number * MINUTE, email)
    await shop.take(browser.events)
    answers = [(await post(feed, f"/contacts/{id_of(email)}/merge", {"into": emails[0]})) for email in emails[1:]]
    assert [answer.status for answer in answers] == [200] * MOST_MERGED + [409]
    assert answers[-1].problem["detail"] == Refusal.TOO_MANY


async def test_a_browser_is_taken_off_somebody_and_given_back(shop: Shop, feed: Reader, clock: Clock) -> None:
    laptop, _ = await two_people(shop, clock)
    before = await feed.visitor("laptop")
    assert before["contact"]["method"] == "identify"
    assert before["contact"]["confidence"] == 0.9
    assert before["company"]["method"] == "work_email"
    link = f"/visitors/{laptop.visitor}/contacts/{ADA}"
    assert (await post(feed, f"/visitors/{laptop.visitor}/contacts/{BO}", method="DELETE")).status == 404
    done = await post(feed, link, method="DELETE")
    assert done.json == {"visitor": laptop.visitor, "contacts": [id_of(ADA)], "emails": [ADA], "claims": 1}
    await recounted(shop)
    after = await feed.visitor("laptop")
    assert (after["contact"], after["company"]) == (None, None)
    assert "identified" not in {reason["rule"] for reason in after["reasons"]}
    assert (after["visits"], after["page_views"]) == (before["visits"], before["page_views"])
    assert (await feed.ask(f"/contacts/{id_of(ADA)}")).status == 404
    assert (await feed.get("/visitors", email=ADA))["data"] == []
    [fallen] = (await feed.get(f"/visitors/{laptop.visitor}/links"))["contacts"]
    assert (fallen["contact"]["email"], fallen["withdrawn_by"]) == (ADA, f"key {WRITE_KEY}")

    assert (await post(feed, f"{link}/restore")).json["claims"] == 1
    await recounted(shop)
    assert _still(await feed.visitor("laptop")) == _still(before)
    assert (await post(feed, f"{link}/restore")).status == 404

    await post(feed, link, method="DELETE")
    clock.pass_by(minutes=2)
    laptop.identify(clock.now, ADA)  # says so again
    await shop.take(laptop.events[-1:])
    await recounted(shop)
    assert (await feed.visitor("laptop"))["contact"]["email"] == ADA


async def test_how_it_is_known_is_told_with_intervals_and_as_described(shop: Shop, feed: Reader, clock: Clock) -> None:
    shared = Browser("shared")
    shared.identify(clock.now - 3 * HOUR, ADA)
    shared.identify(clock.now - 2 * HOUR, ADA)
    shared.identify(clock.now - HOUR, BO)
    await shop.take(shared.events)
    told = await feed.get(f"/visitors/{shared.visitor}/links")
    now, before = told["contacts"]
    assert (now["contact"]["email"], now["until"], now["claims"]) == (BO, None, 1)
    assert (before["contact"]["email"], before["since"], before["claims"]) == (ADA, None, 2)
    assert before["until"] == now["since"]
    assert [(c["company"]["domain"], c["believed"]) for c in told["companies"]] == [
        ("dairy.example", True),
        ("mill.example", False),
    ]
    document = await specification(feed)
    for path, answer in {
        "/visitors/{id}/links": told,
        "/contact-merges": await feed.get("/contact-merges"),
    }.items():
        described = document["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]["application/json"]
        check = Draft202012Validator({**described["schema"], "components": document["components"]})
        assert [error.message for error in check.iter_errors(answer)] == []
    await post(feed, f"/contacts/{id_of(BO)}/merge", {"into": ADA})
    [one] = (await feed.get(f"/visitors/{shared.visitor}/links"))["contacts"]
    assert (one["emails"], one["since"], one["until"]) == ([BO, ADA], None, None)

"""What a call says, in the event that it becomes."""

import json
from datetime import UTC, datetime

from msgspec.structs import replace

from leadlight.core.intake.admit import Arrival, Whereabouts, admit
from leadlight.core.intake.calls import Call, read_post
from leadlight.core.intake.pages import REMEMBERED_PAGES
from leadlight.core.records import Channel, Event, EventType, Page

AT = datetime(2026, 5, 4, 12, 30, 15, 678_000, tzinfo=UTC)


def call(**fields: object) -> Call:
    [found] = read_post(json.dumps(fields).encode(), EventType.PAGE).calls
    assert isinstance(found, Call)
    return found


def test_each_thing_said_of_a_page_view_stands_under_its_own_name() -> None:
    told = call(
        messageId="a message id that is long enough",
        anonymousId="browser-1",
        userId="customer-7",
        timestamp="2026-05-04T12:30:10.000Z",
        properties={"url": "https://shop.example/a?gclid=g1", "title": "A", "plan": "big"},
        context={
            "traits": {"company": "Fernwerk"},
            "campaign": {"source": "letter"},
            "userAgent": "agent of the page",
            "locale": "de-AT",
            "timezone": "Europe/Vienna",
            "library": {"name": "leadlight.js", "version": "1"},
            "leadlight_demo": True,
        },
    )
    arrival = Arrival(
        "site-1", AT, Channel.BROWSER, where=Whereabouts(sealed="sealed"), too_fast=lambda visitor: visitor != ""
    )
    event = admit(told, arrival)
    assert isinstance(event, Event)
    assert event == Event(
        site="site-1",
        visitor=event.visitor,
        id="a message id that is long enough",
        type=EventType.PAGE,
        anonymous_id="browser-1",
        occurred_at=datetime(2026, 5, 4, 12, 30, 10, tzinfo=UTC),
        received_at=AT,
        channel=Channel.BROWSER,
        name=None,
        user_id="customer-7",
        page=Page("https://shop.example/a?gclid=g1", "/a", "A", "", "?gclid=g1"),
        properties={"url": "https://shop.example/a?gclid=g1", "title": "A", "plan": "big"},
        traits={"company": "Fernwerk"},
        campaign={"source": "letter"},
        user_agent="agent of the page",
        locale="de-AT",
        timezone="Europe/Vienna",
        library="leadlight.js 1",
        click_ids={"gclid": "g1"},
        address="sealed",
        demo=True,
        imported=False,
        automated=True,
    )
    claimed, past = (
        admit(call(anonymousId="b", context={"leadlight_import": True}), replace(arrival, secret=secret))
        for secret in (False, True)
    )
    assert isinstance(claimed, Event)
    assert isinstance(past, Event)
    assert (claimed.imported, claimed.automated) == (False, True)
    assert (past.demo, past.imported, past.automated) == (False, True, False)


def test_a_page_keeps_what_was_said_of_it_however_often_others_of_its_address_were_seen() -> None:
    arrival = Arrival("site-1", AT, Channel.BROWSER)
    for number in (*range(REMEMBERED_PAGES + 10), 0, 1):
        told = {"url": "https://shop.example/a", "path": f"/{number}", "title": f"Title {number}", "referrer": "/r"}
        event = admit(call(anonymousId="b", properties=told), arrival)
        assert isinstance(event, Event)
        assert event.page == Page("https://shop.example/a", f"/{number}", f"Title {number}", "/r", "")

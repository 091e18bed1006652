"""A recipient whose mail holds tracked links, and those who follow them: people, and scanners of all kinds."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from leadlight.core import ids
from leadlight.core.records import Click, Identified, Network
from tests.core.browsing import SECOND, SITE, Browser

HOME = Network(kind="isp", rule="test", host="home")
PHONE = Network(kind="mobile", rule="test", host="phone")
OFFICE = Network(kind="business", rule="test", host="office")
GATEWAY = Network(kind="security_proxy", rule="test", host="gateway")
RENTED = Network(kind="hosting", rule="test", host="rented")
TUNNEL = Network(kind="vpn", rule="test", host="tunnel")


@dataclass
class Recipient:
    """Somebody whom links were sent to."""

    email: str = "ada@mill.example"
    events: list[Identified] = field(default_factory=list)  # what the door told of followed links

    @property
    def contact(self) -> str:
        return ids.contact_id(SITE, self.email)

    def link(self, name: str, *, suspect: tuple[str, ...] = (), landed: bool = True) -> Click:
        domain = self.email.rpartition("@")[2]
        return Click(
            contact=self.contact,
            email=self.email,
            link=name,
            campaign="spring",
            suspect=suspect,
            landed=landed,
            company_domain=domain,
            company_name="Mill",
        )

    def land(self, browser: Browser, at: datetime, link: str = "pricing", network: Network = HOME) -> str:
        """A link leads a browser to a page; the id of its page view."""
        view = browser.page(at, f"/{link}")
        browser.events[-1] = replace(browser.events[-1], click=self.link(link), network=network)
        return view

    def follow(self, at: datetime, link: str = "pricing", network: Network = HOME, *seen: str) -> None:
        """A link is followed at the door, by whomever."""
        door = Browser(f"recipient:{self.contact}")
        door.events = list(self.events)  # for ids of their own
        door.track(at, "Link Clicked")
        click = self.link(link, suspect=seen, landed=False)
        self.events.append(replace(door.events[-1], click=click, network=network))


def look(browser: Browser, at: datetime, view: str, engaged: timedelta = 9 * SECOND, *, touched: bool = True) -> None:
    """A page is looked at, and its reader does something that a browser vouches for, or nothing of the kind."""
    browser.engaged(at, view, engaged)
    item = browser.events[-1]
    assert item.event.engagement is not None
    seen = replace(item.event, engagement=replace(item.event.engagement, touched=touched))
    browser.events[-1] = replace(item, event=seen)

"""Visitors of an invented shop and what they do, as identified events: the material of the scorer's tests."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from leadlight.core import ids
from leadlight.core.records import (
    PAGE_ENGAGED,
    Agent,
    CompanyClaim,
    ContactClaim,
    Engagement,
    Event,
    EventType,
    Identified,
    Page,
)

SITE = "shop"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Browser:
    """One browser. Every method notes one event and answers with its id."""

    anonymous_id: str = "a-1"
    site: str = SITE
    bot: bool = False
    events: list[Identified] = field(default_factory=list)

    @property
    def visitor(self) -> str:
        return ids.visitor_id(self.site, self.anonymous_id)

    def page(self, at: datetime, path: str, *, referrer: str = "", campaign: dict[str, str] | None = None) -> str:
        page = Page(url=f"https://shop.example{path}", path=path, title=path, referrer=referrer)
        return self._note(self._event(EventType.PAGE, at, page=page, campaign=campaign or {}))

    def engaged(self, at: datetime, view: str, engaged: timedelta, until: datetime | None = None) -> str:
        report = Engagement(view, engaged // timedelta(milliseconds=1), until or at)
        return self._note(self._event(EventType.TRACK, at, name=PAGE_ENGAGED, engagement=report))

    def read(self, at: datetime, path: str, engaged: timedelta = 9 * SECOND) -> str:
        """A page opened and looked at for a while."""
        view = self.page(at, path)
        self.engaged(at + engaged, view, engaged)
        return view

    def track(self, at: datetime, name: str) -> str:
        return self._note(self._event(EventType.TRACK, at, name=name))

    def screen(self, at: datetime, name: str) -> str:
        return self._note(self._event(EventType.SCREEN, at, name=name))

    def identify(self, at: datetime, email: str = "ada@mill.example") -> str:
        """Says who they are; the company is that of the address."""
        domain = email.rpartition("@")[2]
        contact = ContactClaim(ids.contact_id(self.site, email), email, "identify", 0.9)
        company = CompanyClaim(ids.company_id(self.site, domain), domain, domain, "work_email", 0.95)
        return self._note(self._event(EventType.IDENTIFY, at), contact=contact, company=company)

    def look_to_buy(self, at: datetime) -> None:
        """Four minutes that make anybody hot, at the fourth page."""
        for minute, path in enumerate(("/pricing", "/demo", "/compare/planwright", "/contact")):
            self.read(at + minute * MINUTE, path)

    def _event(
        self,
        type: EventType,
        at: datetime,
        *,
        name: str | None = None,
        page: Page | None = None,
        engagement: Engagement | None = None,
        campaign: dict[str, str] | None = None,
    ) -> Event:
        return Event(
            site=self.site,
            visitor=self.visitor,
            id=f"{self.anonymous_id}-{len(self.events)}",
            type=type,
            anonymous_id=self.anonymous_id,
            occurred_at=at,
            received_at=at + SECOND,
            name=name,
            page=page,
            engagement=engagement,
            campaign=campaign or {},
        )

    def _note(self, event: Event, *, contact: ContactClaim | None = None, company: CompanyClaim | None = None) -> str:
        agent = Agent("phone", f"Browser {len(self.events) % 3}", "System")
        reasons = ("agent",) if self.bot else ()
        self.events.append(Identified(event, agent, reasons, contact, company))
        return event.id


def third_visit(end: datetime, *, starts: tuple[timedelta, timedelta, timedelta], anonymous_id: str = "a-1") -> Browser:
    """Reads pricing twice, a comparison, a case study, the demo and contact pages, and says who they are.

    `starts` are the times before `end` at which the three visits begin.
    """
    browser = Browser(anonymous_id)
    first, second, third = (end - start for start in starts)
    browser.read(first, "/pricing")
    browser.read(first + MINUTE, "/compare/planwright")
    browser.read(second, "/case-studies/harbor-mills")
    browser.read(second + MINUTE, "/pricing")
    browser.read(third, "/demo")
    browser.read(third + MINUTE, "/contact")
    browser.identify(third + 2 * MINUTE)
    return browser

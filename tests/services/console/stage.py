"""A console with visitors in it: rows written by the scorer's own hand into a new database, and the pages served."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import uvicorn

from leadlight.bus.port import Partition, Record, Span
from leadlight.core.ids import company_id, contact_id, visitor_id
from leadlight.core.records import (
    IDENTIFIED_TOPIC,
    PAGE_ENGAGED,
    Agent,
    CompanyClaim,
    ContactClaim,
    Engagement,
    Event,
    EventType,
    Identified,
    Page,
    encode,
    key_of,
)
from leadlight.runtime import Runtime, open_runtime
from leadlight.runtime.worker import Slice
from leadlight.settings import Settings
from leadlight.store import identity, positions
from leadlight.store.database import insert
from leadlight.store.migrate import migrate
from leadlight.store.owners import sites, users
from leadlight.store.owners.sites import Site
from leadlight.store.tables import companies, visitor_companies
from services.console.service import service
from services.scorer.scoring import CONSUMER, Scoring

SECRET = "only for tests, and long enough for them"
LAPTOP = Agent("laptop or desktop", "Firefox 144", "Windows 10")
PHONE = Agent("phone", "Safari 18", "iOS 18")


@dataclass
class Someone:
    """A visitor to be: what they do is collected, then happens."""

    site: str
    anonymous_id: str
    now: datetime
    agent: Agent = LAPTOP
    demo: bool = False
    bot_reasons: tuple[str, ...] = ()
    events: list[Identified] = field(default_factory=list)

    @property
    def id(self) -> str:
        return visitor_id(self.site, self.anonymous_id)

    def reads(
        self,
        path: str,
        *,
        ago: timedelta,
        seconds: float = 0,
        title: str = "",
        referrer: str = "",
        url: str | None = None,
        campaign: dict[str, str] | None = None,
    ) -> "Someone":
        at = self.now - ago
        view = f"{self.anonymous_id}:{path}:{ago.total_seconds()}"
        address = url or f"https://www.fernhall.example{path}"
        self._add(
            view,
            EventType.PAGE,
            at,
            page=Page(address, path, title or path, referrer),
            campaign=campaign or {},
        )
        if seconds:
            until = min(at + timedelta(seconds=seconds), self.now)
            engagement = Engagement(view, int(seconds * 1000), until, 80)
            self._add(f"{view}:read", EventType.TRACK, until, name=PAGE_ENGAGED, engagement=engagement)
        return self

    def does(self, name: str, *, ago: timedelta, path: str = "/") -> "Someone":
        at = self.now - ago
        page = Page(f"https://www.fernhall.example{path}", path)
        self._add(f"{self.anonymous_id}:{name}:{ago.total_seconds()}", EventType.TRACK, at, name=name, page=page)
        return self

    def introduces(self, email: str, *, ago: timedelta, company: str | None = None, **traits: str) -> "Someone":
        """They say who they are; `traits` are name, phone, job_title."""
        at = self.now - ago
        domain = email.partition("@")[2]
        claim = CompanyClaim(company_id(self.site, domain), domain, company or "", "work_email", 0.95)
        contact = ContactClaim(contact_id(self.site, email), email, "form", 0.95, traits)
        self._add(f"{self.anonymous_id}:is:{email}", EventType.IDENTIFY, at, contact, claim if company else None)
        return self

    def works_at(self, company: str, domain: str, *, ago: timedelta) -> "Someone":
        """Their company is known, they themselves are not."""
        at = self.now - ago
        claim = CompanyClaim(company_id(self.site, domain), domain, company, "network", 0.82)
        self._add(f"{self.anonymous_id}:at:{domain}", EventType.GROUP, at, None, claim)
        return self

    def _add(
        self,
        id: str,
        type: EventType,
        at: datetime,
        contact: ContactClaim | None = None,
        company: CompanyClaim | None = None,
        *,
        name: str | None = None,
        page: Page | None = None,
        engagement: Engagement | None = None,
        campaign: dict[str, str] | None = None,
    ) -> None:
        event = Event(
            self.site,
            self.id,
            id,
            type,
            self.anonymous_id,
            at,
            at,
            name=name,
            page=page,
            engagement=engagement,
            campaign=campaign or {},
            demo=self.demo,
        )
        self.events.append(Identified(event, self.agent, self.bot_reasons, contact, company))


@dataclass
class Stage:
    """One site, one admin, and a console that can be visited at `url`."""

    runtime: Runtime
    site: Site
    port: int
    _running: AsyncExitStack | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start_console(self) -> None:
        self.runtime = replace(self.runtime, stopping=asyncio.Event())
        self._running = AsyncExitStack()
        await self._running.enter_async_context(served(self.runtime, self.port))

    async def stop_console(self) -> None:
        if self._running is not None:
            running, self._running = self._running, None
            await running.aclose()

    @property
    def now(self) -> datetime:
        return self.runtime.now()

    def someone(
        self,
        anonymous_id: str,
        *,
        site: str | None = None,
        agent: Agent = LAPTOP,
        demo: bool = False,
        bot_reasons: tuple[str, ...] = (),
    ) -> Someone:
        return Someone(site or self.site.id, anonymous_id, self.now, agent, demo, bot_reasons)

    async def happens(self, *people: Someone) -> None:
        """Everything that these people do arrives, and is scored."""
        found = sorted((one for person in people for one in person.events), key=lambda one: one.event.received_at)
        partition = Partition(IDENTIFIED_TOPIC, 0)
        database = self.runtime.database
        async with database.begin() as tx:
            await identity.save(tx, found, now=self.now)
            for one in found:
                if one.company is not None and one.contact is None:
                    row = {"site_id": one.event.site, "id": one.company.id, "domain": one.company.domain}
                    named = insert(tx, companies).values(**row, name=one.company.name, created_at=self.now)
                    await tx.execute(named.on_conflict_do_nothing())
                    link = {
                        "site_id": one.event.site,
                        "visitor_id": one.event.visitor,
                        "event_id": one.event.id,
                        "company_id": one.company.id,
                        "claimed_at": one.event.occurred_at,
                        "method": one.company.method,
                        "confidence": one.company.confidence,
                        "evidence": one.company.evidence,
                    }
                    await tx.execute(insert(tx, visitor_companies).values(link).on_conflict_do_nothing())
        async with database.read() as connection:
            held = await positions.load(connection, CONSUMER, [partition])
        first = held[partition].offset
        records = [
            Record(partition, first + number, key_of(one.event), encode(one)) for number, one in enumerate(found)
        ]
        spans = {partition: Span(first, first + len(found))}
        await Scoring(self.runtime).score(Slice(CONSUMER, records, held, spans))

    async def sign_in_link(
        self, *, site: Site | None = None, email: str = "ines@fernhall.example", role: str = "admin"
    ) -> str:
        """The address that `leadlight user add` prints."""
        token = secrets.token_urlsafe(32)
        async with self.runtime.database.begin() as tx:
            site_id = (site or self.site).id
            user = await users.add(tx, site_id=site_id, id=str(uuid4()), email=email, role=role, now=self.now)
            await users.add_sign_in(tx, user, token=token, now=self.now)
        return f"{self.url}/sign-in/{token}"

    async def another_site(self, name: str, domain: str) -> Site:
        async with self.runtime.database.begin() as tx:
            return await sites.add(
                tx, id=str(uuid4()), name=name, domain=domain, write_key=f"wk_{domain}", now=self.now
            )


@asynccontextmanager
async def open_stage(
    folder: Path,
    port: int,
    *,
    now: Callable[[], datetime] | None = None,
    database_url: str = "",
    public_url: str | None = None,
) -> AsyncIterator[Stage]:
    """A console on a new database, served on loopback until the block is left."""
    settings = Settings(
        data=folder / "data", port=port, database_url=database_url, secret=SECRET, public_url=public_url
    )
    async with open_runtime(settings) as opened:
        runtime = replace(opened, now=now) if now else opened
        await migrate(runtime.database)
        async with runtime.database.begin() as tx:
            site = await sites.add(
                tx,
                id=str(uuid4()),
                name="Fernhall Lighting",
                domain="fernhall.example",
                write_key="wk_Qm7pXr2vKc9TnLw4",
                now=runtime.now() - timedelta(days=40),
            )
        stage = Stage(runtime, site, port)
        await stage.start_console()
        try:
            yield stage
        finally:
            await stage.stop_console()


@asynccontextmanager
async def served(runtime: Runtime, port: int) -> AsyncIterator[None]:
    console = service(runtime)
    assert console.app is not None
    assert console.run is not None
    server = uvicorn.Server(
        uvicorn.Config(
            console.app,
            host="127.0.0.1",
            port=port,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
        )
    )
    server.capture_signals = _leave_signals_alone  # type: ignore[method-assign,assignment]
    tasks = [asyncio.ensure_future(console.run()), asyncio.ensure_future(server.serve())]
    try:
        while not server.started:
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)
        yield
    finally:
        runtime.stopping.set()
        server.should_exit = True
        await asyncio.gather(*tasks)


def _leave_signals_alone() -> "_Nothing":
    return _Nothing()


class _Nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...

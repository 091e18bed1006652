"""The scorer's three steps: load the visitors a batch touches, decide, save; and the same for what time has changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.bus.port import Partition
from leadlight.core.records import EventType, Identified, decode_identified
from leadlight.core.scoring.decide import decide, decide_due
from leadlight.core.scoring.recount import decide_anew
from leadlight.core.scoring.rules import Rules
from leadlight.core.scoring.state import Key, State
from leadlight.errors import Outage, PositionLost
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.runtime.worker import Slice
from leadlight.store import identity, positions, profiles, recounts, seen
from leadlight.store import rules as site_rules
from leadlight.store.identity import clicks
from leadlight.store.identity.people import people_in
from leadlight.store.positions import Position
from services.scorer.wishes import Wishes, cleaners_of, hiding_of

log = get_logger(__name__)

CONSUMER = "scorer"

DUE_AT_ONCE = 500
"""Timed changes in one transaction: the next tick takes the rest."""

RECOUNTS_AT_ONCE = 200
"""Visitors derived anew in one transaction, with all that is stored of them."""

FORGET_EVERY = timedelta(hours=1)

ALERTS = Counter("leadlight_alerts_total", "Alerts raised, by rule", ["rule"])
CONFIRMED = Counter("leadlight_links_confirmed_total", "Followed links that made somebody known: a human read on")
FRESH = Counter("leadlight_events_scored_total", "Events applied to visitors; copies are not among them")


@dataclass(slots=True)
class Scoring:
    """The scorer's work on the records and partitions it is given."""

    runtime: Runtime
    _forget_after: datetime | None = field(default=None, init=False)
    _wishes: Wishes = field(default_factory=Wishes, init=False)

    async def score(self, part: Slice) -> Mapping[Partition, Position]:
        """Apply one slice of identified events to visitors' states, once."""
        batch = [decode_identified(record.value) for record in part.records]
        homes = {
            (item.event.site, item.event.visitor): record.partition.number
            for item, record in zip(batch, part.records, strict=True)
        }
        now = self.runtime.now()
        async with self.runtime.database.begin() as tx:
            moved = await positions.advance(tx, part.consumer, part.held, part.spans)
            fresh = await seen.keep_new(tx, batch)
            whom = await people_in(tx, fresh)  # before anything that whoever states it writes too
            await clicks.keep(tx, fresh, now=now)
            await identity.save(tx, fresh, now=now)  # the identifier commits after it has published
            fresh = [whom.reading(identified) for identified in fresh if not identified.event.of_recipient]
            sites = {identified.event.site for identified in fresh}
            rules = await _rules(tx, sites)
            states = await profiles.load(tx, {key: homes[key] for key in _visitors(fresh)}, _views(fresh), rules)
            await clicks.load(tx, states)
            hiding = await hiding_of(
                tx, await self._wishes.of(tx, sites), states, _contacts(fresh) | _landed(states), self._wishes.lessons
            )
            named = {(one.event.site, one.event.visitor) for one in fresh if one.company is not None}
            links = await identity.company_links(tx, named)
            verdict = decide(states, fresh, rules, now, hiding, links)
            await profiles.save(tx, verdict, rules=rules, moved=moved, writer=CONSUMER, now=now)
            await recounts.ask_all(tx, verdict.to_recount, now=now)
        FRESH.inc(len(fresh))
        CONFIRMED.inc(sum(_confirmed(after) - _confirmed(before) for before, after in verdict.states))
        for alert in verdict.alerts:
            ALERTS.labels(alert.rule).inc()
        return moved

    async def tick(self, owned: Mapping[Partition, Position]) -> Mapping[Partition, Position]:
        """What needs no event: changes that time has brought to the partitions owned, and visitors to be derived anew.

        Nothing is written when nothing is due.
        """
        await self._forget(self.runtime.now())
        due = await self._due(owned)
        return {**due, **await self._recount({**owned, **due})}

    async def _due(self, owned: Mapping[Partition, Position]) -> Mapping[Partition, Position]:
        now = self.runtime.now()
        partitions = {partition.number: partition for partition in owned}
        async with self.runtime.database.read() as connection:
            due = await profiles.load_due(connection, list(partitions), now=now, limit=DUE_AT_ONCE)
        if not due:
            return {}
        held = {partitions[number]: owned[partitions[number]] for number in due.values()}
        async with self.runtime.database.begin() as tx:
            moved = await positions.advance(tx, CONSUMER, held, {})
            sites = {site for site, _ in due}
            rules = await _rules(tx, sites)
            states = await profiles.load(tx, due, (), rules)
            hiding = await hiding_of(tx, await self._wishes.of(tx, sites), states, lessons=self._wishes.lessons)
            verdict = decide_due(states.values(), rules, now, hiding)
            await profiles.save(tx, verdict, rules=rules, moved=moved, writer=CONSUMER, now=now)
        return moved

    async def _recount(self, owned: Mapping[Partition, Position]) -> Mapping[Partition, Position]:
        """Derive those visitors anew who wait for it. One who cannot be derived stays as they are, and holds up nobody."""
        async with self.runtime.database.read() as connection:
            asked = await recounts.waiting(
                connection, [partition.number for partition in owned], limit=RECOUNTS_AT_ONCE
            )
        if not asked.requests:
            return {}
        try:
            return await self._derive(owned, asked)
        except (PositionLost, Outage):
            raise
        except Exception as error:
            log.warning("deriving visitors anew failed, trying them one by one", error=repr(error))
        moved: dict[Partition, Position] = {}
        for single in asked.singles():
            try:
                moved |= await self._derive({**owned, **moved}, single)
            except (PositionLost, Outage):
                raise
            except Exception:
                log.exception(
                    "a visitor cannot be derived anew and stays as they are", visitors=list(single.partitions)
                )
                async with self.runtime.database.begin() as tx:
                    await recounts.done(tx, single)
        return moved

    async def _derive(
        self, owned: Mapping[Partition, Position], asked: recounts.Waiting
    ) -> Mapping[Partition, Position]:
        now = self.runtime.now()
        partitions = {partition.number: partition for partition in owned}
        held = {partitions[number]: owned[partitions[number]] for number in asked.partitions.values()}
        async with self.runtime.database.begin() as tx:
            moved = await positions.advance(tx, CONSUMER, held, {})
            sites = {site for site, _ in asked.partitions}
            rules = await _rules(tx, sites)
            states = await profiles.load(tx, asked.partitions, (), rules)
            await clicks.load(tx, states)
            facts = await recounts.load_facts(tx, states)
            wishes = await self._wishes.of(tx, sites)
            claimed = {(site, claim.target) for (site, _), own in facts.items() for claim in own.claims}
            hiding = await hiding_of(tx, wishes, states, claimed | _landed(states), self._wishes.lessons)
            verdict, rewritten = decide_anew(
                states.values(), facts, rules, now, hiding, cleaners_of(wishes), asked.to_tell
            )
            await profiles.save(tx, verdict, rules=rules, moved=moved, writer=CONSUMER, now=now)
            await recounts.rewrite(tx, rewritten)
            await recounts.done(tx, asked)
        return moved

    async def _forget(self, now: datetime) -> None:
        """Let go of event ids that are too old to come again, a little at a time."""
        if self._forget_after is not None and now < self._forget_after:
            return
        async with self.runtime.database.begin() as tx:
            done = await seen.forget(tx, now=now)
        if done:
            self._forget_after = now + FORGET_EVERY


async def _rules(connection: AsyncConnection, sites: Iterable[str]) -> dict[str, Rules]:
    return {site: await site_rules.for_site(connection, site) for site in sites}


def _confirmed(state: State) -> int:
    return sum(landing.confirmed for landing in state.landings.values())


def _visitors(fresh: Iterable[Identified]) -> set[Key]:
    """Who the events are about."""
    return {(identified.event.site, identified.event.visitor) for identified in fresh}


def _contacts(fresh: Iterable[Identified]) -> set[tuple[str, str]]:
    """Who the events say their visitors are."""
    return {(one.event.site, one.contact.id) for one in fresh if one.contact is not None}


def _landed(states: Mapping[Key, State]) -> set[tuple[str, str]]:
    """Whom these visitors may turn out to be by the links they followed."""
    return {(state.site, landing.person) for state in states.values() for landing in state.landings.values()}


def _views(fresh: Iterable[Identified]) -> Iterable[tuple[str, str, str]]:
    """The page views that events open or speak of: engaged time may come before its view."""
    for identified in fresh:
        event = identified.event
        if event.engagement is not None:
            yield event.site, event.visitor, event.engagement.page_view_id
        elif event.type is EventType.PAGE:
            yield event.site, event.visitor, event.id

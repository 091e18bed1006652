"""A person as the fold of the browsers they introduced themselves in."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from typing import Any

from sqlalchemy import Select, Table, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.people.clicks import landing_of
from leadlight.core.identity.people.links import UNSAID, Claim, Interval, believed, intervals
from leadlight.core.records import Channel, Event, EventType
from leadlight.core.scoring.decide import profile_of
from leadlight.core.scoring.profile import Profile, merge
from leadlight.core.scoring.rules import Rules
from leadlight.core.scoring.state import View
from leadlight.store import rules as site_rules
from leadlight.store.identity.people import HOLDS, group_of, people_of, person_of
from leadlight.store.profiles import rows as columns
from leadlight.store.profiles.load import profiles_of
from leadlight.store.tables import events, page_views, visitor_contacts, visitors
from leadlight.store.views.shown import SHOWN


async def browsers_of(connection: AsyncConnection, site: str, contact_id: str) -> dict[str, list[Claim]]:
    """The visitors in which a person introduced themselves, by whatever address, each with everybody's claims on it.

    The claims name the contacts that stand for people; a link that was passed on makes nobody of who has said who they
    are. Bots and visitors whom the site's owner excludes are left out.
    """
    person, addresses = await group_of(connection, site, contact_id)
    c = visitor_contacts.c
    apart = exists(select(1).where(visitors.c.site_id == c.site_id, visitors.c.id == c.visitor_id, ~and_(*SHOWN)))
    theirs = select(c.visitor_id).where(c.site_id == site, c.contact_id.in_(addresses), HOLDS, ~apart)
    rows = (
        await connection.execute(
            select(c.visitor_id, c.claimed_at, c.event_id, c.contact_id, c.method).where(
                c.site_id == site, c.visitor_id.in_(theirs), HOLDS
            )
        )
    ).all()
    people = await people_of(connection, {(site, row.contact_id) for row in rows})
    claims: defaultdict[str, list[Claim]] = defaultdict(list)
    for visitor, at, event_id, contact, method in rows:
        claims[visitor].append(Claim(at, event_id, people.person_of(site, contact), said=method not in UNSAID))
    return {visitor: own for visitor, own in claims.items() if person in {one.target for one in believed(own)}}


async def fold_contact(connection: AsyncConnection, site: str, contact_id: str) -> Profile | None:
    """Everything known about a person, over all browsers that are or were theirs; None for nobody.

    Of a browser that several people used, only what happened in their own time counts. Any address of the person will do.
    """
    rules = await site_rules.for_site(connection, site)
    browsers = await browsers_of(connection, site, contact_id)
    person = await person_of(connection, site, contact_id)
    alone = [visitor for visitor, claims in browsers.items() if {claim.target for claim in claims} == {person}]
    states = await profiles_of(connection, [(site, visitor) for visitor in alone], {site: rules})
    profiles = [state.profile for state in states.values()]
    for visitor in browsers.keys() - alone:
        profiles.append(await _share(connection, site, visitor, person, browsers[visitor], rules))
    return reduce(merge, profiles) if profiles else None


async def _share(
    connection: AsyncConnection, site: str, visitor: str, contact_id: str, claims: list[Claim], rules: Rules
) -> Profile:
    """One person's part of a shared browser, worked out anew from its facts."""
    own = [interval for interval in intervals(claims) if interval.target == contact_id]
    views = [
        view
        for row in await connection.execute(_facts_of(page_views, columns.VIEW, site, visitor))
        if _covered(own, (view := View(*row)).occurred_at)
    ]
    happened = [
        Event(
            site=site,
            visitor=visitor,
            id=id,
            type=EventType(kind),
            anonymous_id="",
            occurred_at=at,
            received_at=at,
            channel=Channel.BROWSER,
            name=name,
        )
        for id, kind, name, at in await connection.execute(
            _facts_of(events, ("id", "type", "name", "occurred_at"), site, visitor).where(~events.c.hidden)
        )
        if _covered(own, at)
    ]
    shown = {view.id for view in views if not view.hidden}
    introduced = [
        claim
        for claim in claims
        if claim.target == contact_id
        and _covered(own, claim.at)
        and (claim.said or landing_of(claim.event_id) in shown)
    ]
    return profile_of(views, happened, introduced, rules)


def _facts_of(table: Table, wanted: Sequence[str], site: str, visitor: str) -> Select[Any]:
    columns_wanted = [table.c[name] for name in wanted]
    return select(*columns_wanted).where(table.c.site_id == site, table.c.visitor_id == visitor)


def _covered(own: Iterable[Interval], at: datetime | None) -> bool:
    return at is not None and any(interval.covers(at) for interval in own)

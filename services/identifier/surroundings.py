"""What is found out about events beyond their own words: the network they came over, the link that led there, and what the
site's owner says of mail domains."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from leadlight.core.identity.identify import Surroundings
from leadlight.core.identity.people.emails import NO_RULES, MailRules
from leadlight.core.identity.people.mail_rules import mail_rules_of
from leadlight.core.records import Event
from leadlight.runtime import Runtime
from leadlight.store.identity import mail_merge
from leadlight.store.owners import site_settings
from services.identifier.arrivals import Arrival
from services.identifier.clicks import Clicks

REMEMBERED_SECONDS = 2.0
"""So soon an owner's change is in force."""
REMEMBERED_SITES = 10_000


class Finder:
    """Finds out about events, in at most two questions to the database for a slice, mostly none."""

    def __init__(self, runtime: Runtime, clicks: Clicks, clock: Callable[[], float] = time.monotonic) -> None:
        self._runtime = runtime
        self._clicks = clicks
        self._clock = clock
        self._rules: dict[str, tuple[float, MailRules]] = {}

    async def about(self, events: Sequence[Event], arrived: Sequence[Arrival]) -> list[Surroundings]:
        """The surroundings of each event, but for the company."""
        rules = await self._rules_of({event.site for event in events})
        hashes = self._clicks.hashes_in(events)
        people: Mapping[tuple[str, str], str] = {}
        if hashes:
            async with self._runtime.database.read() as connection:
                people = await mail_merge.people_of(connection, hashes)
        return [
            Surroundings(
                network=arrival.network,
                place=arrival.place,
                click=self._clicks.open(event, people, rules[event.site]) if event.link is not None else None,
                mail=rules[event.site],
            )
            for event, arrival in zip(events, arrived, strict=True)
        ]

    async def _rules_of(self, sites: Iterable[str]) -> Mapping[str, MailRules]:
        now = self._clock()
        wanted = set(sites)
        old = [site for site in wanted if site not in self._rules or now - self._rules[site][0] >= REMEMBERED_SECONDS]
        if old:
            if len(self._rules) + len(old) > REMEMBERED_SITES:
                self._rules.clear()
                old = list(wanted)
            async with self._runtime.database.read() as connection:
                settings = await site_settings.of_sites(connection, old)
            for site in old:
                self._rules[site] = (now, mail_rules_of(settings[site]) if site in settings else NO_RULES)
        return {site: self._rules[site][1] for site in wanted}

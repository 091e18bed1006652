"""What sites' owners do not want to see, as far as it bears on the visitors at hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.machines.judgement import NO_LESSONS, Lessons
from leadlight.core.privacy.cleaning import Cleaner, cleaner_of
from leadlight.core.scoring.state import Hiding, Key, State
from leadlight.core.sites.exclusions import exclusions_of
from leadlight.core.sites.settings import SiteSettings
from leadlight.store.identity import machines, people
from leadlight.store.owners import site_settings

NO_SITES_LESSONS: Mapping[str, Lessons] = {}


@dataclass(slots=True)
class Wishes:
    """Sites' settings by version: each transaction asks for the versions, and reads what has moved.

    What owners have said of machines travels by the same version.
    """

    lessons: dict[str, Lessons] = field(default_factory=dict)
    _known: dict[str, tuple[int, SiteSettings]] = field(default_factory=dict)

    async def of(self, tx: AsyncConnection, sites: Iterable[str]) -> Mapping[str, SiteSettings]:
        """The settings of these sites as they stand in this transaction."""
        versions = await site_settings.versions_of(tx, sites)
        moved = [site for site, version in versions.items() if self._known.get(site, (None,))[0] != version]
        if moved:
            stored = await site_settings.of_sites(tx, moved)
            self.lessons |= await machines.lessons_of(tx, moved)
            self._known |= {site: (versions[site], stored.get(site, site_settings.DEFAULTS)) for site in moved}
        return {site: self._known[site][1] for site in versions}


def cleaners_of(wishes: Mapping[str, SiteSettings]) -> dict[str, Cleaner]:
    """What cleans addresses, of the sites that strip anything of their own."""
    return {
        site: cleaner_of(settings.stripped_parameters)
        for site, settings in wishes.items()
        if settings.stripped_parameters
    }


async def hiding_of(
    tx: AsyncConnection,
    wishes: Mapping[str, SiteSettings],
    states: Mapping[Key, State],
    named: Iterable[tuple[str, str]] = (),
    lessons: Mapping[str, Lessons] = NO_SITES_LESSONS,
) -> dict[str, Hiding]:
    """What is to be hidden of these visitors, and of who they may turn out to be: the contacts `named`, by site and id.

    E-mails are read only where a site excludes some.
    """
    excluded = {site: exclusions_of(site, settings) for site, settings in wishes.items()}
    asking = {site for site, exclusions in excluded.items() if exclusions.emails}
    emails: Mapping[str, Mapping[str, Sequence[str]]] = {}
    if asking:
        known = {(s.site, s.profile.contact.id) for s in states.values() if s.profile.contact is not None}
        known |= {(s.site, one.person or one.contact) for s in states.values() for one in s.landings.values()}
        emails = await people.emails_of(tx, {one for one in known | set(named) if one[0] in asking})
    return {
        site: Hiding(exclusions, emails.get(site, {}), lessons.get(site, NO_LESSONS))
        for site, exclusions in excluded.items()
    }

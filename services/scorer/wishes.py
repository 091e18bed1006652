"""What sites' owners do not want to see, as far as it bears on the visitors at hand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.privacy.cleaning import Cleaner, cleaner_of
from leadlight.core.records import Identified
from leadlight.core.scoring.decide import Hiding, Key, State
from leadlight.core.sites.exclusions import exclusions_of
from leadlight.core.sites.settings import SiteSettings
from leadlight.store import identity
from leadlight.store.owners import site_settings


@dataclass(slots=True)
class Wishes:
    """Sites' settings by version: each transaction asks for the versions, and reads what has moved."""

    _known: dict[str, tuple[int, SiteSettings]] = field(default_factory=dict)

    async def of(self, tx: AsyncConnection, sites: Iterable[str]) -> Mapping[str, SiteSettings]:
        """The settings of these sites as they stand in this transaction."""
        versions = await site_settings.versions_of(tx, sites)
        moved = [site for site, version in versions.items() if self._known.get(site, (None,))[0] != version]
        if moved:
            stored = await site_settings.of_sites(tx, moved)
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
    fresh: Iterable[Identified] = (),
) -> dict[str, Hiding]:
    """What is to be hidden of these visitors. Their contacts' e-mails are read only where a site excludes some."""
    excluded = {site: exclusions_of(site, settings) for site, settings in wishes.items()}
    asking = {site for site, exclusions in excluded.items() if exclusions.emails}
    emails: dict[str, dict[str, str]] = {}
    if asking:
        known = {
            (state.site, state.profile.contact.id)
            for state in states.values()
            if state.site in asking and state.profile.contact is not None
        }
        emails = await identity.emails_of(tx, known)
        for identified in fresh:
            if identified.contact is not None and identified.event.site in asking:
                emails.setdefault(identified.event.site, {})[identified.contact.id] = identified.contact.email
    return {site: Hiding(exclusions, emails.get(site, {})) for site, exclusions in excluded.items()}

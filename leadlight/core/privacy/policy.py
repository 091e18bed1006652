"""A site's settings made ready to be asked about every event."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_network
from urllib.parse import urlsplit

from leadlight.core.intake.drops import Drop
from leadlight.core.privacy.cleaning import Cleaner, cleaner_of
from leadlight.core.privacy.forwarding import Networks
from leadlight.core.privacy.levels import COMPANY_ONLY, STEPS
from leadlight.core.scoring.globs import LONGEST_TEXT, matcher
from leadlight.core.sites.countries import UNKNOWN
from leadlight.core.sites.exclusions import Exclusions
from leadlight.core.sites.settings import SiteSettings

REMEMBERED_ORIGINS = 1_024


class Policy:
    """What one site's owner has decided. Asking changes nothing; most answers are remembered."""

    def __init__(self, site: str, settings: SiteSettings) -> None:
        self.site = site
        self.step = STEPS[settings.privacy]
        self.by_country: Mapping[str, int] = {
            country: min(self.step, STEPS[level]) for country, level in settings.privacy_by_country.items()
        }
        self.excluded_networks = Networks([ip_network(one) for one in settings.excluded_networks])
        self.excluded_paths: Callable[[str], bool] | None = None
        self.excludes_people = bool(settings.excluded_emails or settings.excluded_companies)
        self._emails = [matcher(pattern) for pattern in settings.excluded_emails]
        self._companies = tuple(settings.excluded_companies)
        if settings.excluded_paths:
            exclusions = Exclusions(paths=tuple(matcher(one.rstrip("/") or "/") for one in settings.excluded_paths))
            self.excluded_paths = lru_cache(4_096)(exclusions.path)
        self.cleaner = cleaner_of(settings.stripped_parameters)
        self._cleaner_without_clicks = cleaner_of(settings.stripped_parameters, click_ids=False)
        self._hosts = [matcher(pattern) for pattern in settings.allowed_origins]
        self.takes_origin = lru_cache(REMEMBERED_ORIGINS)(self._takes_origin)

    def step_in(self, country: str | None) -> int:
        """The level in a country; None: nobody knows which."""
        if not self.by_country:
            return self.step
        return self.by_country.get(
            country or UNKNOWN, self.step if country else self.by_country.get(UNKNOWN, self.step)
        )

    def cleaner_at(self, step: int) -> Cleaner:
        """Which advertisement was clicked says who did: without a person, that is left out too."""
        return self.cleaner if step > COMPANY_ONLY else self._cleaner_without_clicks

    def excluded_person(self, email: str) -> Drop | None:
        """Why somebody with this address is left out; None for those who are not."""
        folded = email.strip().casefold()[:LONGEST_TEXT]
        if "@" not in folded:
            return None
        if any(matches(folded) for matches in self._emails):
            return Drop.EXCLUDED_EMAIL
        domain = folded.rpartition("@")[2]
        if any(domain == company or domain.endswith(f".{company}") for company in self._companies):
            return Drop.EXCLUDED_COMPANY
        return None

    def _takes_origin(self, origin: bytes) -> bool:
        """Whether a page of this origin may send events. `*.shop.example` takes all hosts below, not that one itself."""
        if not self._hosts:
            return True
        try:
            host = (urlsplit(origin.decode("latin-1")).hostname or "").rstrip(".")
        except ValueError:
            return False
        return any(matches(host) for matches in self._hosts)

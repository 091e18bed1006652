"""What a site's owner does not want to see, ready to be asked: by path at the door, by person and company once known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from posixpath import normpath
from typing import Final
from urllib.parse import unquote

from leadlight.core import ids
from leadlight.core.scoring.globs import LONGEST_TEXT, matcher
from leadlight.core.sites.settings import SiteSettings

REMEMBERED_SITES: Final = 256


class Hidden(StrEnum):
    """Why a visitor is kept apart, though no machine. Shown to the site's owner."""

    EMAIL = "excluded_email"
    COMPANY = "excluded_company"


@dataclass(frozen=True, slots=True)
class Exclusions:
    """One site's exclusions, compiled. Asking changes nothing and costs some 0.1 us a pattern."""

    paths: tuple[Callable[[str], bool], ...] = ()
    emails: tuple[Callable[[str], bool], ...] = ()
    companies: frozenset[str] = frozenset()  # ids

    def path(self, path: str | None) -> bool:
        """Whether what happens on this path is left out.

        It may be written in other ways that servers take for the same: in other case, with a slash at its end, with
        slashes doubled, with letters as `%69`, with steps of `..`.
        """
        if not self.paths or not path:
            return False
        folded = _plain(path[:LONGEST_TEXT]).casefold()
        bare = folded.rstrip("/") or "/"
        return any(matches(folded) or matches(bare) for matches in self.paths)

    def email(self, email: str | None) -> bool:
        return email is not None and any(matches(email.casefold()) for matches in self.emails)

    def visitor(self, *, emails: Iterable[str], company_id: str | None) -> Hidden | None:
        """Why a visitor with these addresses and this company is kept apart; None for one who is not."""
        if any(self.email(email) for email in emails):
            return Hidden.EMAIL
        return Hidden.COMPANY if company_id is not None and company_id in self.companies else None


NOTHING: Final = Exclusions()


@lru_cache(REMEMBERED_SITES)
def exclusions_of(site: str, settings: SiteSettings) -> Exclusions:
    """The exclusions that these settings of a site hold."""
    return Exclusions(
        paths=_path_matchers(settings.excluded_paths),
        emails=tuple(matcher(pattern) for pattern in settings.excluded_emails),
        companies=frozenset(ids.company_id(site, domain) for domain in settings.excluded_companies),
    )


def _plain(path: str) -> str:
    """The path as a server reads it."""
    if "%" in path:
        path = unquote(path)
    if "//" in path or "/." in path:
        ended = "/" if path.endswith("/") else ""
        path = normpath(path.replace("//", "/")).replace("//", "/") + ended
    return path


def _path_matchers(patterns: Iterable[str]) -> tuple[Callable[[str], bool], ...]:
    return tuple(matcher(pattern.rstrip("/") or "/") for pattern in patterns)

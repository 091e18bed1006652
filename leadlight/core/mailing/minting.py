"""Links made for one person, and where they stand in a mail."""

from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec import Struct

from leadlight.core.identity.people.emails import normalised
from leadlight.core.intake.landings import with_token
from leadlight.core.intake.tracked_links import Link, NoAddress, destination, end_of, mint


class NoPerson(ValueError):
    """What was given is nobody's e-mail address. The message says so."""


class PersonLink(Struct, frozen=True, omit_defaults=True):
    """What a mail to one person may hold: a link that leads on and tells of the click, and the page itself with a token
    that tells who came. Either is theirs alone."""

    email: str  # normalised
    link: str
    landing_url: str
    token: str
    url: str  # where both lead
    campaign: str | None
    expires_at: datetime
    honeypot_link: str | None = None  # to be hidden in the mail: only machines follow it


@dataclass(frozen=True, slots=True)
class Minter:
    """Makes the links of one mailing."""

    site: str
    secret: bytes
    here: str  # the collector's address
    expires_at: datetime
    campaign: str | None = None
    url: str = ""  # where links lead that state nothing else
    honeypots: bool = False

    def mint(self, email: object, url: str | None = None) -> PersonLink:
        """The links of one person.

        Raises:
            NoPerson: the e-mail address is none.
            NoAddress: there is nowhere to lead to.
        """
        person = normalised(email)
        if person is None:
            raise NoPerson(f"{str(email)[:100]!r} is not an e-mail address.")
        leads_to = destination(url or self.url)
        link = Link(self.site, leads_to, int(self.expires_at.timestamp()), self.campaign or None, person)
        token = mint(link, self.secret)
        honeypot = None
        if self.honeypots:
            trap = Link(link.site, link.url, link.expires_at, link.campaign, person, honeypot=True)
            honeypot = f"{self.here}/l/{mint(trap, self.secret)}"
        return PersonLink(
            email=person,
            link=f"{self.here}/l/{token}",
            landing_url=with_token(leads_to, token),
            token=token,
            url=leads_to,
            campaign=link.campaign,
            expires_at=datetime.fromtimestamp(link.expires_at, UTC),
            honeypot_link=honeypot,
        )


def home_of(domain: str) -> str:
    """Where a site's links lead when nothing else is said."""
    return f"https://{domain}/"


__all__ = ["Minter", "NoAddress", "NoPerson", "PersonLink", "end_of", "home_of"]

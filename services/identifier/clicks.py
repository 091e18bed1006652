"""The tokens of tracked links, opened: for whom a link was made that somebody followed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from leadlight.core.identity.companies.names import derived_name
from leadlight.core.identity.people.emails import MailDomains, MailRules, normalised
from leadlight.core.ids import contact_id
from leadlight.core.intake.landings import Opened, merge_hash_of, opened
from leadlight.core.records import Click, Event, EventType

CAMPAIGN: Final = "name"
"""Of the parameters of an address, the campaign's: mail-merge tokens know none."""

Hash = tuple[str, str]  # site and keyed hash of an e-mail address


@dataclass(frozen=True, slots=True)
class Clicks:
    """Opens the tokens that the collector has taken out of addresses. Whatever does not open is nothing."""

    secret: bytes
    mail: MailDomains

    def hashes_in(self, events: Iterable[Event]) -> set[Hash]:
        """The mail-merge hashes of these events: whom they stand for is to be looked up."""
        return {
            (event.site, found)
            for event in events
            if event.link is not None and (found := merge_hash_of(event.link)) is not None
        }

    def open(self, event: Event, people: Mapping[Hash, str], rules: MailRules) -> Click | None:
        """The click that an event tells of: one that the door has sealed, or a page that a link led to.

        `people` are the e-mail addresses that mail-merge hashes stand for.
        """
        if event.link is None:
            return None
        found = self._opened(event, event.link, people)
        if found is None:
            return None
        landed = event.type is EventType.PAGE
        if not landed and found.click != event.id:
            return None  # anybody can post an event of that name; the door's own is under seal
        email = normalised(found.person)
        if email is None:
            return None
        company = self.mail.company_domain(email, rules)
        return Click(
            contact=contact_id(event.site, email),
            email=email,
            link=found.link,
            campaign=found.campaign,
            suspect=found.seen,
            landed=landed,
            role=self.mail.is_office(email, rules),
            company_domain=company,
            company_name=derived_name(company) if company is not None else None,
        )

    def _opened(self, event: Event, token: str, people: Mapping[Hash, str]) -> Opened | None:
        merged = merge_hash_of(token)
        if merged is None:
            return opened(token, self.secret, site=event.site, at=event.occurred_at)
        person = people.get((event.site, merged))
        if person is None:
            return None
        # All links of a merged mailing hold the same hash: it is their pages that tell them apart.
        path = event.page.path if event.page is not None else ""
        link = sha256(f"{token}\n{path}".encode()).hexdigest()[:32]
        return Opened(person, link, event.campaign.get(CAMPAIGN))

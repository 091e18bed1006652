"""Everything that can be told of an event's sender from the event and what is known offline."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from leadlight.core.identity.companies.methods import Method
from leadlight.core.identity.companies.names import derived_name, fits
from leadlight.core.identity.machines.bots import Named
from leadlight.core.identity.machines.evidence import evidence_of, item_of, reasons_of
from leadlight.core.identity.people.emails import MailDomains, normalised
from leadlight.core.identity.people.traits import person_traits
from leadlight.core.ids import company_id, contact_id
from leadlight.core.records import (
    Agent,
    Click,
    CompanyClaim,
    ContactClaim,
    Event,
    EventType,
    Identified,
    Network,
    Place,
)

STATED_CONFIDENCE = 0.9
"""Of who somebody says to be: nobody has checked the address."""
WORK_EMAIL_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known offline. `describe` and `named` are asked for each event, so they should remember."""

    describe: Callable[[str], Agent]
    named: Callable[[str], Named | None]  # as which machine an agent names itself, if it does
    mail: MailDomains


class Surroundings(Struct, frozen=True):
    """What was found out about an event beyond its own words: over which network it came, from where, after what link."""

    network: Network = Network()
    place: Place = Place()
    company: CompanyClaim | None = None  # what the network tells; a work address tells more
    click: Click | None = None


UNKNOWN = Surroundings()


def identify(event: Event, knowledge: Knowledge, around: Surroundings = UNKNOWN) -> Identified:
    """The event with its agent, whether that is a machine's, and the contact and company it claims."""
    agent = Agent()
    named: Named | None = None
    if event.user_agent:
        agent = knowledge.describe(event.user_agent)
        named = knowledge.named(event.user_agent)
    evidence = evidence_of(event, named, around.network)
    contact = contact_claim(event)
    return Identified(
        event=event,
        agent=agent,
        bot_reasons=tuple(sorted(reasons_of(map(item_of, evidence)))) if evidence else (),
        contact=contact,
        company=(company_claim(event.site, contact, knowledge.mail) if contact is not None else None) or around.company,
        network=around.network,
        place=around.place,
        click=around.click,
        machine_evidence=evidence,
    )


def contact_claim(event: Event) -> ContactClaim | None:
    """Who the event says its sender is: by the e-mail among the traits, else by a user id that is one.

    A group's traits describe the group, so its e-mail is nobody's.
    """
    about_person = event.traits if event.type is not EventType.GROUP else {}
    if not about_person and event.user_id is None:
        return None
    email = normalised(about_person.get("email")) or normalised(event.user_id)
    if email is None:
        return None
    return ContactClaim(
        id=contact_id(event.site, email),
        email=email,
        method="identify",
        confidence=STATED_CONFIDENCE,
        traits=person_traits(about_person),
    )


def company_claim(site: str, contact: ContactClaim, mail: MailDomains) -> CompanyClaim | None:
    """The company that a work address speaks of. Named as stated where that fits the domain, else after the domain."""
    domain = mail.company_domain(contact.email)
    if domain is None:
        return None
    stated = contact.traits.get("company")
    return CompanyClaim(
        id=company_id(site, domain),
        domain=domain,
        name=stated if stated and fits(stated, domain) else derived_name(domain),
        method=Method.WORK_EMAIL,
        confidence=WORK_EMAIL_CONFIDENCE,
        evidence={"email_domain": contact.email.rpartition("@")[2]},
    )

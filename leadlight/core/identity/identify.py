"""Everything that can be told of an event's sender from the event and what is known offline."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from leadlight.core.identity.companies.methods import Method
from leadlight.core.identity.companies.names import derived_name, fits
from leadlight.core.identity.machines.bots import Named
from leadlight.core.identity.machines.evidence import evidence_of, item_of, reasons_of
from leadlight.core.identity.people.emails import NO_RULES, MailDomains, MailRules, normalised
from leadlight.core.identity.people.traits import person_traits
from leadlight.core.ids import company_id, contact_id
from leadlight.core.records import (
    Agent,
    Channel,
    Click,
    CompanyClaim,
    ContactClaim,
    Event,
    EventType,
    Identified,
    Network,
    Place,
)

WORK_EMAIL_CONFIDENCE = 0.95


class Introduction(StrEnum):
    """How an event says who its sender is."""

    SERVER = "server"  # the owner's own systems say so
    IDENTIFY = "identify"  # the page says so
    FORM = "form"  # typed into a form, which nobody has checked

    @property
    def confidence(self) -> float:
        return _CONFIDENCE[self]


_CONFIDENCE = {Introduction.SERVER: 0.95, Introduction.IDENTIFY: 0.9, Introduction.FORM: 0.85}

FORM_MARK = "form"
"""The property by which the snippet says that it has read a form."""


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
    mail: MailRules = NO_RULES  # what the site's owner says of mail domains and offices


UNKNOWN = Surroundings()


def identify(event: Event, knowledge: Knowledge, around: Surroundings = UNKNOWN) -> Identified:
    """The event with its agent, whether that is a machine's, and the contact and company it claims."""
    agent = Agent()
    named: Named | None = None
    if event.user_agent:
        agent = knowledge.describe(event.user_agent)
        named = knowledge.named(event.user_agent)
    evidence = evidence_of(event, named, around.network)
    contact = contact_claim(event, knowledge.mail, around.mail)
    work = company_claim(event.site, contact, knowledge.mail, around.mail) if contact is not None else None
    return Identified(
        event=event,
        agent=agent,
        bot_reasons=tuple(sorted(reasons_of(map(item_of, evidence)))) if evidence else (),
        contact=contact,
        company=work or around.company,
        network=around.network,
        place=around.place,
        click=around.click,
        machine_evidence=evidence,
    )


def contact_claim(event: Event, mail: MailDomains, rules: MailRules = NO_RULES) -> ContactClaim | None:
    """Who the event says its sender is: by the e-mail among the traits, else by a user id that is one.

    A group's traits describe the group, so its e-mail is nobody's.
    """
    about_person = event.traits if event.type is not EventType.GROUP else {}
    if not about_person and event.user_id is None:
        return None
    stated = normalised(about_person.get("email"))
    email = stated or normalised(event.user_id)
    if email is None:
        return None
    method = introduction_of(event)
    return ContactClaim(
        id=contact_id(event.site, email),
        email=email,
        method=method,
        confidence=method.confidence,
        traits=person_traits(about_person),
        evidence={"call": event.type.value, "said_by": "traits" if stated is not None else "user_id"},
        role=mail.is_office(email, rules),
    )


def introduction_of(event: Event) -> Introduction:
    """How an event that names its sender does so. A mark set by somebody else than the snippet can only lower belief."""
    if event.channel is Channel.SERVER:
        return Introduction.SERVER
    is_form = event.type is EventType.IDENTIFY and event.properties.get(FORM_MARK) is True
    return Introduction.FORM if is_form else Introduction.IDENTIFY


def company_claim(
    site: str, contact: ContactClaim, mail: MailDomains, rules: MailRules = NO_RULES
) -> CompanyClaim | None:
    """The company that a work address speaks of. Named as stated where that fits the domain, else after the domain."""
    domain = mail.company_domain(contact.email, rules)
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

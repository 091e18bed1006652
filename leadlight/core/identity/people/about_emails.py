"""What an e-mail address tells by itself, of any text at all."""

from enum import StrEnum

from msgspec import Struct, field

from leadlight.core.identity.companies.names import derived_name
from leadlight.core.identity.people.emails import NO_RULES, MailDomains, MailRules, normalised


class EmailClass(StrEnum):
    """What an e-mail address says about its owner: its domain's kind, or that it is no address."""

    WORK = "work"
    FREE = "free"
    DISPOSABLE = "disposable"
    RELAY = "relay"
    INVALID = "invalid"


class EmailVerdict(Struct, frozen=True):
    """What an e-mail address tells by itself."""

    normalised: str | None
    domain: str | None
    kind: EmailClass = field(name="class")
    role: bool = False  # an office's address, not one person's
    company_domain: str | None = None
    company_name: str | None = None


def about_email(text: object, mail: MailDomains, rules: MailRules = NO_RULES) -> EmailVerdict:
    """What an address tells, of any text at all."""
    email = normalised(text)
    if email is None:
        return EmailVerdict(None, None, EmailClass.INVALID)
    domain = email.rpartition("@")[2]
    company = mail.company_domain(email, rules)
    return EmailVerdict(
        normalised=email,
        domain=domain,
        kind=EmailClass(mail.kind(domain, rules)),
        role=mail.is_office(email, rules),
        company_domain=company,
        company_name=derived_name(company) if company is not None else None,
    )

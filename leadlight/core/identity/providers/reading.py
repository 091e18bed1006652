"""What of a provider's answer is believed: a plausible company with a domain of its own, or nothing with the reason."""

import math
import re
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from leadlight.core.identity.companies.domains import NoCompany, registrable_company
from leadlight.core.identity.companies.firmographics import (
    Firmographics,
    country_field,
    size_field,
    text_field,
    url_field,
)
from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.companies.names import derived_name, stated_name
from leadlight.core.identity.people.emails import MailDomains
from leadlight.core.identity.providers.shape import Confidence, Shape, pick
from leadlight.core.records import Network

LEAST_CONFIDENCE = 0.3
"""Below it an answer is a guess, and a guess is not shown."""

DOUBT_ON_ISP = 0.8
"""An address of an internet provider changes hands, and providers' data lag behind."""

NO_TYPE = "business"
"""Where a provider has no types, it answers with nothing but companies."""

OWN_NETWORKS = frozenset({"business", "education", "government"})
"""Networks whose operator may be the visitor's company."""

_WORDS = re.compile(r"[^\W_]+")
_FILLERS = frozenset(
    {
        "ag",
        "ab",
        "as",
        "asn",
        "bv",
        "co",
        "company",
        "corp",
        "corporation",
        "gmbh",
        "group",
        "holding",
        "inc",
        "international",
        "kg",
        "limited",
        "llc",
        "ltd",
        "nv",
        "oy",
        "plc",
        "sa",
        "sas",
        "sarl",
        "se",
        "spa",
        "srl",
        "the",
        "and",
        "und",
        "de",
        "of",
        "network",
        "networks",
        "net",
        "telecom",
        "communications",
        "internet",
        "backbone",
    }
)


class Nothing(StrEnum):
    """Why an answer names no company. Names are metric labels."""

    NO_COMPANY = "no_company"  # the provider knows none, or says it is a provider of internet access
    OPERATOR = "operator"  # the network's own operator, who is not the visitor
    NO_DOMAIN = "no_domain"
    MAIL_PROVIDER = "mail_provider"
    ACCESS = "access"  # a provider of internet access or of hosting
    UNSURE = "unsure"
    GARBAGE = "garbage"  # not of the shape that was agreed


class Told(Struct, frozen=True):
    """A company that a provider names."""

    answer: Answer
    facts: Firmographics


def read_answer(
    body: Any,
    shape: Shape,
    network: Network,
    mail: MailDomains,
    *,
    access: Collection[str] = (),
    provider: str,
    now: datetime,
) -> Told | Nothing:
    """What a decoded answer tells of the visitor on this network. `access` has the domains of those who provide it."""
    told = shape.answer
    if not isinstance(body, dict):
        return Nothing.GARBAGE
    if any(pick(body, (path,)) is True for path in told.not_if):
        return Nothing.NO_COMPANY
    kind = text_field(pick(body, told.type))
    if kind is not None:
        kind = kind.casefold()
        if kind in told.no_companies or (told.companies and kind not in told.companies):
            return Nothing.NO_COMPANY
    given = pick(body, told.domain)
    if given is None:
        return Nothing.NO_COMPANY
    if not isinstance(given, str):
        return Nothing.GARBAGE
    domain = registrable_company(given, mail)
    if domain is NoCompany.MAIL_PROVIDER:
        return Nothing.MAIL_PROVIDER
    if isinstance(domain, NoCompany):
        return Nothing.NO_DOMAIN
    if domain in access:
        return Nothing.ACCESS
    name = plausible_name(pick(body, told.name)) or derived_name(domain)
    if network.kind not in OWN_NETWORKS:
        operators = [network.name, *(pick(body, (path,)) for path in told.operator)]
        if any(names_operator(name, domain, operator) for operator in operators if isinstance(operator, str)):
            return Nothing.OPERATOR
    confidence = _confidence(body, told.confidence) * (1.0 if network.kind in OWN_NETWORKS else DOUBT_ON_ISP)
    if confidence < LEAST_CONFIDENCE:
        return Nothing.UNSURE
    return Told(
        Answer(
            domain=domain,
            name=name,
            method=Method.PROVIDER,
            confidence=round(confidence, 2),
            as_of=now,
            evidence={"provider": provider, "type": kind or NO_TYPE},
        ),
        Firmographics(
            source=f"provider:{provider}",
            as_of=now,
            name=name,
            industry=text_field(pick(body, told.industry)),
            size=size_field(pick(body, told.size)),
            country=country_field(pick(body, told.country)),
            url=url_field(pick(body, told.site)),
        ),
    )


def plausible_name(given: Any) -> str | None:
    """A company's name as a provider wrote it; None for what is none: markup, numbers, an address."""
    name = stated_name(text_field(given, characters=200))
    if name is None or not any(letter.isalpha() for letter in name) or any(sign in name for sign in "<>{}@"):
        return None
    return name


def names_operator(name: str, domain: str, operator: str) -> bool:
    """Whether a company is the one that operates the network: `Norrnet` and norrnet.example are of AS name `NORRNET-AS`."""
    theirs = _significant(operator)
    if not theirs:
        return False
    label = domain.partition(".")[0]
    ours = {"".join(_significant(name)), "".join(_significant(label)), *_significant(name)[:1]} - {""}
    whole = "".join(theirs)
    return whole in ours or theirs[0] in ours or domain in operator.casefold()


def _significant(text: str) -> list[str]:
    words = [word for word in _WORDS.findall(text.casefold()) if not re.fullmatch(r"as\d+|\d+", word)]
    return [word for word in words if word not in _FILLERS] or words[:1]


def _confidence(body: Any, rule: Confidence) -> float:
    value = pick(body, rule.path)
    found = rule.otherwise
    if isinstance(value, str):
        found = rule.values.get(value.strip().casefold(), rule.otherwise)
    elif isinstance(value, bool):
        found = rule.values.get(str(value).casefold(), rule.otherwise)
    elif isinstance(value, int | float) and rule.scale > 0:
        found = value / rule.scale if math.isfinite(value) and 0 <= value <= rule.scale else 0.0
    return min(found, rule.most)

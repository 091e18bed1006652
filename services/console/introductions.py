"""How the console says in what way people and companies became known, and why a followed link made nobody known."""

from collections.abc import Iterable

from leadlight.core.identity.machines.evidence import DRIVEN
from leadlight.core.objects import CompanyRef, ContactRef
from leadlight.store.views.followed_links import FollowedLink
from services.console import words

INTRODUCTIONS = {
    "form": "Typed into a form",
    "identify": "Told by the page",
    "server": "Told by your own systems",
    "tracked_link": "Followed a link sent to them",
}
SUSPICIONS = {
    "scanner_network": "it came from where mail is scanned or machines are rented",
    "head_request": "somebody asked for the link without wanting the page, as programs do",
    "honeypot": "a link that no reader can see was followed too",
    "all_links_at_once": "all links of the mail were opened at once",
    "several_networks_at_once": "it was opened in several places at once",
    "odd_browser": "the browser is not what it says it is",
}


def introduction(contact: ContactRef) -> str:
    """How it is known that it is them, and how surely: `Typed into a form, 0.85 sure`."""
    said = INTRODUCTIONS.get(contact.method or "")
    if said is None or contact.confidence is None:
        return ""
    campaign = contact.evidence.get("campaign")
    return (
        f"{said} ({campaign}), {contact.confidence:.2f} sure" if campaign else f"{said}, {contact.confidence:.2f} sure"
    )


def why_unconfirmed(link: FollowedLink, evidence: Iterable[str] = ()) -> str:
    """Why a followed link has made nobody known. `evidence` is what speaks for its visitor's being a machine."""
    if link.suspect:
        return "; ".join(SUSPICIONS.get(reason, reason) for reason in link.suspect)
    if DRIVEN in evidence:
        return "its browser says that a program drives it"
    return "nobody has read on yet, with a pointer, a key or by scrolling"


def company_evidence(company: CompanyRef) -> list[str]:
    """What a company was known by, as a rep says it: `3 people on 2 days`, `campaign spring`."""
    found = dict(company.evidence)
    said = []
    if "people" in found:
        people = words.counted(int(found.pop("people")), "person", "people")
        said.append(f"{people} on {words.counted(int(found.pop('days', '1')), 'day')}")
        if others := int(found.pop("others", "0")):
            said.append(f"{words.counted(others, 'person', 'people')} of others")
    for name, value in found.items():
        if name == "network_class":
            said.append(words.NETWORK_CLASSES.get(value, value))
        elif name not in UNTOLD:
            said.append(f"{EVIDENCE.get(name) or words.sentence(name).lower()} {value}")
    return said


EVIDENCE = {"range": "in", "asn": "in", "last_seen": "last on", "added_by": "said by", "data": "says"}
UNTOLD = frozenset({"link", "scope", "as_of", "email_domain"})
"""Evidence for programs, or told in other words beside it."""

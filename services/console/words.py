"""How the console says things: a rep's words, short, in sentence case."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from leadlight.core.identity.companies.corrections import Scope
from leadlight.core.identity.companies.firmographics import OWN_LIST
from leadlight.core.objects import Network, PageRead, Reason, Signal, Visitor
from leadlight.store.identity.corrections import Made, Reach
from leadlight.store.views.console_views import PageOpened

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

_SECONDS = re.compile(r"\b([0-9]{2,7}) s\b")

SIGNALS = {
    "pricing_read": "Pricing read",
    "demo_read": "Demo page read",
    "contact_read": "Contact page read",
    "comparison_read": "Comparison read",
    "case_study_read": "Case study read",
    "security_read": "Security read",
    "docs_read": "Docs read",
    "product_read": "Product read",
    "blog_read": "Blog read",
    "identified": "Said who they are",
    "link_followed": "Followed a link of theirs",
    "demo_requested": "Asked to talk",
    "form_sent": "Form sent",
    "downloaded": "Download",
    "returned": "Came back",
    "returned_after_pause": "Back after a pause",
    "careers_read": "Jobs read",
    "login_read": "Log-in page seen",
    "support_read": "Help read",
}
"""Signals of the default rules; others are shown by their own name."""

STRONGEST = (
    "demo_requested",
    "pricing_read",
    "demo_read",
    "form_sent",
    "returned_after_pause",
    "contact_read",
    "comparison_read",
    "case_study_read",
    "downloaded",
    "identified",
)
"""What a rep wants to see first in a row with room for two."""

KEY_PAGES = frozenset({"pricing", "demo", "contact", "comparison", "case_study"})
"""Categories whose pages stand out in a route."""

NETWORK_CLASSES = {
    "isp": "Internet provider",
    "mobile": "mobile network",
    "hosting": "data centre",
    "vpn": "VPN",
    "relay": "privacy relay",
    "security_proxy": "security service",
    "education": "school or university",
    "government": "government network",
    "business": "company network",
    "unknown": "kind unknown",
}

NETWORK_FACTS = {
    "asn": "operators of networks",
    "class": "kinds of networks",
    "company": "companies",
    "country": "countries",
    "region": "regions",
    "city": "cities",
}
"""What a file of network data tells."""

METHODS = {
    "visitor_correction": "as corrected here",
    "work_email": "by work e-mail",
    "tracked_link": "by a followed link",
    "override": "as laid down for this network",
    "correction": "as corrected for this network",
    "first_party": "probably, colleagues seen there",
    "own_list": "by your list of companies",
    "labelled_network": "by its own network",
    "reverse_dns": "by the connection's name",
    "provider": "by a data provider",
}

DEVICES = {"laptop or desktop": "computer"}


def duration(seconds: float) -> str:
    """`9 s`, `1 min 48 s`, `2 h 5 min`, `3 days`: at most two units, the smaller one dropped when it says little."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    if whole < 86_400:
        hours, rest = divmod(whole // 60, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days = whole // 86_400
    return "1 day" if days == 1 else f"{days} days"


def ago(at: datetime, now: datetime) -> str:
    """How long ago, in one unit; after a week the day."""
    seconds = (now - at).total_seconds()
    if seconds < 10:
        return "now"
    if seconds < 60:
        return f"{int(seconds)} s ago"
    if seconds < 3_600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86_400:
        return f"{int(seconds // 3_600)} h ago"
    if seconds < 2 * 86_400:
        return "yesterday"
    if seconds < 7 * 86_400:
        return f"{int(seconds // 86_400)} days ago"
    return day(at, now)


def day(at: datetime, now: datetime) -> str:
    """`24 October`, with the year when it is not this one."""
    said = f"{at.day} {_MONTHS[at.month - 1]}"
    return said if at.year == now.year else f"{said} {at.year}"


def absolute(at: datetime) -> str:
    """`22 November 2026, 09:12 UTC`: what a relative time means exactly."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M} UTC"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 visit`, `3 visits`, `12,400 page views`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def page(given: PageRead | PageOpened) -> str:
    """A page's title and path in full, for where they are cut: `Pricing, /pricing`."""
    return ", ".join(dict.fromkeys(part for part in (given.title, given.path) if part))


def category(name: str | None, path: str) -> str:
    """A key page's category, unless its path says it already: `/preise` is pricing, and so, plainly, is `/pricing`."""
    if name not in KEY_PAGES or name.replace("_", "-")[:5] in path.lower():
        return ""
    return sentence(name).lower()


def sentence(name: str) -> str:
    """A machine's name in words: `case_study_read` is `Case study read`."""
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def signal(given: Signal) -> str:
    """A buying sign and how often: `Pricing read ×3`."""
    return " ".join(part for part in (sign(given), times(given)) if part)


def sign(given: Signal) -> str:
    """A buying sign without how often, which has its own place where room is short: `Pricing read`."""
    return SIGNALS.get(given.kind) or sentence(given.kind)


def times(given: Signal) -> str:
    """How often, where that says something: `×3`. Who is signed in says who they are with every page."""
    return f"\u00d7{given.count:,}" if given.count > 1 and given.kind != "identified" else ""


def strongest_first(given: Sequence[Signal]) -> list[Signal]:
    """Signals in the order in which a rep wants to see them; otherwise the latest first."""
    rank = {kind: place for place, kind in enumerate(STRONGEST)}
    return sorted(given, key=lambda one: (rank.get(one.kind, len(rank)), -one.last_at.timestamp()))


def whole_points(given: Sequence[Reason], score: int) -> list[int]:
    """Points as whole numbers that add up to the score, or beyond its ends: the largest fractions are rounded up."""
    whole = [math.floor(one.points) for one in given]
    total = score if 0 < score < 100 else math.floor(math.fsum(one.points for one in given) + 0.5)
    by_fraction = sorted(range(len(given)), key=lambda index: whole[index] - given[index].points)
    missing = total - sum(whole)
    for index in by_fraction[: max(0, missing)]:
        whole[index] += 1
    return whole


def reason(text: str) -> str:
    """A reason's text with longer times as people say them: `for 242 s` is `for 4 min 2 s`."""
    return _SECONDS.sub(lambda found: duration(int(found[1])), text)


def together(texts: Sequence[str]) -> str:
    """Several short sentences as one: `Read the pricing page for 48 s, said who they are`."""
    said = [reason(text) for text in texts]
    return ", ".join(text if number == 0 else text[:1].lower() + text[1:] for number, text in enumerate(said))


def signed(points: int) -> str:
    """`+28`, `−5`, with a real minus."""
    return f"+{points}" if points >= 0 else f"\u2212{-points}"


def source(name: str) -> str:
    """Where something known of a company comes from: `your list`, `IPinfo`."""
    if name == OWN_LIST:
        return "your list of companies"
    return f"by {name.partition(':')[2] or name}".replace("_", " ")


def who(visitor: Visitor) -> str:
    """Who this is, as surely as we know: a name, an address, someone at a company, or plainly unknown."""
    if visitor.contact is not None:
        return visitor.contact.name or visitor.contact.email
    if visitor.company is not None:
        return f"Someone at {visitor.company.name}"
    return "Unknown visitor"


def what_else(visitor: Visitor) -> str:
    """The line under the name: role and company, how a match was made, or at least device and place."""
    contact, company = visitor.contact, visitor.company
    if contact is not None:
        known = [contact.job_title, company.name if company else None]
        if any(known):
            return ", ".join(part for part in known if part)
        return contact.email if contact.name else with_what(visitor)
    if company is not None:
        return " · ".join(part for part in (match(visitor), visitor.location.city) if part)
    place = visitor.location.city or visitor.location.country
    visits = f"{ordinal(visitor.visits)} visit" if visitor.visits > 1 else None
    return " · ".join(part for part in (place, with_what(visitor), visits) if part)


def with_what(visitor: Visitor) -> str:
    """What they browse with: `Computer, Firefox 131`."""
    device = DEVICES.get(visitor.agent.device or "", visitor.agent.device)
    parts = [part for part in (device, visitor.agent.browser) if part]
    said = ", ".join(parts)
    return said[:1].upper() + said[1:] if said else "Nothing known yet"


def match(visitor: Visitor) -> str:
    """How the company was found and how surely: `By work e-mail, 0.95 sure`."""
    if visitor.company is None or visitor.company.method is None:
        return ""
    said = METHODS.get(visitor.company.method) or f"by {sentence(visitor.company.method).lower()}"
    if visitor.company.confidence is not None:
        said += f", {visitor.company.confidence:.2f} sure"
    return said[:1].upper() + said[1:]


def network(used: Network) -> str:
    """What kind of network a visitor came over: `business network, AS64500`."""
    said = NETWORK_CLASSES.get(used.kind, f"{used.kind} network")
    return f"{said}, AS{used.asn}" if used.asn is not None else said


def origin(source: str | None, medium: str | None, campaign: str | None) -> str:
    """Where a visit came from: `from search.example`, `from newsletter (email), campaign autumn`."""
    if not source:
        return "came directly" if not campaign else f"campaign {campaign}"
    said = f"from {source}"
    if medium and medium != "referral":
        said += f" ({medium})"
    return f"{said}, campaign {campaign}" if campaign else said


def reach(reached: Reach, scope: Scope) -> str:
    """For whom a correction would hold: `for everybody from 203.0.113.0/24 (12 visitors)`."""
    number = counted(reached.numbers.get(scope, 1), "visitor")
    match scope:
        case Scope.RANGE:
            return f"for everybody from {reached.subjects[scope]} ({number})"
        case Scope.CONNECTION:
            return f"for everybody with the same address ({number})"
    return "for this visitor alone"


def holds_for(made: Made) -> str:
    """For whom a correction holds, seen from a visitor's page."""
    if made.scope is Scope.RANGE:
        return f"for everybody from {made.range}"
    if made.scope is Scope.CONNECTION:
        return "for everybody with this address"
    return "for this visitor"

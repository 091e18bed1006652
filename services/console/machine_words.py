"""What speaks for a machine, in a rep's words."""

from leadlight.core.identity.machines.evidence import Kind, item_of
from leadlight.core.objects import Visitor

_SAID = {
    "network:hosting": "came from a data centre's network",
    "network:security_proxy": "came through a company's security proxy",
    "network:marked": "came from the address of a visitor that was marked",
    "behaviour:no_engagement": "opened pages and looked at none of them",
    "behaviour:inhuman_pace": "opened pages faster than anybody reads",
    "behaviour:webdriver": "its browser says that a program drives it",
    "headers:no_agent": "its browser has no name",
    "headers:long_agent": "its browser's name is longer than any browser's",
    "headers:strange_agent": "its browser's name holds signs that no browser writes",
    "headers:no_language": "its browser asks for no language",
    "headers:no_fetch_metadata": "leaves out what its browser always sends",
    "headers:no_client_hints": "leaves out what its browser always sends",
    "headers:foreign_client_hints": "sends what its browser never does",
    "headers:other_browser": "names two different browsers",
    "headers:other_system": "names two different systems",
    "headers:other_device": "is a phone by one name and none by another",
    "headers:bad_fetch_metadata": "sends words that no browser does",
}


def layers(visitor: Visitor) -> str:
    """Every piece of evidence in one sentence."""
    said = ["marked by an owner"] if "marked" in visitor.bot_reasons else []
    for text in visitor.bot_evidence:
        item = item_of(text)
        if item.kind == Kind.TOO_FAST:
            said.append("sent more than people can")
        elif item.kind == Kind.AGENT:
            said.append(
                f"calls itself {item.detail}" if item.detail not in ("", "unnamed") else "calls itself no browser"
            )
        else:
            said.append(_SAID.get(text, text.replace("_", " ").replace(":", ": ")))
    sentence = "; ".join(dict.fromkeys(said))
    return sentence[:1].upper() + sentence[1:]

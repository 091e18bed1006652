"""Ids that anybody can derive, so that no process asks another for one."""

import re
from uuid import UUID, uuid5

NAMESPACE = UUID("5b0f8a52-6a1e-5c0e-9c55-1ead11947000")
"""Fixed for ever: every visitor, contact and company id hangs on it."""

GENERIC_IDS = frozenset(
    {"", "0", "-1", "null", "none", "nil", "nan", "undefined", "anonymous", "guest", "unknown", "n/a", "na", "false"}
    | {
        "true",
        "anon",
        "-",
        "{}",
        "[]",
        "user",
        "id",
        "userid",
        "user_id",
        "visitor",
        "test",
        "default",
        "not_set",
        "(not set)",
        "[object object]",
        "00000000-0000-0000-0000-000000000000",  # phones whose owner forbids advertising ids
    }
)
"""What careless integrations send for everybody: taken for a person, they would melt all visitors into one."""

_BLANKS = re.compile(r"\s+")


def is_generic(given: str) -> bool:
    """Whether an id names nobody in particular: blank, or one of the fillers that SDK users are known to send."""
    return _BLANKS.sub(" ", given).strip(" \"'").casefold() in GENERIC_IDS


def visitor_id(site: str, anonymous_id: str) -> str:
    """The id of one browser on one site."""
    return str(uuid5(NAMESPACE, f"visitor\n{site}\n{anonymous_id}"))


def contact_id(site: str, email: str) -> str:
    """The id of the person with this normalised e-mail address."""
    return str(uuid5(NAMESPACE, f"contact\n{site}\n{email}"))


def company_id(site: str, domain: str) -> str:
    """The id of the organisation with this registrable domain."""
    return str(uuid5(NAMESPACE, f"company\n{site}\n{domain}"))


def alert_id(site: str, visitor: str, rule: str, evidence: str) -> str:
    """The id of one told change; `evidence` is the event or moment that caused it."""
    return str(uuid5(NAMESPACE, f"alert\n{site}\n{visitor}\n{rule}\n{evidence}"))

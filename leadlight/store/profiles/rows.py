"""Which columns of which table hold a visitor's state: read and written in the same order."""

from typing import Final

VISITOR_KEY: Final = ("site_id", "visitor_id")

PROFILE: Final = (
    "anonymous_id",
    "partition",
    "demo",
    "bot_reasons",
    "bot_evidence",
    "watched_views",
    "touched",
    "hidden_reason",
    "page_views",
    "activities",
    "engaged_ms",
    "agent_at",
    "agent_event_id",
    "device",
    "browser",
    "system",
    "contact_id",
    "contact_claimed_at",
    "contact_event_id",
    "company_id",
    "company_claimed_at",
    "company_event_id",
    "company_method",
    "company_confidence",
    "place_at",
    "place_event_id",
    "country",
    "region",
    "city",
    "accuracy_km",
)
DERIVED: Final = ("first_seen_at", "last_seen_at", "visits", "elapsed_ms", "stage", "updated_at")
RUN: Final = ("started_at", "ended_at")
LINE: Final = ("rule", "hour", "at", "count", "engaged_ms", "evidence", "subject")
SIGNAL: Final = ("kind", "count", "first_at", "last_at")
STANDING: Final = ("points", "as_of", "heat", "intent", "hot_since", "next_change_at")
VIEW: Final = (
    "id",
    "occurred_at",
    "url",
    "path",
    "title",
    "referrer",
    "category",
    "source",
    "medium",
    "campaign",
    "engaged_ms",
    "active_until",
    "scroll_percent",
    "imported",
    "hidden",
    "touched",
)
TOLD: Final = ("created_at", "visit_started_at", "visit_ended_at")
EVENT: Final = (
    "site_id",
    "visitor_id",
    "id",
    "type",
    "name",
    "path",
    "occurred_at",
    "received_at",
    "properties",
    "imported",
    "hidden",
)
HAPPENED: Final = ("id", "type", "name", "path", "occurred_at", "hidden", "properties")

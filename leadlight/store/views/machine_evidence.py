"""What speaks for a machine, as readers see it: without what it was taught by."""

from typing import Any

from sqlalchemy import Row

from leadlight.core.identity.machines.evidence import Kind, item_of
from leadlight.core.identity.machines.judgement import Watched, behaviour_of


def evidence_shown(row: Row[Any]) -> list[str]:
    """Of a row of visitors: `network:hosting`, `headers:no_language`, `behaviour:no_engagement`."""
    items = [item_of(text) for text in row.bot_evidence.split(",")] if row.bot_evidence else []
    told = {f"{item.kind}:{item.detail}" if item.detail else item.kind for item in items if item.kind != Kind.SEEN}
    watched = Watched(row.watched_views, row.engaged_ms, row.touched, row.first_seen_at, row.last_seen_at)
    return sorted(told | {f"{Kind.BEHAVIOUR}:{detail}" for detail in behaviour_of(watched)})

"""Who is shown: people whom the site's owner has not excluded. Bots and the excluded are kept apart, with the reason."""

from sqlalchemy import ColumnElement, Table, exists, select

from leadlight.store.tables import visitors

NOT_EXCLUDED = visitors.c.hidden_reason.is_(None)

SHOWN = (visitors.c.bot_reasons.is_(None), NOT_EXCLUDED)
"""Conditions on visitors: of lists, figures and counts."""


def of_shown_visitors(table: Table) -> ColumnElement[bool]:
    """Whether a row of `table` is about a visitor who is not excluded."""
    return ~exists(
        select(1).where(
            visitors.c.site_id == table.c.site_id,
            visitors.c.id == table.c.visitor_id,
            visitors.c.hidden_reason.is_not(None),
        )
    )

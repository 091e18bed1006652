"""Contacts as readers see them."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.objects import ContactRef
from leadlight.store.tables import contact_traits

TRAITS = ("name", "phone", "job_title")


async def refs(connection: AsyncConnection, site: str, emails: Mapping[str, str]) -> dict[str, ContactRef]:
    """Contacts as visitors name them, from their ids and e-mails."""
    if not emails:
        return {}
    rows = await connection.execute(
        select(contact_traits.c.contact_id, contact_traits.c.field, contact_traits.c.value).where(
            contact_traits.c.site_id == site,
            contact_traits.c.contact_id.in_(list(emails)),
            contact_traits.c.field.in_(TRAITS),
        )
    )
    traits: dict[str, dict[str, str]] = defaultdict(dict)
    for contact, field, value in rows:
        traits[contact][field] = value
    return {id: ContactRef(id=id, email=email, **traits[id]) for id, email in emails.items()}

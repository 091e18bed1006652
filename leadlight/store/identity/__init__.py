"""Who is who, as rows: contacts, companies, and what links visitors to them."""

from leadlight.store.identity.claims import contact_claims, save
from leadlight.store.identity.company_links import company_links

__all__ = ["company_links", "contact_claims", "save"]

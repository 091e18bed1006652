"""Who is who, as rows: contacts, companies, and what links visitors to them."""

from leadlight.store.identity.claims import contact_claims, save

__all__ = ["contact_claims", "save"]

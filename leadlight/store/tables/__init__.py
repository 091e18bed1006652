"""Every table, with `site_id` in every key so that a distributed database can shard on it.

Rows that are updated all the time are narrow and without JSON; what only grows stands in tables of its own.
"""

from leadlight.store.tables.bookkeeping import changes, daily_keys, dead_letters, drops, imports, positions
from leadlight.store.tables.checks import audit_lines, install_checks, sightings
from leadlight.store.tables.clicks import clicks
from leadlight.store.tables.columns import EPOCH, Instant, metadata, milliseconds
from leadlight.store.tables.companies import (
    company_facts,
    own_lists,
    own_ranges,
    provider_months,
    provider_states,
    remote_answers,
)
from leadlight.store.tables.connections import (
    company_corrections,
    company_overrides,
    company_sightings,
    connection_versions,
)
from leadlight.store.tables.delivery import deliveries, delivery_attempts
from leadlight.store.tables.facts import events, page_views, seen_events
from leadlight.store.tables.identity import (
    companies,
    contact_traits,
    contacts,
    visitor_companies,
    visitor_contacts,
    visitor_networks,
)
from leadlight.store.tables.machines import machine_decisions, machine_lessons
from leadlight.store.tables.mailings import mail_merge_keys, mail_merge_people
from leadlight.store.tables.owners import keys, sessions, sign_ins, site_settings, sites, users, webhooks
from leadlight.store.tables.people import contact_merges, contact_withdrawals
from leadlight.store.tables.state import alerts, ledger, recounts, scores, signals, visitors, visits

__all__ = [
    "EPOCH",
    "Instant",
    "alerts",
    "audit_lines",
    "changes",
    "clicks",
    "companies",
    "company_corrections",
    "company_facts",
    "company_overrides",
    "company_sightings",
    "connection_versions",
    "contact_merges",
    "contact_traits",
    "contact_withdrawals",
    "contacts",
    "daily_keys",
    "dead_letters",
    "deliveries",
    "delivery_attempts",
    "drops",
    "events",
    "imports",
    "install_checks",
    "keys",
    "ledger",
    "machine_decisions",
    "machine_lessons",
    "mail_merge_keys",
    "mail_merge_people",
    "metadata",
    "milliseconds",
    "own_lists",
    "own_ranges",
    "page_views",
    "positions",
    "provider_months",
    "provider_states",
    "recounts",
    "remote_answers",
    "scores",
    "seen_events",
    "sessions",
    "sightings",
    "sign_ins",
    "signals",
    "site_settings",
    "sites",
    "users",
    "visitor_companies",
    "visitor_contacts",
    "visitor_networks",
    "visitors",
    "visits",
    "webhooks",
]

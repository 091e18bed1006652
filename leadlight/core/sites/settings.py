"""What a site's owner has decided about collecting: whose posts are taken, what is left out, how much is known of people."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import astuple


class Privacy(StrEnum):
    """How much may be known of a visitor, from nothing to everything. Each step includes those before it."""

    NONE = "none"  # nothing is kept
    COMPANY_ONLY = "company_only"  # no cookie, no person: a keyed hash that ends with the day stands for the visitor
    PSEUDONYMOUS = "pseudonymous"  # one browser is known again; nobody is named
    IDENTIFIED = "identified"  # people who introduce themselves are known


class SiteSettings(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One site's decisions, as its owner writes them. Empty: everything is taken, at the level *identified*."""

    allowed_origins: tuple[str, ...] = ()  # hosts, `*.shop.example` too; empty: any page that has the write key
    excluded_networks: tuple[str, ...] = ()  # addresses or CIDR ranges: our own office
    excluded_paths: tuple[str, ...] = ()  # globs, as in the rules
    stripped_parameters: tuple[str, ...] = ()  # of query strings, beside those that are always stripped; globs
    excluded_emails: tuple[str, ...] = ()  # globs: `*@ourselves.example`
    excluded_companies: tuple[str, ...] = ()  # domains
    work_domains: tuple[str, ...] = ()  # of e-mail: who writes from there belongs to the company that owns it
    private_domains: tuple[str, ...] = ()  # of e-mail: an address there speaks of no company
    office_names: tuple[str, ...] = ()  # before the @: an office and not a person, beside those that are known
    privacy: Privacy = Privacy.IDENTIFIED
    privacy_by_country: Mapping[str, Privacy] = field(default_factory=dict)  # ISO 3166-1 alpha-2; `unknown` too

    def __hash__(self) -> int:
        """By content, so that what is worked out of settings can be remembered by them."""
        *others, by_country = astuple(self)
        return hash((*others, frozenset(by_country.items())))

"""What is said of who is whom, as it is sent."""

import msgspec

from leadlight.core.objects import Time


class NewMerge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a contact is to be merged into."""

    into: str


class PeopleEdit(msgspec.Struct, frozen=True):
    """What an edit bore on. The visitors are derived anew within seconds, and told as changes."""

    contact: str
    person: str
    emails: list[str]
    visitors: int


class ContactMerge(msgspec.Struct, frozen=True):
    """A merge: `contact` is the person `into`, whom `person` stands for today."""

    id: str
    contact: str
    contact_email: str
    into: str
    into_email: str
    person: str
    merged_by: str
    merged_at: Time
    undone_by: str | None
    undone_at: Time | None


class ContactMergeList(msgspec.Struct, frozen=True):
    """A site's merges, latest first."""

    data: list[ContactMerge]


class LinkEdit(msgspec.Struct, frozen=True):
    """A visitor taken off a person, or given back: so many introductions do not hold any more, or hold again."""

    visitor: str
    contacts: list[str]
    emails: list[str]
    claims: int

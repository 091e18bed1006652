"""What files of networks say about an address."""

from msgspec import Struct

from leadlight.core.records import Place


class Finding(Struct, frozen=True, omit_defaults=True):
    """Everything that the files in use know of one address. Nothing here is a verdict yet.

    `stated_class` is one of the words for network classes, as a file or a published range states it for the address;
    `stated_rule` says which (`range:aws`, `data:is_vpn`). `company_name` and `company_domain` are those of an organisation
    that a file says is behind the address, never those of its internet provider.
    """

    asn: int | None = None
    as_name: str | None = None
    as_domain: str | None = None
    stated_class: str | None = None
    stated_rule: str | None = None
    company_domain: str | None = None
    company_name: str | None = None
    place: Place = Place()
    anycast: bool = False  # the same address is in many places at once
    sources: tuple[str, ...] = ()  # files that contributed, by name


NOTHING = Finding()

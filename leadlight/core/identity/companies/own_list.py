"""The owner's own list of companies and named accounts: what its columns are called, and what a line of it says."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from leadlight.core.identity.companies.domains import NoCompany, registrable_company
from leadlight.core.identity.companies.firmographics import (
    OWN_LIST,
    Firmographics,
    country_field,
    size_field,
    text_field,
    url_field,
)
from leadlight.core.identity.companies.names import stated_name
from leadlight.core.identity.networks.blocks import range_of
from leadlight.core.identity.people.emails import NO_RULES, MailDomains, MailRules

Kind = TypeVar("Kind")

MOST_RANGES = 200
"""Networks of one line; a company with more of them has numbers of its own."""

LARGEST_ASN = (1 << 32) - 1

COLUMNS: dict[str, str] = {
    "domain": (
        "domain companydomain domainname emaildomain primarydomain webdomain domaine dominio "
        "dominiodelaempresa domein domän domena firmendomain domainedelentreprise "
    ),
    "url": (
        "url site website web webpage homepage companywebsite webseite internetseite internet siteweb "
        "siteinternet sitio sitioweb paginaweb sito sitoweb webstek hemsida webbplats strona "
        "stronainternetowa adresstrony "
    ),
    "name": (
        "name company companyname account accountname organisation organization organisationname firm firma "
        "firmenname unternehmen unternehmensname kunde société societe entreprise raisonsociale nom "
        "nomdelentreprise empresa compañía nombre nombredelaempresa razónsocial azienda nome ragionesociale "
        "bedrijf bedrijfsnaam naam företag företagsnamn namn nazwa nazwafirmy przedsiębiorstwo "
    ),
    "industry": (
        "industry sector branche branchen industrie wirtschaftszweig secteur secteurdactivité sectoractividad "
        "industria settore branża bransch segment vertical sectordeactividad "
    ),
    "size": (
        "size employees employeecount numberofemployees headcount companysize employeerange staff people "
        "mitarbeiter mitarbeiterzahl anzahlmitarbeiter beschäftigte größe unternehmensgröße effectif "
        "effectifs taille salariés nombredesalariés empleados tamaño numerodeempleados dipendenti dimensione "
        "werknemers medewerkers anställda antalanställda pracownicy liczbapracowników wielkość "
    ),
    "country": ("country countrycode land staat pays país pais paese kraj nation "),
    "networks": (
        "network networks ip ips iprange ipranges ipaddress ipaddresses cidr cidrs range ranges subnet "
        "subnets netz netze netzwerk netzwerke ipadressen ipbereiche réseau réseaux plageip plagesip red "
        "redes rangosip rete reti netwerk netwerken nätverk sieć sieci adresyip "
    ),
    "asn": ("asn as asnumber asns autonomoussystem "),
    "account": (
        "tier accounttier accounttype accountclass priority class stufe kategorie klasse kundentyp niveau "
        "catégorie nivel categoría livello categoria niveaux klant nivå kategoria status "
    ),
    "owner": (
        "owner accountowner salesrep rep responsible accountmanager salesowner verantwortlich "
        "verantwortlicher betreuer kundenbetreuer vertrieb responsable commercial propietario comercial "
        "responsabile eigenaar ansvarig säljare opiekun handlowiec "
    ),
    "note": (
        "note notes comment comments remark remarks notiz notizen bemerkung kommentar remarque commentaire "
        "nota notas comentario commento opmerking anteckning uwagi notatka "
    ),
}
"""How lists name their columns, in several languages, without spaces and signs. The first column of a kind counts."""

_SIGNS = re.compile(r"[^\w]+|_+")
_SEPARATORS = re.compile(r"[\s;,|]+")
_ASN = re.compile(r"(?:asn?[\s:]*)?(\d{1,10})", re.IGNORECASE)


def _plain(text: str) -> str:
    """`Unternehmens-Größe` as unternehmensgrosse: without case, signs and accents."""
    folded = unicodedata.normalize("NFKD", _SIGNS.sub("", text.casefold()))
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


_BY_TITLE = {_plain(title): field for field, titles in reversed(COLUMNS.items()) for title in titles.split()}


class ListRefused(ValueError):
    """A list cannot be read at all. The message says what it lacks."""


class BadLine(ValueError):
    """A line cannot be imported. The message says why, to whoever has to mend it."""


class Entry(Struct, frozen=True):
    """One company of the list."""

    domain: str
    facts: Firmographics
    ranges: tuple[str, ...] = ()
    asns: tuple[int, ...] = ()


Columns = dict[str, int]
"""At which place of a line each field stands."""


def read_header(cells: Sequence[str]) -> Columns:
    """Raises ListRefused when no column tells the companies' domains."""
    found: Columns = {}
    for at, title in enumerate(cells):
        field = _BY_TITLE.get(_plain(title))
        if field is not None:
            found.setdefault(field, at)
    if "domain" not in found and "url" not in found:
        titles = ", ".join(title.strip() for title in cells if title.strip())[:200]
        raise ListRefused(f"no column is called `domain` or `website`; the first line has: {titles or 'nothing'}")
    return found


def read_line(
    cells: Sequence[str], columns: Columns, mail: MailDomains, rules: MailRules = NO_RULES, *, now: datetime
) -> tuple[Entry, list[str]]:
    """A line's company, and what of the line was left out, with the reason.

    Raises:
        BadLine: it names no company.
    """

    def cell(field: str) -> str:
        at = columns.get(field)
        return cells[at].strip() if at is not None and at < len(cells) else ""

    given = cell("domain") or cell("url")
    if not given:
        raise BadLine("the domain is missing")
    domain = registrable_company(given, mail, rules)
    if isinstance(domain, NoCompany):
        raise BadLine(f"{text_field(given, characters=80) or 'the domain'} {domain.value}")
    left_out: list[str] = []
    ranges = _each(cell("networks"), _range, left_out)
    asns = _each(cell("asn"), _asn, left_out)
    facts = Firmographics(
        source=OWN_LIST,
        as_of=now,
        name=stated_name(text_field(cell("name"))),
        industry=text_field(cell("industry")),
        size=size_field(cell("size")),
        country=country_field(cell("country")),
        url=url_field(cell("url")) if cell("url") else None,
        account=text_field(cell("account")),
        owner=text_field(cell("owner")),
        note=text_field(cell("note"), characters=500),
    )
    return Entry(domain, facts, tuple(ranges), tuple(asns)), left_out


def united(first: Entry, second: Entry) -> Entry:
    """Two lines about one company: the first one's words, what it lacks out of the second, and the networks of both."""
    lacking = {
        name: getattr(second.facts, name)
        for name in Firmographics.__struct_fields__
        if getattr(first.facts, name) is None and getattr(second.facts, name) is not None
    }
    facts = {name: getattr(first.facts, name) for name in Firmographics.__struct_fields__} | lacking
    return Entry(
        first.domain,
        Firmographics(**facts),
        tuple(dict.fromkeys((*first.ranges, *second.ranges))),
        tuple(dict.fromkeys((*first.asns, *second.asns))),
    )


def _each(text: str, read: Callable[[str], Kind], left_out: list[str]) -> list[Kind]:
    found: list[Kind] = []
    parts = [part for part in _SEPARATORS.split(text) if part] if text else []
    for part in parts[:MOST_RANGES]:
        try:
            value = read(part)
        except ValueError as error:
            left_out.append(str(error))
        else:
            if value not in found:
                found.append(value)
    if len(parts) > MOST_RANGES:
        left_out.append(f"only the first {MOST_RANGES} of {len(parts)} networks are taken")
    return found


def _range(text: str) -> str:
    return str(range_of(text[:60]))


def _asn(text: str) -> int:
    match = _ASN.fullmatch(text)
    number = int(match[1]) if match else 0
    if not 0 < number <= LARGEST_ASN:
        raise ValueError(f"{text[:40]!r} is no number of a network, as in AS64500")
    return number

"""A site's settings as people write them: a document of a closed set of fields, refused with every mistake at once."""

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final, NamedTuple

import yaml

from leadlight.core.sites import countries
from leadlight.core.sites.settings import Privacy, SiteSettings

MOST_ENTRIES: Final = 500  # of one field
LONGEST_ENTRY: Final = 200
LONGEST_DOCUMENT: Final = 200_000

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*")
_LEVELS = ", ".join(Privacy)


class Fault(NamedTuple):
    """One mistake: in which field, in which value (empty: the field as a whole), and what is wrong with it."""

    field: str
    value: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.value!r} {self.message}" if self.value else f"{self.field}: {self.message}"


class SettingsRefused(ValueError):
    """The document cannot be used. `faults` are in the order of its fields."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class _Wrong(Exception):
    """What is wrong with one value."""


def parse_settings(text: str) -> SiteSettings:
    """The settings of a YAML or JSON document.

    Raises:
        SettingsRefused: with every mistake found.
    """
    if len(text) > LONGEST_DOCUMENT:
        raise SettingsRefused([Fault("document", "", f"has more than {LONGEST_DOCUMENT:,} characters.")])
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            raise SettingsRefused([Fault("document", "", "uses an alias (`*name`); write the value out, in quotes.")])
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, SettingsRefused):
            raise
        where = getattr(error, "problem_mark", None)
        line = f"line {where.line + 1}: " if where is not None else ""
        said = getattr(error, "problem", None) or "it cannot be read"
        star = " A value that begins with a star stands in quotes." if re.search(r"[\[\s,]\*", text) else ""
        raise SettingsRefused([Fault("document", "", f"is neither YAML nor JSON. {line}{said}.{star}")]) from None
    return settings_of({} if document is None else document)


def settings_of(document: object) -> SiteSettings:
    """The settings of a document, put into their normal form: hosts and codes as they are compared, ranges as they begin.

    Raises:
        SettingsRefused: with every mistake found.
    """
    if not isinstance(document, Mapping):
        raise SettingsRefused([Fault("document", "", "holds no fields. Write `field: value` lines.")])
    faults: list[Fault] = []
    found: dict[str, Any] = {}
    for field, value in document.items():
        if field in _OF_EACH:
            found[field] = _listed(str(field), value, _OF_EACH[field], faults)
        elif field == "privacy":
            try:
                found[field] = _level(value)
            except _Wrong as wrong:
                faults.append(Fault("privacy", str(value), str(wrong)))
        elif field == "privacy_by_country":
            found[field] = _by_country(value, faults)
        else:
            faults.append(Fault(str(field)[:LONGEST_ENTRY], "", f"is no setting. There are: {', '.join(FIELDS)}."))
    both = set(found.get("work_domains", ())) & set(found.get("private_domains", ()))
    faults += [Fault("private_domains", domain, "stands among the work domains, too.") for domain in sorted(both)]
    if faults:
        order = {field: place for place, field in enumerate(FIELDS)}
        raise SettingsRefused(sorted(faults, key=lambda fault: order.get(fault.field, -1)))
    return SiteSettings(**found)


def document_of(settings: SiteSettings) -> dict[str, Any]:
    """The settings as a document with every field, in the order in which people read them."""
    document: dict[str, Any] = {field: list(getattr(settings, field)) for field in _OF_EACH}
    document["privacy"] = settings.privacy.value
    document["privacy_by_country"] = {code: level.value for code, level in settings.privacy_by_country.items()}
    return document


def differences(before: SiteSettings, after: SiteSettings) -> list[str]:
    """What changes, a line for each value: `excluded_paths: + /intern/*`."""
    lines: list[str] = []
    for field in _OF_EACH:
        old, new = getattr(before, field), getattr(after, field)
        lines += [f"{field}: - {value}" for value in old if value not in new]
        lines += [f"{field}: + {value}" for value in new if value not in old]
    if before.privacy is not after.privacy:
        lines.append(f"privacy: {before.privacy} -> {after.privacy}")
    levels = before.privacy_by_country, after.privacy_by_country
    for code in sorted({*levels[0], *levels[1]}):
        was, is_now = (of.get(code, "as everywhere") for of in levels)
        if was != is_now:
            lines.append(f"privacy_by_country: {code} {was} -> {is_now}")
    return lines


def _listed(field: str, given: object, check: Callable[[str], str], faults: list[Fault]) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, list | tuple):
        faults.append(Fault(field, "", "is a list: write each value on a line of its own, after a dash."))
        return ()
    if len(given) > MOST_ENTRIES:
        faults.append(Fault(field, "", f"has {len(given):,} values; at most {MOST_ENTRIES} are possible."))
        return ()
    values: dict[str, None] = {}
    for value in given:
        if not isinstance(value, str):
            hint = "; put it in quotes" if isinstance(value, int | float) else ""
            faults.append(Fault(field, str(value)[:LONGEST_ENTRY], f"is not text{hint}."))
            continue
        text = value.strip()
        try:
            if not text:
                raise _Wrong("is empty.")
            if len(text) > LONGEST_ENTRY:
                raise _Wrong(f"has more than {LONGEST_ENTRY} characters.")
            if not text.isprintable():
                raise _Wrong("holds characters that cannot be seen.")
            values[check(text)] = None
        except _Wrong as wrong:
            faults.append(Fault(field, text[:LONGEST_ENTRY] or value[:LONGEST_ENTRY], str(wrong)))
    return tuple(values)


def _origin(text: str) -> str:
    host = re.sub(r"^https?://", "", text.casefold())
    if "://" in host:
        raise _Wrong("is no web address. Expected a host such as www.shop.example.")
    host, slash, path = host.partition("/")
    if path or (slash and host == ""):
        raise _Wrong(f"has a path. Pages are allowed by host: did you mean {host or 'shop.example'}?")
    if host in ("*", "*."):
        raise _Wrong("allows every page. Leave the list empty for that.")
    star, name = ("*.", host[2:]) if host.startswith("*.") else ("", host)
    if "*" in name:
        raise _Wrong("has a star in its midst. A star stands at the beginning, as in *.shop.example.")
    if re.search(r":\d+$", name) and name.count(":") == 1:
        raise _Wrong(f"has a port. Pages are allowed by host: did you mean {star}{name.partition(':')[0]}?")
    return star + _host(name)


def _host(name: str) -> str:
    try:
        return str(ip_address(name.strip("[]")))
    except ValueError:
        pass
    try:
        plain = name.rstrip(".") if name.isascii() else name.rstrip(".").encode("idna").decode()
    except UnicodeError:
        plain = ""
    if not _HOST.fullmatch(plain):
        raise _Wrong("is no host. Expected something like www.shop.example or *.shop.example.")
    return plain


def _network(text: str) -> str:
    address, slash, _ = text.partition("/")
    try:
        if not slash:
            return str(ip_address(address))
        network = ip_network(text, strict=False)
    except ValueError:
        raise _Wrong("is no address and no range. Expected something like 203.0.113.7 or 203.0.113.0/24.") from None
    if network.prefixlen == 0:
        raise _Wrong("would leave everybody out.")
    if _begins(address) != network.network_address:
        raise _Wrong(f"does not begin where its range does. Did you mean {network}?")
    return str(network)


def _begins(address: str) -> IPv4Address | IPv6Address:
    return ip_address(address)


def _path(text: str) -> str:
    if re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE):
        raise _Wrong("is a whole address. Write the path alone, beginning with a slash.")
    if not text.startswith(("/", "*")):
        raise _Wrong(f"does not begin with a slash. Did you mean /{text}?")
    if "?" in text or "#" in text:
        raise _Wrong("has a query or a fragment. Only paths are compared; use a star for what follows.")
    if not text.strip("/*"):
        if text == "/":
            return text
        raise _Wrong("would leave every page out.")
    return text


def _parameter(text: str) -> str:
    if re.search(r"[\s=&?#/]", text):
        raise _Wrong("is no parameter's name. Write what stands before the equals sign; a star stands for anything.")
    return text


def _email(text: str) -> str:
    folded = text.casefold()
    if "@" not in folded:
        raise _Wrong(f"has no @. Did you mean *@{folded}?" if "." in folded else "has no @. Expected *@shop.example.")
    if not folded.strip("*@."):
        raise _Wrong("would leave everybody out.")
    if folded.count("@") > 1 or re.search(r"\s", folded):
        raise _Wrong("is no e-mail address and no pattern of some. Expected something like *@shop.example.")
    return folded


def _company(text: str) -> str:
    if "@" in text or "*" in text:
        raise _Wrong("is no domain. Companies are left out by domain, as in supplier.example, without stars.")
    name = re.sub(r"^https?://", "", text.casefold()).partition("/")[0].removeprefix("www.")
    try:
        host = _host(name)
    except _Wrong:
        host = ""
    if "." not in host or host.replace(".", "").isdigit() or ":" in host:
        raise _Wrong("is no domain. Expected something like supplier.example.")
    return host


def _office(text: str) -> str:
    name = text.casefold().removesuffix("@")
    if "@" in name:
        raise _Wrong("has a domain. Write what stands before the @ alone, as in info.")
    if not re.fullmatch(r"[^\s@*\"<>(),:;\\\[\]]{1,64}", name):
        raise _Wrong("is no name before an @. Expected something like info or front-desk.")
    return name


def _mail_domain(text: str) -> str:
    try:
        return _company(text.removeprefix("*@").removeprefix("@"))
    except _Wrong:
        raise _Wrong("is no domain. Expected what stands after the @, as in supplier.example.") from None


_OF_EACH: Final[Mapping[str, Callable[[str], str]]] = {
    "allowed_origins": _origin,
    "excluded_networks": _network,
    "excluded_paths": _path,
    "stripped_parameters": _parameter,
    "excluded_emails": _email,
    "excluded_companies": _company,
    "work_domains": _mail_domain,
    "private_domains": _mail_domain,
    "office_names": _office,
}
FIELDS: Final = (*_OF_EACH, "privacy", "privacy_by_country")


def _level(given: object) -> Privacy:
    text = str(given).strip().casefold().replace("-", "_").replace(" ", "_") if isinstance(given, str) else ""
    try:
        return Privacy(text)
    except ValueError:
        raise _Wrong(f"is no level. There are: {_LEVELS}.") from None


def _by_country(given: object, faults: list[Fault]) -> dict[str, Privacy]:
    field = "privacy_by_country"
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        faults.append(Fault(field, "", "is a table: write `DE: pseudonymous`, a country on each line."))
        return {}
    levels: dict[str, Privacy] = {}
    for country, level in given.items():
        if country is False:
            country = "NO"  # YAML reads Norway's code as the word no
        code = countries.code_of(country) if isinstance(country, str) else None
        if code is None:
            said = "is no country. Expected a code of two letters such as DE, or the word unknown."
            faults.append(Fault(field, str(country)[:LONGEST_ENTRY], said))
            continue
        try:
            levels[code] = _level(level)
        except _Wrong as wrong:
            faults.append(Fault(field, f"{code}: {level}"[:LONGEST_ENTRY], str(wrong)))
    return dict(sorted(levels.items()))

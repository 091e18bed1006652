"""Which providers an operator has taken on, with their keys and budgets: `providers.yaml` in the data folder."""

import os
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml
from msgspec import Struct, field

from leadlight.core.identity.networks.classify import NetworkClass
from leadlight.core.identity.providers.shape import KeyPlace, Shape, ShapeRefused, parse_shape
from leadlight.errors import ConfigurationError
from leadlight.settings import Settings
from leadlight.store.companies.spend import MICROS, Budget

FILE = "providers.yaml"
MOST_PROVIDERS = 20
SHAPES = files("services.identifier.remote") / "shapes"

ASKABLE = (
    NetworkClass.BUSINESS,
    NetworkClass.EDUCATION,
    NetworkClass.GOVERNMENT,
    NetworkClass.ISP,
    NetworkClass.UNKNOWN,
)
"""Networks behind which a company's people may be. Nobody behind a hoster, VPN, relay, scanner or phone can be named."""


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """One provider as it stands in the file."""

    name: str
    url: str
    monthly_lookups: int
    shape: str | dict[str, Any] | None = None  # one of ours (default: of the same name), or one's own
    path: str | None = None  # instead of the shape's
    key: str | None = None
    key_variable: str | None = None
    key_file: str | None = None
    account: str | int | None = None
    price: Decimal = Decimal(0)  # of one question, or of one company named, whichever the provider takes money for
    monthly_budget: Decimal | None = None
    per_minute: int = 60
    timeout_seconds: float = 5.0
    classes: tuple[NetworkClass, ...] = ASKABLE
    remember_days: float = 30.0
    remember_nothing_days: float = 7.0
    enabled: bool = True


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    providers: list[Entry] = field(default_factory=list)


class ProviderSettings(Struct, frozen=True):
    """One provider, ready to be asked."""

    name: str
    shape: Shape
    url: str  # without a slash at the end
    key: str
    account: str
    budget: Budget
    per_minute: int
    timeout_seconds: float
    classes: frozenset[str]
    remember: timedelta
    remember_nothing: timedelta

    def __repr__(self) -> str:
        return f"ProviderSettings({self.name!r})"  # never with its key


def read_providers(settings: Settings, environment: Mapping[str, str] = os.environ) -> list[ProviderSettings]:
    """The providers that are to be asked, in their order; none without a file.

    Raises:
        ConfigurationError: the file makes no sense; the message names the provider and the field, and never a key.
    """
    path = settings.providers or settings.data / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if settings.providers is not None:
            raise ConfigurationError(f"LEADLIGHT_PROVIDERS={path}: there is no such file.") from None
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    try:
        document = msgspec.convert(yaml.safe_load(text) or {}, Document, strict=False)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        raise ConfigurationError(f"{path} is no YAML{f', line {place.line + 1}' if place else ''}.") from None
    except (msgspec.ValidationError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    if len(document.providers) > MOST_PROVIDERS:
        raise ConfigurationError(f"{path} names more than {MOST_PROVIDERS} providers.")
    found: list[ProviderSettings] = []
    for entry in document.providers:
        try:
            ready = _ready(entry, path.parent, environment)
        except ValueError as error:
            raise ConfigurationError(f"{path}: {entry.name or 'a provider'}: {error}.") from None
        if any(ready.name == other.name for other in found):
            raise ConfigurationError(
                f"{path}: {ready.name} is there twice; give one another `name` and keep its `shape`."
            )
        if entry.enabled:
            found.append(ready)
    return found


def _ready(entry: Entry, folder: Path, environment: Mapping[str, str]) -> ProviderSettings:
    if not entry.name or not all(letter.isalnum() or letter in "-_" for letter in entry.name) or len(entry.name) > 40:
        raise ValueError("`name` has letters, digits, - and _, at most 40")
    shape = _shape(entry)
    if entry.path is not None:
        request = msgspec.structs.replace(shape.request, path=entry.path)
        shape = parse_shape(msgspec.to_builtins(msgspec.structs.replace(shape, request=request)))
    parts = urlsplit(entry.url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("`url` is the beginning of the provider's addresses, as in its documentation: https://HOST")
    key = _key(entry, folder, environment)
    if shape.request.key is KeyPlace.BASIC and not entry.account:
        raise ValueError("`account` is missing: this provider wants an account id beside the key")
    if entry.monthly_lookups < 1:
        raise ValueError("`monthly_lookups` is at least 1; `enabled: false` switches a provider off")
    if entry.price < 0 or (entry.monthly_budget is not None and entry.monthly_budget < 0):
        raise ValueError("`price` and `monthly_budget` are not negative")
    if entry.per_minute < 1 or not 0.1 <= entry.timeout_seconds <= 60:
        raise ValueError("`per_minute` is at least 1, and `timeout_seconds` from 0.1 to 60")
    if not 0 < entry.remember_days <= 365 or not 0 < entry.remember_nothing_days <= 365:
        raise ValueError("`remember_days` and `remember_nothing_days` are at most 365")
    if refused := [kind for kind in entry.classes if kind not in ASKABLE]:
        raise ValueError(f"`classes` may not have {', '.join(refused)}: nobody behind such a network can be named")
    return ProviderSettings(
        name=entry.name,
        shape=shape,
        url=entry.url.rstrip("/"),
        key=key,
        account=str(entry.account or ""),
        budget=Budget(
            entry.monthly_lookups,
            None if entry.monthly_budget is None else int(entry.monthly_budget * MICROS),
            int(entry.price * MICROS),
        ),
        per_minute=entry.per_minute,
        timeout_seconds=entry.timeout_seconds,
        classes=frozenset(entry.classes),
        remember=timedelta(days=entry.remember_days),
        remember_nothing=timedelta(days=entry.remember_nothing_days),
    )


def shape_names() -> list[str]:
    return sorted(file.name.removesuffix(".yaml") for file in SHAPES.iterdir() if file.name.endswith(".yaml"))


def load_shape(name: str) -> Shape:
    """One of ours. Raises ValueError for a name that is none."""
    if name not in shape_names():
        raise ValueError(
            f"there is no shape {name!r}; there are {', '.join(shape_names())}, and `shape` may be your own"
        )
    return parse_shape(yaml.safe_load((SHAPES / f"{name}.yaml").read_text(encoding="utf-8")))


def _shape(entry: Entry) -> Shape:
    if isinstance(entry.shape, dict):
        try:
            return parse_shape({"name": entry.name, "title": entry.name, **entry.shape})
        except ShapeRefused as refused:
            raise ValueError(f"`shape`: {refused}") from None
    return load_shape(entry.shape or entry.name)


def _key(entry: Entry, folder: Path, environment: Mapping[str, str]) -> str:
    given = [value for value in (entry.key, entry.key_variable, entry.key_file) if value]
    if len(given) != 1:
        raise ValueError("give one of `key`, `key_variable` (of the environment) and `key_file`")
    if entry.key_variable:
        key = environment.get(entry.key_variable, "")
        if not key:
            raise ValueError(f"the variable {entry.key_variable} is not set")
    elif entry.key_file:
        try:
            key = (folder / entry.key_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise ValueError(f"`key_file` {entry.key_file} cannot be read") from None
    else:
        key = entry.key or ""
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ValueError("the key is empty, or no plain text")
    return key

"""Every LEADLIGHT_* variable, read once into one frozen object."""

import difflib
import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from leadlight.errors import ConfigurationError

PREFIX = "LEADLIGHT_"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

VARIABLES: Mapping[str, str] = {
    "LEADLIGHT_DATA": "Folder for the database, the embedded log and the secret. Default: .leadlight in the working directory.",
    "LEADLIGHT_HOST": "Address to listen on. Default: 127.0.0.1.",
    "LEADLIGHT_PORT": "Port to listen on. Default: 8000 for `up`, one of its own for each service of `run`.",
    "LEADLIGHT_BUS_URL": "Event log: `embedded:` (default) or kafka://host:port[,host:port].",
    "LEADLIGHT_DATABASE_URL": "Database: SQLite in the data folder (default), or postgresql+asyncpg://user:password@host/name.",
    "LEADLIGHT_SECRET": "Secret that seals stored credentials; at least 32 characters, the same for every process. "
    "Default: made once and kept in the data folder.",
    "LEADLIGHT_INSTANCE": "Name of this instance, different for each of several on one host. Default: the host's name.",
    "LEADLIGHT_PUBLIC_URL": "Address under which browsers reach Leadlight, as in https://leads.shop.example. "
    "Default: http://HOST:PORT.",
    "LEADLIGHT_TRUSTED_PROXIES": "Networks whose forwarding headers are believed, comma-separated. Default: none.",
    "LEADLIGHT_WEBHOOK_ALLOW": "Networks that webhooks and installation checks may reach although private, "
    "comma-separated. Default: none.",
    "LEADLIGHT_SPOOL_BYTES": "What a collector may keep on its own disk while Kafka is away; 0 for nothing. Default: 1GiB.",
    "LEADLIGHT_RESOLVERS": "Name servers that tell the names of visitors' addresses, comma-separated, as in 192.0.2.53 or "
    "[2001:db8::53]:5353; `off` for no reverse look-ups. Default: the system's.",
    "LEADLIGHT_PROVIDERS": "File that names the paid services to ask about companies. Default: providers.yaml in the data "
    "folder, if it is there.",
    "LEADLIGHT_LOG_LEVEL": "debug, info (default), warning or error.",
    "LEADLIGHT_LOG_FORMAT": "text (default on a terminal) or json.",
}

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
SECRET_MINIMUM_CHARACTERS = 32
"""A shorter secret could be guessed off a stolen database."""

SPOOL_MINIMUM_BYTES = 1 << 20
"""A smaller one would not hold a few large posts."""

_SIZE = re.compile(r"(?P<number>[0-9]{1,15})\s*(?P<unit>|KiB|MiB|GiB)", re.IGNORECASE)
_UNITS = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process was configured. Made once at the start and passed on."""

    data: Path = Path(".leadlight")
    host: str = "127.0.0.1"
    port: int | None = None  # None: the service's own default
    bus_url: str = "embedded:"
    database_url: str = field(default="", repr=False)  # empty: SQLite in the data folder; else it holds a password
    secret: str = field(default="", repr=False)  # empty: made once and kept in the data folder
    instance: str = field(default_factory=socket.gethostname)
    public_url: str | None = None
    trusted_proxies: tuple[Network, ...] = ()
    webhook_allow: tuple[Network, ...] = ()
    spool_bytes: int = 1 << 30
    resolvers: tuple[str, ...] | None = ()  # empty: the system's; None: no reverse look-ups
    providers: Path | None = None  # None: in the data folder
    log_level: str = "info"
    log_format: str = "text"

    @property
    def embedded(self) -> bool:
        """Whether the event log is the embedded one, so that a single process must hold everything."""
        return not self.bus_url.startswith("kafka://")

    @property
    def sqlite(self) -> bool:
        return self.effective_database_url.startswith("sqlite")

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{self.data.absolute() / 'leadlight.db'}"

    def with_port(self, port: int) -> "Settings":
        return replace(self, port=port)


def read_settings(environment: Mapping[str, str] = os.environ, **given: object) -> Settings:
    """Settings from LEADLIGHT_* variables; `given` (command line options that are not None) wins.

    Raises:
        ConfigurationError: a variable is misspelt or its value makes no sense; the message names it and the way out.
    """
    for name in environment:
        if name.startswith(PREFIX) and name not in VARIABLES:
            nearest = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.0)[0]
            raise ConfigurationError(
                f"{name} is not a setting of Leadlight. Did you mean {nearest}? `leadlight --help` lists them all."
            )
    values = {name: environment[name].strip() for name in VARIABLES if environment.get(name, "").strip()}
    settings = Settings()
    chosen: dict[str, object] = {}
    for name, text in values.items():
        chosen[name.removeprefix(PREFIX).lower()] = _parse(name, text)
    chosen |= {name: value for name, value in given.items() if value is not None}
    if isinstance(chosen.get("data"), str):
        chosen["data"] = Path(str(chosen["data"]))
    return replace(settings, **chosen)  # type: ignore[arg-type]


def _parse(name: str, text: str) -> object:
    match name:
        case "LEADLIGHT_DATA" | "LEADLIGHT_PROVIDERS":
            return Path(text).expanduser()
        case "LEADLIGHT_PORT":
            return _port(name, text)
        case "LEADLIGHT_TRUSTED_PROXIES" | "LEADLIGHT_WEBHOOK_ALLOW":
            return _networks(name, text)
        case "LEADLIGHT_SPOOL_BYTES":
            return _size(name, text)
        case "LEADLIGHT_RESOLVERS":
            return _resolvers(name, text)
        case "LEADLIGHT_LOG_LEVEL":
            return _one_of(name, text.lower(), LEVELS)
        case "LEADLIGHT_LOG_FORMAT":
            return _one_of(name, text.lower(), FORMATS)
        case "LEADLIGHT_BUS_URL":
            if not text.startswith(("embedded:", "kafka://")):
                raise ConfigurationError(f"{name}={text}: expected embedded: or kafka://host:port[,host:port].")
            return text
        case "LEADLIGHT_DATABASE_URL":
            if not text.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite://")):
                raise ConfigurationError(f"{name}: expected postgresql+asyncpg://user:password@host/name.")
            return text
        case "LEADLIGHT_PUBLIC_URL":
            if not text.startswith(("http://", "https://")):
                raise ConfigurationError(f"{name}={text}: expected an address that begins with http:// or https://.")
            return text.rstrip("/")
        case "LEADLIGHT_SECRET":
            if len(text) < SECRET_MINIMUM_CHARACTERS:
                raise ConfigurationError(
                    f"{name} has {len(text)} characters; at least {SECRET_MINIMUM_CHARACTERS} are needed. "
                    "`openssl rand -hex 32` makes one."
                )
            return text
    return text


def _port(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise ConfigurationError(f"{name}={text}: expected a port number from 1 to 65535.")
    return int(text)


def _resolvers(name: str, text: str) -> tuple[str, ...] | None:
    if text.lower() == "off":
        return None
    found = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        host, port = part, ""
        if part.startswith("["):
            host, _, port = part[1:].partition("]")
            port = port.removeprefix(":")
        elif part.count(":") == 1:
            host, port = part.split(":")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            raise ConfigurationError(
                f"{name}={text}: expected addresses such as 192.0.2.53 or [2001:db8::53]:5353, or `off`."
            ) from None
        shown = f"[{address}]" if address.version == 6 else str(address)
        found.append(f"{shown}:{_port(name, port)}" if port else shown)
    return tuple(found)


def _size(name: str, text: str) -> int:
    match = _SIZE.fullmatch(text)
    size = int(match["number"]) * _UNITS[match["unit"].lower()] if match else -1
    if size != 0 and size < SPOOL_MINIMUM_BYTES:
        raise ConfigurationError(
            f"{name}={text}: expected a size such as 512MiB or 2GiB, at least {SPOOL_MINIMUM_BYTES >> 20}MiB, or 0."
        )
    return size


def _one_of(name: str, text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise ConfigurationError(f"{name}={text}: expected one of {', '.join(allowed)}.")
    return text


def _networks(name: str, text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}. Expected networks such as 10.0.0.0/8,192.0.2.1.") from error

"""In which country an address is: by a proxy that knows, or by a file of networks that the operator has put in place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import maxminddb
from maxminddb import InvalidDatabaseError, Reader

from leadlight.core.sites.countries import NAMES
from leadlight.logs import get_logger

log = get_logger(__name__)

FILE = Path("networks") / "country.mmdb"
"""Below the data folder. MaxMind, IPinfo and DB-IP are read; city files too."""

HEADERS = (
    b"cf-ipcountry",  # Cloudflare
    b"cloudfront-viewer-country",  # Amazon CloudFront
    b"x-vercel-ip-country",  # Vercel
    b"x-appengine-country",  # Google App Engine
    b"x-client-region",  # Google Cloud load balancers, by their documentation's example
    b"x-azure-clientcountry",  # Azure Front Door, by rule
    b"fastly-client-country",  # Fastly, by convention
    b"x-geo-country",
    b"x-country-code",  # nginx and others, by convention
)
"""In which proxies tell a visitor's country, by ISO 3166-1 alpha-2."""


def country_told(headers: Mapping[bytes, bytes]) -> str | None:
    """The country that a trusted proxy tells. `XX`, `T1` (Tor) and `ZZ` are no countries."""
    for name in HEADERS:
        if (told := headers.get(name)) is not None:
            code = told.strip().upper().decode("latin-1")
            return code if code in NAMES else None
    return None


def country_in(record: Any) -> str | None:
    """The country's code in a record of any of the known files."""
    if not isinstance(record, Mapping):
        return None
    country = record.get("country")
    if isinstance(country, Mapping):  # MaxMind, DB-IP
        found = country.get("iso_code") or country.get("code")
    else:  # IPinfo: `country_code`, formerly `country`
        found = record.get("country_code") or country
    if found is None and isinstance(registered := record.get("registered_country"), Mapping):
        found = registered.get("iso_code")
    code = found.upper() if isinstance(found, str) else ""
    return code if code in NAMES else None


class Countries:
    """The operator's file, opened again when it was replaced."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE
        self._reader: Reader | None = None
        self._changed_ns = 0

    def of(self, address: str) -> str | None:
        """None: not known."""
        if self._reader is None:
            return None
        try:
            return country_in(self._reader.get(address))
        except (ValueError, InvalidDatabaseError):  # IPv6 in a file of IPv4, or a broken file
            return None

    def refresh(self) -> bool:
        """Open what is there now; whether that is another file than before."""
        try:
            changed_ns = self._path.stat().st_mtime_ns
        except OSError:
            changed_ns = 0
        if changed_ns == self._changed_ns:
            return False
        self._changed_ns = changed_ns
        self._reader = None  # not closed: somebody may be reading; the collector of garbage does it
        if changed_ns:
            try:
                self._reader = maxminddb.open_database(self._path, maxminddb.MODE_MEMORY)
            except (OSError, ValueError, InvalidDatabaseError) as error:
                log.warning("the file of countries cannot be read", path=str(self._path), error=str(error))
        return True

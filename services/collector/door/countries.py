"""In which country an address is: by a proxy that knows, or by the network data that the operator has put in place."""

from collections.abc import Mapping
from pathlib import Path

from leadlight.core.sites.countries import NAMES
from leadlight.runtime.networks import Networks

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


class Countries:
    """The operator's network data as far as they tell countries, opened again when they were replaced."""

    def __init__(self, data: Path) -> None:
        self._networks = Networks(data, only=("country",))

    def of(self, address: str) -> str | None:
        """None: not known."""
        return self._networks.look_up(address).place.country

    def refresh(self) -> bool:
        """Open what is there now; whether those are other files than before."""
        return self._networks.refresh()

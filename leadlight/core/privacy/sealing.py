"""Addresses sealed with the random key of a day, and the ids that stand in for visitors who leave nothing behind."""

import base64
import binascii
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DAY_KEY_BYTES = 32
NONCE_BYTES = 12

KEPT = timedelta(hours=48)
"""A day's key is destroyed when it is this old; what it sealed can then be opened by nobody."""

COOKIELESS_PREFIX = "day:"
"""Before an anonymous id that ends with its day."""

REMEMBERED = 4_096
_PSEUDONYM_BYTES = 16


class CannotUnseal(Exception):
    """The address is not one that this day's key sealed for this site."""


class DayKey:
    """The random key of one UTC day. What it seals and whom it names hang on the site, so sites cannot be compared."""

    def __init__(self, day: date, key: bytes) -> None:
        self.day = day
        self._label = day.isoformat()
        self._seal = AESGCM(_derived(key, b"address"))
        self._naming = _derived(key, b"visitor")
        self.pseudonym = lru_cache(REMEMBERED)(self._pseudonym)

    def seal(self, site: str, address: str, nonce: bytes) -> str:
        """The address as it may be stored: `DAY.base64`."""
        sealed = nonce + self._seal.encrypt(nonce, ip_address(address).packed, self._bound_to(site))
        return f"{self._label}.{base64.b64encode(sealed).decode()}"

    def unseal(self, site: str, sealed: str) -> str:
        """The address again.

        Raises:
            CannotUnseal: it was sealed for another day or site, or is no sealed address at all.
        """
        label, _, coded = sealed.partition(".")
        try:
            if label != self._label:
                raise ValueError(label)
            body = base64.b64decode(coded, validate=True)
            packed = self._seal.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], self._bound_to(site))
        except (ValueError, binascii.Error, InvalidTag) as error:
            raise CannotUnseal(f"not an address that the key of {self._label} sealed for this site") from error
        return str(ip_address(packed))

    def _pseudonym(self, site: str, address: str | None, agent: str | None) -> str:
        told = "\n".join((site, address or "", agent or "")).encode("utf-8", "replace")
        return COOKIELESS_PREFIX + blake2b(told, digest_size=_PSEUDONYM_BYTES, key=self._naming).hexdigest()

    def _bound_to(self, site: str) -> bytes:
        return f"{site}\n{self._label}".encode()


def day_of(sealed: str) -> date | None:
    """The day whose key opens the address."""
    try:
        return date.fromisoformat(sealed.partition(".")[0])
    except ValueError:
        return None


def is_over(day: date, now: datetime) -> bool:
    """Whether the day's key must exist no more."""
    return now - datetime(day.year, day.month, day.day, tzinfo=UTC) >= KEPT


def _derived(key: bytes, label: bytes) -> bytes:
    return blake2b(key=key, person=label, digest_size=DAY_KEY_BYTES).digest()

"""Passes: how a command proves to the running process that it may ask, without a password of its own.

Whoever can read the installation's secret can make one. It names one purpose and one body, and is good for a minute.
"""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

LIFETIME = timedelta(seconds=60)
"""Either way, so that a clock may be a little wrong."""


def make_pass(secret: bytes, purpose: str, body: bytes, *, now: datetime) -> str:
    """A pass for one request."""
    return _sealed(secret, purpose, f"{int(now.timestamp())}.{sha256(body).hexdigest()}")


def is_genuine(given: str, secret: bytes, purpose: str, *, now: datetime) -> bool:
    """Whether it was made for this purpose, with our secret, within the last minute: before the body is even read."""
    moment, _, _ = given.partition(".")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        return False
    expected = _sealed(secret, purpose, given.rpartition(".")[0])
    fresh = abs(now.timestamp() - int(moment)) <= LIFETIME.total_seconds()
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode(errors="replace")) and fresh


def is_for(given: str, body: bytes) -> bool:
    """Whether a genuine pass was made for this body."""
    return given.split(".")[1] == sha256(body).hexdigest()


def _sealed(secret: bytes, purpose: str, content: str) -> str:
    key = hmac.new(secret, b"leadlight pass", sha256).digest()
    return f"{content}.{hmac.new(key, f'{purpose} {content}'.encode(errors='replace'), sha256).hexdigest()}"

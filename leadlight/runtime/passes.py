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
    moment = int(now.timestamp())
    return f"{moment}.{_seal(secret, purpose, body, moment)}"


def is_good(given: str, secret: bytes, purpose: str, body: bytes, *, now: datetime) -> bool:
    """Whether it was made for this purpose and body, with our secret, within the last minute."""
    moment, _, sealed = given.partition(".")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        return False
    expected = _seal(secret, purpose, body, int(moment))
    fresh = abs(now.timestamp() - int(moment)) <= LIFETIME.total_seconds()
    return hmac.compare_digest(sealed.encode(errors="replace"), expected.encode()) and fresh


def _seal(secret: bytes, purpose: str, body: bytes, moment: int) -> str:
    key = hmac.new(secret, b"leadlight pass", sha256).digest()
    message = b"%b\n%d\n%b" % (purpose.encode(), moment, sha256(body).digest())
    return hmac.new(key, message, sha256).hexdigest()

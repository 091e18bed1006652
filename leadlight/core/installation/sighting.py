"""The token by which an owner's own page view is known again, while they look whether it arrives.

It stands in the query of the page they open, is good for one site and an hour, and can be told genuine without asking
anybody: whoever sends made-up ones costs one hash and leaves nothing behind.
"""

import hmac
import re
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

PARAMETER = "leadlight_check"
MARK = PARAMETER.encode() + b"="
LIFETIME = timedelta(hours=1)

_TOKEN = re.compile(rb"leadlight_check=([0-9a-f]{8}-[0-9a-f]{16}-[0-9a-f]{32})(?![0-9a-f])")


def make_token(secret: bytes, site: str, *, now: datetime, random: bytes) -> str:
    """A token for one visit to one site; `random` are 8 bytes."""
    return _token(secret, site, f"{int(now.timestamp()):08x}", random.hex())


def tokens_in(body: bytes, secret: bytes, site: str, *, now: datetime) -> set[str]:
    """The tokens in a post's text that were made for this site within the hour."""
    return {token for given in set(_TOKEN.findall(body)[:8]) if is_good(token := given.decode(), secret, site, now=now)}


def is_good(token: str, secret: bytes, site: str, *, now: datetime) -> bool:
    """Whether the token was made for this site within the hour."""
    moment, _, rest = token.partition("-")
    random, _, _ = rest.partition("-")
    if not re.fullmatch("[0-9a-f]{8}", moment):
        return False
    genuine = hmac.compare_digest(token.encode(errors="replace"), _token(secret, site, moment, random).encode())
    return genuine and abs(now.timestamp() - int(moment, 16)) <= LIFETIME.total_seconds()


def marked(address: str, token: str) -> str:
    """The page's address with the token in its query."""
    parts = urlsplit(address)
    query = f"{parts.query}&" if parts.query else ""
    return parts._replace(query=f"{query}{PARAMETER}={token}").geturl()


def _token(secret: bytes, site: str, moment: str, random: str) -> str:
    key = hmac.new(secret, b"leadlight check", sha256).digest()
    return f"{moment}-{random}-{hmac.new(key, f'{site} {moment} {random}'.encode(), sha256).hexdigest()[:32]}"

"""Landings: how a page's address tells which link led to it, in the parameter `ll`.

Three spellings. A link's own token, put on the owner's page directly; `c.` and a token that was made for one click on a
tracked link; `h.` and a keyed hash of the reader's e-mail address, which mailing programs can merge in by themselves.
"""

import hmac
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import unquote
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag

from leadlight.core.intake.tracked_links import TOKEN_CHARACTERS, Link, coded, decoded, link_id, read, sealer

PARAMETER = "ll"

CLICK_PREFIX = "c."
MERGE_PREFIX = "h."

LANDING_TIME = timedelta(minutes=15)
"""How long after the click its page may be seen: slow phones, sign-ins on the way. The address is then used up."""

CLOCK_ERROR = timedelta(minutes=1)
"""By which a page view may seem earlier than the click: browsers' clocks are put right only when they err by more than
half of it."""

HEAD_REQUEST, PREFETCH, HONEYPOT = "head_request", "prefetch", "honeypot"
"""What the door may have seen of a click that readers do not do."""

_PURPOSE = b"leadlight landings v1"
_PLAUSIBLE = re.compile(rf"(?:c\.)?[A-Za-z0-9_-]{{40,{TOKEN_CHARACTERS}}}|h\.[0-9A-Fa-f]{{64}}")
_PARTS = re.compile(r"[?&;]")
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Landing(msgspec.Struct, frozen=True, array_like=True):
    """One click on a link that was made for one person, and what the door saw of it."""

    site: str
    link: bytes  # the link's id
    click: bytes  # the id of the event that tells of the click
    clicked_at_ms: int  # since 1970
    person: str  # normalised e-mail
    campaign: str | None = None
    seen: tuple[str, ...] = ()


class Opened(msgspec.Struct, frozen=True):
    """What a token says once the seal is off: for whom the link was made, and under which circumstances it was followed."""

    person: str  # normalised e-mail
    link: str  # id
    campaign: str | None = None
    click: str | None = None  # the id of the event that the door made of the click; None: nobody came through the door
    clicked_at: datetime | None = None
    seen: tuple[str, ...] = ()


def landing_token(
    link: Link, token: str, secret: bytes, *, click: str, now: datetime, seen: tuple[str, ...] = ()
) -> str:
    """The token with which the page that a link leads to can be tied to this very click. `token` is the link's own."""
    assert link.person is not None, "a link for everybody leads on without a token"
    landing = Landing(
        link.site,
        bytes.fromhex(link_id(token)),
        UUID(click).bytes,
        (now - _EPOCH) // _MILLISECOND,
        link.person,
        link.campaign,
        seen,
    )
    return CLICK_PREFIX + coded(sealer(secret, _PURPOSE).encrypt(msgspec.msgpack.encode(landing), []))


def opened(token: str, secret: bytes, *, site: str, at: datetime) -> Opened | None:
    """What a token says about a page seen `at` this moment on this site; None if it says nothing about it: tampered
    with, another site's, over by then, or made for nobody in particular."""
    if token.startswith(MERGE_PREFIX):
        return None
    if token.startswith(CLICK_PREFIX):
        return _opened_landing(token.removeprefix(CLICK_PREFIX), secret, site, at)
    link = read(token, secret)
    if link is None or link.person is None or link.site != site or link.is_over(at):
        return None
    return Opened(link.person, link_id(token), link.campaign, seen=(HONEYPOT,) if link.honeypot else ())


def _opened_landing(token: str, secret: bytes, site: str, at: datetime) -> Opened | None:
    sealed = decoded(token)
    if sealed is None:
        return None
    try:
        landing = msgspec.msgpack.decode(sealer(secret, _PURPOSE).decrypt(sealed, []), type=Landing)
        clicked_at = _EPOCH + landing.clicked_at_ms * _MILLISECOND
        click = str(UUID(bytes=landing.click))
    except (InvalidTag, msgspec.DecodeError, ValueError, OverflowError):
        return None
    if landing.site != site or not clicked_at - CLOCK_ERROR <= at <= clicked_at + LANDING_TIME:
        return None
    return Opened(landing.person, landing.link.hex(), landing.campaign, click, clicked_at, landing.seen)


def merge_hash(key: bytes, email: str) -> str:
    """What stands for a normalised e-mail address in a mailing of whoever has the site's mail-merge key."""
    return hmac.digest(key, email.encode(), sha256).hex()


def merge_hash_of(token: str) -> str | None:
    """The keyed hash that a token is; None if it is of another spelling."""
    if not token.startswith(MERGE_PREFIX) or not is_plausible(token):
        return None
    return token.removeprefix(MERGE_PREFIX).lower()


def is_plausible(token: str) -> bool:
    """Whether this may be a token, as far as its spelling tells."""
    return len(token) <= TOKEN_CHARACTERS and _PLAUSIBLE.fullmatch(token) is not None


def with_token(url: str, token: str) -> str:
    """The address with this token, in the place of any it had; all else of it as it was."""
    before, mark, fragment = url.partition("#")
    path, _, query = before.partition("?")
    kept = [part for part in query.split("&") if part.partition("=")[0] != PARAMETER] if query else []
    return f"{path}?{'&'.join([*kept, f'{PARAMETER}={token}'])}{mark}{fragment}"


def token_in(*texts: object) -> str | None:
    """The first plausible token in these addresses, or queries of addresses."""
    for text in texts:
        if type(text) is str and "ll=" in text and (found := _token_of(text)) is not None:
            return found
    return None


def _token_of(text: str) -> str | None:
    before, _, fragment = text[: 3 * TOKEN_CHARACTERS].partition("#")
    for part in (before, fragment):  # some applications keep their route, and its query, after the #
        for one in _PARTS.split(part):
            name, _, value = one.partition("=")
            if name == PARAMETER and is_plausible(plain := unquote(value) if "%" in value else value):
                return plain
    return None

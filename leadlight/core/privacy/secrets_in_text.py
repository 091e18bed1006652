"""What in a text is nobody's business: e-mail addresses, tokens, and parameters that carry secrets by their name."""

import re
from functools import lru_cache
from urllib.parse import unquote_plus

MASK = "(email)"
"""Stands where an e-mail address stood. May be part of a web address as it is."""

TOKEN_MASK = "(token)"

CLICK_IDS = {
    name.casefold(): name
    for name in (
        "gclid",  # Google Ads
        "gbraid",  # Google Ads, from apps
        "wbraid",  # Google Ads, to apps
        "dclid",  # Google Display & Video
        "fbclid",  # Meta
        "msclkid",  # Microsoft
        "ttclid",  # TikTok
        "twclid",  # X
        "li_fat_id",  # LinkedIn
        "yclid",  # Yandex
        "rdt_cid",  # Reddit
        "ScCid",  # Snapchat
        "epik",  # Pinterest
        "irclickid",  # Impact
        "obclid",  # Outbrain
        "tblci",  # Taboola
        "qclid",  # Quora
    )
}
"""Parameters that advertisers add, by their name in lower case."""

_SECRET_NAMES = """
    email mail emailaddress token accesstoken idtoken refreshtoken password passwd pwd pass passphrase pin secret
    clientsecret key apikey accesskey auth authorization authtoken oauthtoken oauthverifier bearer credential
    credentials session sessionid sessid sid phpsessid jsessionid aspsessionid signature sig hmac jwt otp totp mfa
    phone phonenumber mobile telephone tel ssn iban creditcard cardnumber cvv cvc samlresponse samlrequest
    username ticket invitation verificationcode
"""
_BEFORE_TOKEN_NAMES = """
    reset password resetpassword token verify verification confirm confirmation activate activation invite
    invitation unsubscribe magic magiclink login signin auth
"""
_SECRET = frozenset(_SECRET_NAMES.split())
_BEFORE_TOKENS = frozenset(_BEFORE_TOKEN_NAMES.split())
"""Parts of paths after which comes what only one person may know."""

_SECRET_ENDINGS = ("token", "password", "secret", "apikey", "email", "signature", "sessionid", "credential")
_JOINTS = str.maketrans("", "", "-_.[]$ ")

_EMAIL = re.compile(
    r"[^\s@\x00-\x20\"'()<>\[\],:;&=?/#]{1,64}@[^\W_](?:[\w-]{0,62}[^\W_])?(?:\.[^\W_](?:[\w-]{0,62}[^\W_])?)+"
)
_JWT = re.compile(r"eyJ[\w-]{8,512}\.[\w-]{4}")
_RUN = re.compile(r"[A-Za-z0-9]{32,}")
"""Letters and digits in a run longer than any word or id that people choose."""

_DIGIT_THEN_LETTER = re.compile(r"\d[A-Za-z]")
_LETTER_THEN_DIGIT = re.compile(r"[A-Za-z]\d")

_NAME_CHARACTERS = 100
"""Longer names are not remembered: strangers could fill the memory with them."""

_MOST_CODED = 3
"""How many times something may be percent-encoded before we stop unwrapping it."""


def is_secret(name: str) -> bool:
    """Whether a parameter of this name carries what nobody should store."""
    return _is_known_secret(name) if len(name) <= _NAME_CHARACTERS else _is_secret(name)


def _is_secret(name: str) -> bool:
    plain = unquote_plus(name).casefold().translate(_JOINTS)
    return plain in _SECRET or plain.endswith(_SECRET_ENDINGS) or plain.startswith("reset")


_is_known_secret = lru_cache(4_096)(_is_secret)


def holds_email(text: str) -> bool:
    """Whether an e-mail address stands in the text, also percent-encoded."""
    return ("@" in text or "%" in text) and any("@" in plain and _EMAIL.search(plain) for plain in _unwrapped(text))


def holds_token(text: str) -> bool:
    """Whether something stands in the text that only a machine could have made up: a signed token, a long random run."""
    if len(text) < 16:
        return False
    for plain in _unwrapped(text):
        if is_signed_token(plain) or any(looks_made_up(run) for run in _RUN.findall(plain)):
            return True
    return False


def is_signed_token(text: str) -> bool:
    return "." in text and _JWT.search(text) is not None


def leads_to_token(part: str) -> bool:
    """Whether what follows this part of a path is for one person alone: `/reset-password/...`."""
    return bool(part) and not _BEFORE_TOKENS.isdisjoint(re.split(r"[^a-z]+", part.casefold()))


def looks_made_up(text: str) -> bool:
    """Whether letters and digits are mixed as no word does."""
    return _DIGIT_THEN_LETTER.search(text) is not None and _LETTER_THEN_DIGIT.search(text) is not None


def holds_secret_parameter(text: str) -> bool:
    """Whether the text, itself an address or query, has a parameter that carries a secret."""
    if "=" not in text and "%" not in text:
        return False
    for plain in _unwrapped(text):
        if "=" in plain and any(
            is_secret(part.partition("=")[0]) for part in re.split(r"[?&;#]", plain) if "=" in part
        ):
            return True
    return False


def without_emails(text: str) -> str:
    """The text with each e-mail address masked."""
    if "@" not in text and "%" not in text:
        return text
    masked = text
    while (again := _EMAIL.sub(MASK, masked)) != masked:
        masked = again
    return MASK if holds_email(masked) else masked


def _unwrapped(text: str) -> list[str]:
    """The text, and what it is when decoded once, twice ..."""
    found = [text]
    for _ in range(_MOST_CODED):
        plain = unquote_plus(found[-1])
        if plain == found[-1]:
            break
        found.append(plain)
    return found

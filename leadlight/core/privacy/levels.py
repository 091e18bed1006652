"""The privacy ladder: how much may be known of a visitor, and what is left of a call one step below the top."""

from collections.abc import Mapping
from typing import Any, Final

from leadlight.core.privacy.secrets_in_text import without_emails
from leadlight.core.sites.settings import Privacy

STEPS: Final = {level: step for step, level in enumerate(Privacy)}
"""Levels as numbers, which are compared fast: the higher, the more may be known."""

NONE: Final = STEPS[Privacy.NONE]
COMPANY_ONLY: Final = STEPS[Privacy.COMPANY_ONLY]
PSEUDONYMOUS: Final = STEPS[Privacy.PSEUDONYMOUS]
IDENTIFIED: Final = STEPS[Privacy.IDENTIFIED]

_PERSONAL: Final = frozenset(
    [
        *("email", "emailaddress", "mail", "phone", "phonenumber", "mobile", "telephone", "tel"),
        *("firstname", "lastname", "fullname", "givenname", "familyname", "surname", "username", "contactname"),
        *("birthday", "birthdate", "dateofbirth", "street", "postalcode", "zip", "userid"),
    ]
)
_JOINTS: Final = str.maketrans("", "", "-_. ")


def step_of_consent(consent: Any) -> int:
    """The most that a visitor's choice allows, from Segment's `context.consent`.

    What was not asked forbids nothing; what was asked and not answered with a plain yes is a no.
    """
    if not isinstance(consent, Mapping):
        return IDENTIFIED
    told = consent.get("categoryPreferences")
    if not isinstance(told, Mapping):
        return IDENTIFIED
    chosen = {str(name).casefold(): answer is True for name, answer in told.items()}
    if not chosen.get("analytics", True):
        return NONE
    return IDENTIFIED if chosen.get("marketing", True) and chosen.get("advertising", True) else PSEUDONYMOUS


def impersonal(value: Any) -> Any:
    """What properties say apart from persons: e-mail addresses masked wherever they stand, personal fields left out."""
    if isinstance(value, str):
        return without_emails(value)
    if isinstance(value, dict):
        return {
            without_emails(key): impersonal(inner)
            for key, inner in value.items()
            if key.casefold().translate(_JOINTS) not in _PERSONAL
        }
    if isinstance(value, list):
        return [impersonal(inner) for inner in value]
    return value

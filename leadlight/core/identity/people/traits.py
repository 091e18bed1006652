"""What people say about themselves, under the names that sites and libraries use for it."""

from collections.abc import Mapping
from typing import Any

from leadlight.core.identity.companies.names import stated_name
from leadlight.core.ids import is_generic

VALUE_CHARACTERS = 200

NAME = ("name", "fullName", "full_name")
FIRST_NAME = ("firstName", "first_name", "firstname", "givenName", "given_name")
LAST_NAME = ("lastName", "last_name", "lastname", "familyName", "family_name")
PHONE = ("phone", "phoneNumber", "phone_number", "telephone", "mobile")
JOB_TITLE = ("job_title", "jobTitle", "title", "position")
COMPANY = ("company", "company_name", "companyName", "organization", "organisation")


def person_traits(traits: Mapping[str, Any]) -> dict[str, str]:
    """Name, phone, job title and company, where they are stated."""
    names = [text for part in (FIRST_NAME, LAST_NAME) if (text := _first(traits, part))]
    company = next((name for key in COMPANY if (name := stated_name(traits.get(key)))), None)
    found = {
        "name": _first(traits, NAME) or " ".join(names),
        "phone": _first(traits, PHONE),
        "job_title": _first(traits, JOB_TITLE),
        "company": company,
    }
    return {field: value for field, value in found.items() if value}


def _first(traits: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        value = traits.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str):
            text = " ".join(value.split())[:VALUE_CHARACTERS]
            if text and not is_generic(text):
                return text
    return None

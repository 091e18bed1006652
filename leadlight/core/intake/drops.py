"""The reasons for which a call is not admitted."""

from enum import StrEnum


class Drop(StrEnum):
    """Why an event was not admitted. Shown to the site's owner; names are metric labels and stand in a response header."""

    NOT_AN_OBJECT = "not_an_object"  # a member of the batch is a number, a string, a list ...
    WRONG_TYPE = "wrong_type"  # a field that is read is not of its type: `properties` is a list, `event` a number
    UNKNOWN_TYPE = "unknown_type"  # `type` is none of page, screen, track, identify, group, alias
    TOO_LARGE = "too_large"  # more than 32 KB
    TOO_DEEP = "too_deep"  # objects and lists nested further than anybody reads
    NO_IDENTITY = (
        "no_identity"  # neither anonymous id nor user id, or only such as stand for everybody: `null`, `0` ...
    )
    ID_TOO_LONG = "id_too_long"  # an anonymous id or user id over 200 characters: cut, it could be somebody else's
    NO_NAME = "no_name"  # a `track` call that doesn't say what happened
    BAD_ENGAGEMENT = "bad_engagement"  # `Page Engaged` without a page view, a time, or with a negative one
    NO_CONSENT = (
        "no_consent"  # the visitor chose not to be followed: consent refused, Global Privacy Control, Do Not Track
    )
    PRIVACY_NONE = "privacy_none"  # the site's privacy level, or the one for the visitor's country, is *none*
    PERSON_REFUSED = "person_refused"  # says only who somebody is, where the privacy level lets nobody be named
    FOREIGN_ORIGIN = "foreign_origin"  # posted by a page whose host is not among the site's allowed origins
    EXCLUDED_NETWORK = "excluded_network"  # from an address that the owner leaves out: the own office
    EXCLUDED_PATH = "excluded_path"  # on a page that the owner leaves out
    EXCLUDED_EMAIL = "excluded_email"  # of a person whom the owner leaves out
    EXCLUDED_COMPANY = "excluded_company"  # of a person whose e-mail belongs to a company that the owner leaves out

"""What a site's owner is told of each reason for which events were dropped, and what can be done about it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """A reason in an owner's words."""

    what: str
    do: str


WORDS: Mapping[str, Told] = {
    "not_an_object": Told(
        "A batch held something that is no call: a number, a string, a list.",
        "Have the program that sends batches put one object in the list for each call.",
    ),
    "wrong_type": Told(
        "A field had the wrong type, such as a list where an object belongs.",
        "Compare the call with the integrators' documentation: `properties` and `traits` are objects, `event` is text.",
    ),
    "unknown_type": Told(
        "The call's type is none of page, screen, track, identify, group or alias.",
        "Have the program that sends it name one of these as `type`.",
    ),
    "too_large": Told(
        "The event was larger than 32 KB.",
        "Send less with it: leave out texts and lists that nobody reads.",
    ),
    "too_deep": Told(
        "Objects and lists were nested further than anybody reads.",
        "Flatten `properties` and `traits` before sending them.",
    ),
    "no_identity": Told(
        "Nobody to count it for: no anonymous id and no user id, or one that stands for everybody, such as null.",
        "Have the server library pass the visitor's anonymous id or the user's id, and no placeholder.",
    ),
    "id_too_long": Told(
        "The anonymous id or user id was longer than 200 characters.",
        "Send an id, not a token or a whole record.",
    ),
    "no_name": Told(
        "A track call did not say what happened.",
        'Give it a name: `leadlight.track("Quote requested")`.',
    ),
    "bad_engagement": Told(
        "A report of reading time named no page view, or no time.",
        "Nothing, unless a program of yours sends `Page Engaged`: the snippet does that by itself.",
    ),
    "no_consent": Told(
        "The visitor chose not to be followed: consent refused, Global Privacy Control or Do Not Track.",
        "Nothing: their choice is respected.",
    ),
    "privacy_none": Told(
        "The site's privacy level, or the one for the visitor's country, keeps nothing.",
        "Nothing, if that is meant; otherwise choose another privacy level in the site's settings.",
    ),
    "person_refused": Told(
        "The call only said who somebody is, and the privacy level lets nobody be named.",
        "Nothing, if that is meant; otherwise choose the level `identified` in the site's settings.",
    ),
    "foreign_origin": Told(
        "A page outside the site's allowed origins used the write key.",
        "If that page is yours, add its host to the allowed origins in the site's settings.",
    ),
    "excluded_network": Told(
        "It came from an address that the site leaves out, such as your own office.",
        "Nothing, if that is meant; otherwise take the network out of the site's exclusions.",
    ),
    "excluded_path": Told(
        "It happened on a page that the site leaves out.",
        "Nothing, if that is meant; otherwise take the path out of the site's exclusions.",
    ),
    "excluded_email": Told(
        "It was about a person whose e-mail address the site leaves out.",
        "Nothing, if that is meant; otherwise take the pattern out of the site's exclusions.",
    ),
    "excluded_company": Told(
        "It was about a person of a company that the site leaves out.",
        "Nothing, if that is meant; otherwise take the company out of the site's exclusions.",
    ),
}
"""By `Drop`, as it is stored. Every reason has its words: a test says so."""

REFUSALS: Mapping[str, Told] = {
    "refused_400": Told(
        "A post could not be read: no JSON, or not of the shape that its address takes.",
        "Look at the program that sends it: the answer to each post says what to change.",
    ),
    "refused_401": Told(
        "A post had no write key, or one that no site here has.",
        "Compare `data-key` in the pages with the set-up page: `leadlight check-install` does it for all of them.",
    ),
    "refused_405": Told(
        "Something was asked of an address that only takes posts.",
        "Nothing, unless a program of yours does it: events are sent by POST.",
    ),
    "refused_408": Told(
        "The body of a post had not arrived 10 s after its headers.",
        "Nothing, if it is rare: phones lose their network. Otherwise look at the proxy in front, and at the sender.",
    ),
    "refused_413": Told(
        "A post was larger than 500 KB, or a single call than 32 KB.",
        "Send fewer events at a time, and less with each.",
    ),
    "refused_415": Told(
        "A post was a form, or packed otherwise than with gzip.",
        "Have the program that sends it post JSON, as it is or with `Content-Encoding: gzip`.",
    ),
    "refused_431": Told(
        "The address and headers of a post were larger than 48 KB together.",
        "Look at what the sender adds to its headers: most often far too many cookies.",
    ),
}
"""By the status with which a post was refused as a whole, so that nobody knows of which site it was."""

_ANOTHER_VERSION = Told(
    "Refused by the collector, for a reason that this version does not know.",
    "Update this process to the collector's version.",
)


def told(reason: str) -> Told:
    """The words for a reason as it was stored, perhaps by a newer collector."""
    return WORDS.get(reason) or REFUSALS.get(reason, _ANOTHER_VERSION)

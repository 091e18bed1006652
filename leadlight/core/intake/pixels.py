"""The call that a pixel's address stands for: the view of a page without script, or the opening of a mail."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import DecodeError
from msgspec.json import decode, encode

from leadlight.core.records import EventType

LIBRARY = "leadlight-pixel"

KEY_PARAMETERS = ("writeKey", "key")
CALL_PARAMETERS = ("messageId", "anonymousId", "userId", "groupId", "previousId", "timestamp", "name", "event")
PAGE_PARAMETERS = ("url", "path", "title", "referrer", "search")

MAIL_PROXIES = {
    "GoogleImageProxy": "Gmail",
    "YahooMailProxy": "Yahoo Mail",
}
"""In the agent -> who fetches the images of mails on their readers' behalf."""

BARE_AGENT = "Mozilla/5.0"
"""The whole agent with which Apple's Mail Privacy Protection fetches every image, whether or not the mail is read."""

Call = dict[str, Any]


class NotACall(ValueError):
    """What `data` holds is no call. The message says why."""


def call_of(parameters: Sequence[tuple[str, str]], kind: str | None) -> Call:
    """The call in the query: of `data`, base64-coded JSON as Segment's pixel takes it, or spelt out in parameters.

    The last of several values counts. Parameters that are no field of a call become properties.

    Raises:
        NotACall: `data` is not base64, not JSON or no object.
    """
    given = dict(parameters)
    data = given.pop("data", None)
    if data is not None:
        call = _coded(data)
    else:
        key = next((given[name] for name in KEY_PARAMETERS if given.get(name)), None)
        stated = given.get("type")
        call = {name: given[name] for name in CALL_PARAMETERS if given.get(name)}
        call |= {"writeKey": key, "type": stated} if stated else {"writeKey": key}
        call["properties"] = {
            name: value
            for name, value in given.items()
            if name not in CALL_PARAMETERS and name not in KEY_PARAMETERS and name != "type"
        }
    if kind is not None:
        call["type"] = kind
    elif "type" not in call:
        call["type"] = (EventType.TRACK if call.get("event") else EventType.PAGE).value
    return call


def completed(call: Call, *, event_id: str, cookie: str | None, referrer: str | None, agent: str | None) -> Call:
    """The call with what the request itself tells: who it is, where it was, and whether a machine opened the mail.

    Each request is an event of its own, `event_id`, unless the address names one: a second view is not a repeat.
    A visitor whom neither the address nor the first-party cookie names is counted without a cookie.
    """
    context = dict(given) if isinstance(given := call.get("context"), Mapping) else {}
    properties = dict(given) if isinstance(given := call.get("properties"), Mapping) else {}
    call = {"messageId": event_id} | call | {"context": context, "properties": properties}
    if not call.get("anonymousId") and not call.get("userId"):
        if cookie:
            call["anonymousId"] = cookie
        else:
            context["cookieless"] = True
    context.setdefault("library", {"name": LIBRARY})
    if isinstance(campaign := properties.get("campaign"), str) and campaign:
        context.setdefault("campaign", {"name": campaign})
    page = {name: properties[name] for name in PAGE_PARAMETERS if name in properties}
    if "url" not in page and referrer and call.get("type") == EventType.PAGE:
        page["url"] = referrer  # the page that holds the pixel: an image's referrer is the page itself
    if page:
        context.setdefault("page", page)
    if call.get("type") == EventType.TRACK and (proxy := mail_proxy(agent)):
        properties["opened_by"] = proxy
    return call


def mail_proxy(agent: str | None) -> str | None:
    """Who fetched the image in the reader's place; None if it was the reader, as far as anybody can tell."""
    if agent is None:
        return None
    if agent.strip() == BARE_AGENT:
        return "Apple Mail"
    return next((name for mark, name in MAIL_PROXIES.items() if mark in agent), None)


def as_post(call: Call) -> bytes:
    """The call as it would have been posted.

    Raises:
        NotACall: it is nested so deeply that it can be read, but not be written.
    """
    try:
        return encode(call)
    except RecursionError:
        raise NotACall("`data` is nested too deeply.") from None


def _coded(data: str) -> Call:
    try:
        text = base64.b64decode(data.replace("-", "+").replace("_", "/").replace(" ", "+") + "=" * (-len(data) % 4))
        call = decode(text)
    except (binascii.Error, ValueError, DecodeError, RecursionError) as error:
        raise NotACall(f"`data` is not base64-coded JSON: {error}.") from None
    if not isinstance(call, dict):
        raise NotACall("`data` holds no JSON object.")
    return call

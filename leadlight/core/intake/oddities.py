"""What is wrong with a browser's headers for the browser that its agent names.

Only what no browser in use does is odd. A page over http, an app's own browser, a fork or an old version leave headers out,
so these are missed only of a browser that writes exactly what Chrome, Edge and Firefox write, on a page over https.
"""

import re
from collections.abc import Mapping
from typing import Final

NO_AGENT: Final = "no_agent"  # every browser names itself; one whose agent is empty was told to
LONG_AGENT: Final = "long_agent"  # over 1,024 bytes
STRANGE_AGENT: Final = "strange_agent"  # control characters or non-ASCII: headers of browsers have neither
NO_LANGUAGE: Final = "no_language"  # every browser asks for some language
NO_FETCH_METADATA: Final = "no_fetch_metadata"  # Sec-Fetch-*: Chrome since 76, Firefox since 90, Safari since 16.4
NO_CLIENT_HINTS: Final = "no_client_hints"  # Sec-CH-UA: Chrome since 89
FOREIGN_CLIENT_HINTS: Final = "foreign_client_hints"  # from a browser that knows none: Firefox, Safari
OTHER_BROWSER: Final = "other_browser"  # the hints name another version than the agent
OTHER_SYSTEM: Final = "other_system"
OTHER_DEVICE: Final = "other_device"  # a telephone by one, none by the other
BAD_FETCH_METADATA: Final = "bad_fetch_metadata"  # a word that the standard does not have
HEADLESS: Final = "HeadlessChrome"  # the hints say so: the browser names itself as a machine
WEBDRIVER: Final = "webdriver"  # the page's script was told by the browser that a program drives it

READ: Final = (
    b"user-agent",
    b"origin",
    b"accept-language",
    b"sec-ch-ua",
    b"sec-ch-ua-mobile",
    b"sec-ch-ua-platform",
    b"sec-fetch-site",
    b"sec-fetch-mode",
    b"sec-fetch-dest",
)
"""The headers that are looked at. Browsers send few combinations, so what they come to can be remembered."""

AGENT_BYTES = 1_024
LEAST_CHROME = 90
LEAST_FIREFOX = 91

_CHROME = re.compile(r"\b(?:Headless)?Chrome/(\d{1,4})\.")
_PLAIN_CHROME = re.compile(
    r"^Mozilla/5\.0 \([^()]*\) AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/(\d{1,4})\.0\.0\.0 (?:Mobile )?Safari/537\.36"
    r"(?: Edg/\d+\.[\d.]+)?$"
)
_PLAIN_FIREFOX = re.compile(r"^Mozilla/5\.0 \([^()]*\) Gecko/[\d.]+ Firefox/(\d{1,4})\.\d+$")
"""What Chrome, Edge and Firefox write, and no app, no fork and nobody's own words."""

_IN_AN_APP = re.compile(r"; wv\)|Version/4\.0 Chrome/|\bElectron/|\[FB|Instagram|MicroMessenger", re.IGNORECASE)
_CHROMIUM_BRAND = re.compile(r'"Chromium";\s*v="(\d{1,4})')
_SITES = frozenset({"", "cross-site", "same-origin", "same-site", "none"})
_MODES = frozenset({"", "cors", "no-cors", "navigate", "same-origin", "websocket"})
_SYSTEMS = {
    "Windows": re.compile(r"Windows NT"),
    "macOS": re.compile(r"Macintosh"),
    "Android": re.compile(r"Android|X11; Linux|CrOS"),  # asked for the desktop's page it says Linux
    "Linux": re.compile(r"Linux|X11|Android"),
    "Chrome OS": re.compile(r"CrOS|X11; Linux"),
    "Chromium OS": re.compile(r"CrOS|X11; Linux"),
}


def oddities_of(headers: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """The oddities of a browser's post, by its headers in lower case."""
    agent = headers.get(b"user-agent", b"")
    if not agent.strip():
        return (NO_AGENT,)
    found: list[str] = []
    if len(agent) > AGENT_BYTES:
        found.append(LONG_AGENT)
        agent = agent[:AGENT_BYTES]
    if any(byte < 0x20 or byte > 0x7E for byte in agent):
        found.append(STRANGE_AGENT)
    text = agent.decode("latin-1")
    brands = headers.get(b"sec-ch-ua", b"").decode("latin-1")
    site = headers.get(b"sec-fetch-site")
    if (site or brands) and not headers.get(b"accept-language", b"").strip():
        found.append(NO_LANGUAGE)
    if site is not None and not _known_metadata(headers):
        found.append(BAD_FETCH_METADATA)
    if "HeadlessChrome" in brands:
        found.append(HEADLESS)
    found += _about_hints(text, brands, headers)
    if site is None and headers.get(b"origin", b"").startswith(b"https://") and _tells_fetch_metadata(text):
        found.append(NO_FETCH_METADATA)
    return tuple(found)


def _known_metadata(headers: Mapping[bytes, bytes]) -> bool:
    site = headers.get(b"sec-fetch-site", b"").decode("latin-1")
    mode = headers.get(b"sec-fetch-mode", b"").decode("latin-1")
    return site in _SITES and mode in _MODES


def _tells_fetch_metadata(agent: str) -> bool:
    chrome, firefox = _PLAIN_CHROME.match(agent), _PLAIN_FIREFOX.match(agent)
    return (chrome is not None and int(chrome[1]) >= LEAST_CHROME) or (
        firefox is not None and int(firefox[1]) >= LEAST_FIREFOX
    )


def _about_hints(agent: str, brands: str, headers: Mapping[bytes, bytes]) -> list[str]:
    chrome = _CHROME.search(agent)
    if not brands:
        missed = (
            _PLAIN_CHROME.match(agent) is not None
            and chrome is not None
            and int(chrome[1]) >= LEAST_CHROME
            and b"sec-fetch-site"
            in headers  # which a proxy that takes hints out, and a page over http, do away with too
            and headers.get(b"origin", b"").startswith(b"https://")
        )
        return [NO_CLIENT_HINTS] if missed else []
    if _IN_AN_APP.search(agent) is not None:
        return []
    if chrome is None:
        return [FOREIGN_CLIENT_HINTS] if "Firefox/" in agent or "Safari/" in agent else []
    found: list[str] = []
    told = _CHROMIUM_BRAND.search(brands)
    if told is not None and int(told[1]) != int(chrome[1]):
        found.append(OTHER_BROWSER)
    system = headers.get(b"sec-ch-ua-platform", b"").decode("latin-1").strip('"')
    if (expected := _SYSTEMS.get(system)) is not None and expected.search(agent) is None:
        found.append(OTHER_SYSTEM)
    if headers.get(b"sec-ch-ua-mobile") == b"?1" and not re.search(r"Mobile|Android", agent):
        found.append(OTHER_DEVICE)
    return found

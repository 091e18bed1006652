"""What a page says about its tag: there or not, the right one or not, allowed to work or not; and what to do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from leadlight.core.installation import policy
from leadlight.core.installation.policy import Element, Policy
from leadlight.core.installation.scan import Place, Scanned, Script, scan
from leadlight.core.readable import one_line

TRUSTED_TYPE = "leadlight"
"""The policy by which the snippet vouches for its parts where a page requires Trusted Types."""

BATCH_PATH = "/v1/batch"
"""Where the snippet posts to, at its own host."""

SHOWN_CHARACTERS = 80
"""Of what a page says, such as a key: it may be anything."""

OLD_KEY = "data-write-key"
COOKIELESS = 'data-mode="cookieless"'

_FILE = re.compile(r"leadlight(?:-\d[\w.-]*)?\.js")
_FROZEN = re.compile(r"leadlight-\d[\w.-]*\.js")
_SCRIPT_TYPES = re.compile(r"|(?:text|application)/(?:x-)?(?:java|ecma)script", re.IGNORECASE)

MANAGERS: Mapping[str, re.Pattern[str]] = {
    "Google Tag Manager": re.compile(r"googletagmanager\.com/gtm\.js|\bGTM-[A-Z0-9]{4,12}\b"),
    "Matomo Tag Manager": re.compile(r"/container_[A-Za-z0-9]{6,12}\.js"),
    "Tealium": re.compile(r"tags\.tiqcdn\.com|/utag\.js"),
    "Adobe Experience Platform Tags": re.compile(r"assets\.adobedtm\.com"),
    "Piwik PRO Tag Manager": re.compile(r"containers\.piwik\.pro"),
}


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"  # it works, or nobody can tell from outside
    FAIL = "fail"  # visitors of this page are not seen, not for this site, or not whole


class Kind(StrEnum):
    """What was found. Names are part of `--json`."""

    PRESENT = "present"  # the tag is there, with the right key, and nothing keeps it from working
    MISSING = "missing"
    TAG_MANAGER = "tag_manager"  # a container is there and may hold the tag
    INSERTED = "inserted"  # a script of the page inserts the tag
    INERT = "inert"  # in a comment, <noscript> or <template>: no browser runs it
    HELD_BACK = "held_back"  # by a consent tool or an optimiser, until something happens
    WRONG_KEY = "wrong_key"
    NO_KEY = "no_key"
    TWICE = "twice"
    OLD_ATTRIBUTE = "old_attribute"
    NOT_ASYNC = "not_async"
    AS_MODULE = "as_module"
    NOT_COOKIELESS = "not_cookieless"  # the site's privacy level wants it, and the tag does not say so
    OTHER_HOST = "other_host"
    INSECURE = "insecure"  # over http in a page over https
    FIXED_HASH = "fixed_hash"  # an integrity hash on a file that changes with every version
    SCRIPT_BLOCKED = "script_blocked"
    SENDING_BLOCKED = "sending_blocked"
    PARTS_BLOCKED = "parts_blocked"  # Trusted Types keep the tag from loading what reads forms, links and consent
    NOT_HTML = "not_html"
    REDIRECT = "redirect"
    ERROR_STATUS = "error_status"
    UNREACHABLE = "unreachable"
    NOT_ALLOWED = "not_allowed"  # a private address, or a host beside the site
    CUT = "cut"  # the page is longer than what was read


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was found on a page. `do` is the way out, empty when nothing is wrong."""

    kind: Kind
    state: State
    text: str
    do: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """The tag that the site's pages should carry."""

    write_key: str
    collector: str  # origin under which browsers reach it
    tag: str  # as the set-up page shows it
    certain: bool = True  # whether LEADLIGHT_PUBLIC_URL says so; otherwise another host may be right too
    others: Mapping[str, str] = field(default_factory=dict)  # write keys of other sites, with their domains


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was answered."""

    url: str
    html: str
    policies: Sequence[str] = ()  # the values of its Content-Security-Policy headers
    cut: bool = False


def judge(page: Page, expected: Expected) -> list[Remark]:
    """Everything that is to be said about one page's tag; a `PRESENT` first if there is one that works."""
    found = scan(page.html)
    base = _base(page, found)
    tags = [script for script in found.scripts if _is_tag(script, base, expected)]
    live = [script for script in tags if script.place is Place.PAGE]
    if not live:
        return _absent(page, found, tags, expected)
    remarks = [remark for tag in live for remark in _of_tag(tag, base, page, found, expected)]
    if len(live) > 1:
        do = "Keep one: look into the template, a plug-in and the tag manager, of which two insert it."
        remarks.append(Remark(Kind.TWICE, State.FAIL, f"The tag is there {len(live)} times.", do))
    remarks = list(dict.fromkeys(remarks))
    if not any(remark.state is State.FAIL for remark in remarks):
        remarks.insert(0, Remark(Kind.PRESENT, State.OK, "The tag is there, with this site's key."))
    return remarks


def worst(remarks: Sequence[Remark]) -> State:
    """The state of a page: that of its worst remark."""
    states = {remark.state for remark in remarks}
    return next((state for state in (State.FAIL, State.WARN) if state in states), State.OK)


def _is_tag(script: Script, base: str, expected: Expected) -> bool:
    if "src" not in script.attributes:
        return any(_FILE.fullmatch(_file(value)) for name, value in script.attributes.items() if name != "data-key")
    key = script.attributes.get("data-key") or script.attributes.get(OLD_KEY)
    return bool(_FILE.fullmatch(_file(_join(base, script.attributes["src"])))) or key == expected.write_key


def _of_tag(tag: Script, base: str, page: Page, found: Scanned, expected: Expected) -> list[Remark]:
    given = tag.attributes
    if "src" not in given or not _runs(given):
        do = "Nothing, if visitors are asked first; otherwise take the tag out of the tool that rewrites it."
        text = "The tag is held back by a consent tool or an optimiser, until the visitor agrees or does something."
        return [Remark(Kind.HELD_BACK, State.WARN, text, do), *_key(given, expected)]
    remarks = _key(given, expected)
    src = _join(base, given["src"])
    if given.get("type", "").strip().lower() == "module":
        text = "The tag is loaded as a module, and then cannot find its own key."
        remarks.append(Remark(Kind.AS_MODULE, State.FAIL, text, 'Take type="module" out of the tag.'))
    elif "async" not in given and "defer" not in given:
        text = "The tag is not async: the page waits until it has loaded."
        remarks.append(Remark(Kind.NOT_ASYNC, State.WARN, text, "Write <script async ...>."))
    if given.get("integrity") and not _FROZEN.fullmatch(_file(src)):
        text = "The tag has an integrity hash, but leadlight.js changes with every version: then it stops loading."
        do = "Take the hash out, or load a frozen version, /leadlight-VERSION.js."
        remarks.append(Remark(Kind.FIXED_HASH, State.WARN, text, do))
    if COOKIELESS in expected.tag and given.get("data-mode", "").strip().lower() != "cookieless":
        text = "The site's privacy level lets nothing be kept in browsers, but the tag keeps an id there."
        remarks.append(Remark(Kind.NOT_COOKIELESS, State.FAIL, text, f"Give the tag {COOKIELESS}."))
    endpoint = given.get("data-endpoint", "")
    host = _origin(_join(src, endpoint) if endpoint else src)
    if host != expected.collector:
        does = "sends to" if endpoint else "is loaded from"
        text = f"The tag {does} {_shown(host)}; this Leadlight is reached at {expected.collector}."
        do = f"Paste the tag as the set-up page shows it: {expected.tag}"
        state = State.FAIL if expected.certain else State.WARN
        remarks.append(Remark(Kind.OTHER_HOST, state, text, do))
    remarks += _blocked(tag, src, page, found)
    return remarks


def _key(given: Mapping[str, str], expected: Expected) -> list[Remark]:
    key, old = given.get("data-key", "").strip(), given.get(OLD_KEY, "").strip()
    if not key and not old:
        do = f'Give the tag data-key="{expected.write_key}".'
        return [Remark(Kind.NO_KEY, State.FAIL, "The tag has no key, so its events belong to nobody.", do)]
    if (key or old) != expected.write_key:
        whose = expected.others.get(key or old)
        of = f", which belongs to {whose}" if whose else ""
        text = f"The tag has another key: {_shown(key or old)}{of}."
        return [Remark(Kind.WRONG_KEY, State.FAIL, text, f'This site\'s is data-key="{expected.write_key}".')]
    if not key:
        text = f"The key stands in {OLD_KEY}, an older attribute that still works."
        return [Remark(Kind.OLD_ATTRIBUTE, State.WARN, text, f'Write data-key="{expected.write_key}".')]
    return []


def _blocked(tag: Script, src: str, page: Page, found: Scanned) -> list[Remark]:
    """What the page's own policies and the browser's rules forbid."""
    headers, own = policy.parse(page.policies), policy.parse(found.policies)
    own = [
        {name: sources for name, sources in one.items() if name != "sandbox"} for one in own
    ]  # counts in headers only
    before = policy.parse(found.policies[: tag.policies])
    everything: list[Policy] = [*headers, *own]
    if urlsplit(page.url).scheme == "https" and any(policy.upgrades(one) for one in everything):
        src = re.sub(r"^http:", "https:", src)
    given = tag.attributes
    post = _origin(_join(src, given["data-endpoint"]) if given.get("data-endpoint") else src) + BATCH_PATH
    remarks = []
    if urlsplit(page.url).scheme == "https" and src.startswith("http:"):
        text = "The tag is loaded over http in a page over https: browsers block that."
        remarks.append(Remark(Kind.INSECURE, State.FAIL, text, "Load it over https."))
    element = Element(given.get("nonce", ""), given.get("integrity", ""))
    if not all(policy.may_load(one, element, src, page.url) for one in [*headers, *before]):
        text = "The page's Content Security Policy keeps the tag from loading."
        remarks.append(Remark(Kind.SCRIPT_BLOCKED, State.FAIL, text, _script_advice([*headers, *before], _origin(src))))
    if not all(policy.may_send(one, post, page.url) for one in everything):
        text = "The page's Content Security Policy keeps the tag from sending anything."
        do = f"Add {_origin(post)} to connect-src."
        remarks.append(Remark(Kind.SENDING_BLOCKED, State.FAIL, text, do))
    if not all(policy.may_vouch(one, TRUSTED_TYPE) for one in everything):
        text = "The page's Trusted Types keep the tag from loading its parts: no forms, no links, no consent."
        do = f"Add {TRUSTED_TYPE} to trusted-types in the Content Security Policy."
        remarks.append(Remark(Kind.PARTS_BLOCKED, State.FAIL, text, do))
    return remarks


def _script_advice(policies: Sequence[Policy], host: str) -> str:
    strict = any("'strict-dynamic'" in sources for one in policies for sources in one.values())
    if strict:
        return "The policy says 'strict-dynamic', so hosts do not count: give the tag the page's nonce."
    return f"Add {host} to script-src, or give the tag the page's nonce."


def _absent(page: Page, found: Scanned, inert: Sequence[Script], expected: Expected) -> list[Remark]:
    """Why there is no tag that runs."""
    paste = f"Paste it before </head>: {expected.tag}"
    if inert:
        where = {
            Place.COMMENT: "a comment",
            Place.NOSCRIPT: "<noscript>",
            Place.TEMPLATE: "a <template>",
        }[inert[0].place]
        return [
            Remark(
                Kind.INERT, State.FAIL, f"The tag stands in {where}, where no browser runs it.", "Take it out there."
            )
        ]
    scripts = [script for script in found.scripts if script.place is Place.PAGE]
    said = [text for script in scripts for text in (script.attributes.get("src", ""), script.text) if text]
    if any("leadlight.js" in text or expected.write_key in text for text in said):
        text = "A script of the page inserts the tag: whether it works cannot be told from outside."
        return [Remark(Kind.INSERTED, State.WARN, text, "Open the page to see.")]
    for name, pattern in MANAGERS.items():
        if any(pattern.search(text) for text in said):
            text = f"The tag is not in the page; {name} is, and may insert it."
            return [Remark(Kind.TAG_MANAGER, State.WARN, text, "Open the page to see.")]
    remarks = [Remark(Kind.MISSING, State.FAIL, "The tag is not in the page.", paste)]
    if page.cut:
        remarks.append(Remark(Kind.CUT, State.WARN, "The page is very long, and only its beginning was read."))
    return remarks


def _runs(given: Mapping[str, str]) -> bool:
    kind = given.get("type", "").strip()
    return kind.lower() == "module" or bool(_SCRIPT_TYPES.fullmatch(kind.partition(";")[0].strip()))


def _base(page: Page, found: Scanned) -> str:
    """What addresses in the page are relative to. A base that cannot be read counts for nothing, as in browsers."""
    try:
        return urljoin(page.url, found.base) if found.base else page.url
    except ValueError:
        return page.url


def _join(base: str, address: str) -> str:
    try:
        return urljoin(base, address.strip())
    except ValueError:
        return address


def _file(address: str) -> str:
    return address.partition("?")[0].partition("#")[0].rpartition("/")[2]


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    host = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{host.removesuffix(usual) if usual else host}"


def _shown(text: str) -> str:
    clean = one_line(text)
    return clean if len(clean) <= SHOWN_CHARACTERS else clean[: SHOWN_CHARACTERS - 1] + "…"

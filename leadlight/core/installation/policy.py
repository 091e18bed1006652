"""Whether a page's Content Security Policy lets the tag load and send, after CSP Level 3.

Only what concerns one script element, what it loads itself, and one address to post to: no eval, no reports. A policy that only reports blocks
nothing and is not asked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_HOST = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}|\*))?(?P<path>/[^?#]*)?",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_HASH = re.compile(r"'(sha256|sha384|sha512)-([A-Za-z0-9+/_=-]+)'", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Element:
    """The script element as the page's HTML holds it."""

    nonce: str = ""
    integrity: str = ""


Policy = Mapping[str, Sequence[str]]
"""Directive -> its sources; both as written, the directive in lower case."""


def parse(texts: Sequence[str]) -> Sequence[Policy]:
    """The policies of several headers or elements; each may hold several, separated by commas. All of them apply."""
    return [policy for text in texts for part in text.split(",") if (policy := _parse(part))]


def may_load(policy: Policy, element: Element, url: str, page: str) -> bool:
    """Whether a script element that stands in the page's HTML may load the script at `url`."""
    if "sandbox" in policy and "allow-scripts" not in [flag.lower() for flag in policy["sandbox"]]:
        return False
    sources = _sources(policy, "script-src-elem", "script-src", "default-src")
    if sources is None:
        return True
    if element.nonce and f"'nonce-{element.nonce}'" in sources:
        return True
    if _hashed(sources, element.integrity):
        return True
    if "'strict-dynamic'" in [source.lower() for source in sources]:
        return False  # then hosts count for nothing, and what stands in the HTML needs a nonce or a hash
    return _matches(sources, url, page)


def may_send(policy: Policy, url: str, page: str) -> bool:
    """Whether the page's scripts may post to `url`, by fetch or beacon."""
    sources = _sources(policy, "connect-src", "default-src")
    return sources is None or _matches(sources, url, page)


def may_vouch(policy: Policy, name: str) -> bool:
    """Whether the page's scripts may make a Trusted Types policy of this name, by which the tag loads its other parts."""
    names = policy.get("trusted-types")
    return names is None or name in names or "*" in names


def upgrades(policy: Policy) -> bool:
    """Whether the browser asks for https where the page says http."""
    return "upgrade-insecure-requests" in policy


def _parse(text: str) -> Policy:
    policy: dict[str, Sequence[str]] = {}
    for directive in text.split(";"):
        words = directive.split()
        if words:
            policy.setdefault(words[0].lower(), words[1:])  # the first of its name counts
    return policy


def _sources(policy: Policy, *directives: str) -> Sequence[str] | None:
    """Those of the first directive that is there; None when none is."""
    return next((policy[name] for name in directives if name in policy), None)


def _hashed(sources: Sequence[str], integrity: str) -> bool:
    """Whether every hash of the element's integrity is among the sources."""
    wanted = [word.partition("?")[0] for word in integrity.split()]
    wanted = [word for word in wanted if word.partition("-")[0].lower() in ("sha256", "sha384", "sha512")]
    known = {_hash_key(found[1], found[2]) for source in sources if (found := _HASH.fullmatch(source))}
    return bool(wanted) and all(_hash_key(*word.split("-", 1)) in known for word in wanted)


def _hash_key(algorithm: str, value: str) -> tuple[str, str]:
    return algorithm.lower(), value.replace("-", "+").replace("_", "/").rstrip("=")


def _matches(sources: Sequence[str], url: str, page: str) -> bool:
    try:
        target, home = urlsplit(url), urlsplit(page)
    except ValueError:
        return False  # what cannot be read leads nowhere
    return any(_match(source, target, home) for source in sources)


def _match(source: str, target: SplitResult, home: SplitResult) -> bool:
    lowered = source.lower()
    if lowered == "*":
        return target.scheme in ("http", "https", "ws", "wss") or target.scheme == home.scheme
    if lowered == "'self'":
        same_host = target.hostname == home.hostname
        same = same_host and target.scheme == home.scheme and _port(target) == _port(home)
        usual = _port(target) == DEFAULT_PORTS.get(target.scheme) and _port(home) == DEFAULT_PORTS.get(home.scheme)
        upgraded = same_host and _scheme_fits(home.scheme, target.scheme) and (usual or _port(target) == _port(home))
        return same or upgraded
    if scheme := _SCHEME.fullmatch(source):
        return _scheme_fits(scheme[1].lower(), target.scheme)
    host = _HOST.fullmatch(source)
    if host is None:
        return False  # a keyword, a nonce, a hash, or a mistake: they name no address
    return (
        _scheme_fits((host["scheme"] or home.scheme).lower(), target.scheme)
        and _host_fits(host["host"].lower(), (target.hostname or "").lower())
        and _port_fits(host["port"], host["scheme"], target)
        and _path_fits(host["path"] or "", target.path or "/")
    )


def _scheme_fits(given: str, actual: str) -> bool:
    """The same, or the safer one of its kind."""
    return given == actual or actual in {"http": ("https",), "ws": ("wss", "http", "https"), "wss": ("https",)}.get(
        given, ()
    )


def _host_fits(given: str, actual: str) -> bool:
    if given == "*":
        return True
    if given.startswith("*."):
        return actual.endswith(given[1:]) and actual != given[1:]
    return given.strip("[]") == actual


def _port_fits(given: str | None, scheme: str | None, target: SplitResult) -> bool:
    actual, usual = _port(target), DEFAULT_PORTS.get(target.scheme)
    if given is None:
        return actual == usual
    if given == "*":
        return True
    return int(given) == actual or (int(given) == 80 and actual == 443)


def _path_fits(given: str, actual: str) -> bool:
    if given in ("", "/"):
        return True
    wanted, there = unquote(given), unquote(actual)
    return there.startswith(wanted) if wanted.endswith("/") else there == wanted


def _port(address: SplitResult) -> int | None:
    try:
        return address.port or DEFAULT_PORTS.get(address.scheme)
    except ValueError:
        return None

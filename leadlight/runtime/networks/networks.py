"""The files of network data in use, and what they say of an address together."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from prometheus_client import Gauge

from leadlight.core.identity.networks.addresses import LONGEST_ADDRESS, meant, parsed, special_rule_of
from leadlight.core.identity.networks.finding import NOTHING, Finding
from leadlight.core.identity.networks.shapes import Told
from leadlight.core.records import Place
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.runtime.networks.files import DataFile, Refused, open_file
from leadlight.runtime.networks.manifest import read_manifest

log = get_logger(__name__)

FOLDER = "networks"
"""Below the data folder."""
RANGES_FOLDER = "ranges"
"""Below that one: published ranges, in our own format."""
RANGES_TYPE = "Leadlight-Ranges"

AGE = Gauge("leadlight_network_data_age_seconds", "How old the network data in use are.", ["file"])

REMEMBERED_ADDRESSES = 32_768
LOOK_SECONDS = 2.0
"""How often the folder is looked at for files that came, changed or went."""
MOST_FILES = 64
DOCUMENTATION = "special:documentation"

_Seen = dict[str, tuple[int, int, int]]


class Networks:
    """What the files in `DATA/networks/` know of addresses.

    Files are recognised by their shape. Those that the owner brought are asked before those that were pulled, newer ones
    before older ones. A broken file is refused with a reason; if it replaced a good one, that stays in use until the
    process ends.
    """

    def __init__(self, data: Path, *, only: Iterable[str] = (), quiet: bool = False) -> None:
        """`only`: files that can give none of these (`asn`, `class`, `company`, `country`, `city`) are left closed.

        `quiet`: nothing is logged; whoever asks tells.
        """
        self.folder = data / FOLDER
        self.files: tuple[DataFile, ...] = ()
        self.refused: dict[str, str] = {}
        self._only = frozenset(only)
        self._say = not quiet
        self._seen: _Seen = {}
        self._told: set[str] = set()  # whose ages are among the figures
        self._find = self._remembering(())

    def look_up(self, address: str) -> Finding:
        """Everything that is known of an address; nothing for one that is nobody's, or no address at all."""
        return self._find(address) if len(address) <= LONGEST_ADDRESS else NOTHING

    def refresh(self) -> bool:
        """Open what came or changed since the last look, let go of what went; whether anything did. Blocks for a moment."""
        seen = self._look()
        if seen == self._seen:
            return False
        pulled = read_manifest(self.folder)
        before = {each.name: each for each in self.files}
        refused = {}
        files = []
        for name, mark in sorted(seen.items()):
            known = before.get(name)
            if self._seen.get(name) == mark:
                if known is not None:
                    files.append(known)
                if name in self.refused:
                    refused[name] = self.refused[name]
                continue
            try:
                opened = open_file(self.folder / name, name, brought=name not in pulled)
            except Refused as why:
                refused[name] = str(why)
                if self._say:
                    log.warning("network data not used", file=name, why=str(why), one_before_stays=known is not None)
                if known is not None:
                    files.append(known)
                continue
            if not self._only or self._only & opened.gives:
                files.append(opened)
                if self._say:
                    log.info("network data in use", file=name, maker=opened.maker, gives=sorted(opened.gives))
        self._seen, self.refused = seen, refused
        self.files = tuple(sorted(files, key=_asked_first))
        self._find = self._remembering(self.files)  # readers that nobody asks any more go with the old one
        return True

    async def watch(self, runtime: Runtime, changed: Callable[[], None] | None = None) -> None:
        """Keep up with the folder until the process stops. Calls `changed` after files were swapped."""
        while True:
            if await asyncio.to_thread(self.refresh) and changed is not None:
                changed()
            self._tell_ages(runtime.now())
            if not await runtime.pause(LOOK_SECONDS):
                return

    def _tell_ages(self, now: datetime) -> None:
        ages = {each.name: (now - each.built_at).total_seconds() for each in self.files if each.built_at is not None}
        for gone in self._told - set(ages):
            with suppress(KeyError):  # another reader of the same folder was first
                AGE.remove(gone)
        for name, age in ages.items():
            AGE.labels(name).set(max(age, 0.0))
        self._told = set(ages)

    def _look(self) -> _Seen:
        """The files that are there, each with what changes when it does."""
        found: _Seen = {}
        for path in (*self._listed(self.folder), *self._listed(self.folder / RANGES_FOLDER)):
            try:
                state = path.stat()
            except OSError:
                continue
            if len(found) < MOST_FILES:
                found[path.relative_to(self.folder).as_posix()] = (state.st_mtime_ns, state.st_size, state.st_ino)
        return found

    def _listed(self, folder: Path) -> list[Path]:
        try:
            return sorted(path for path in folder.iterdir() if path.suffix == ".mmdb" and not path.name.startswith("."))
        except OSError:
            return []

    def _remembering(self, files: tuple[DataFile, ...]) -> Callable[[str], Finding]:
        return lru_cache(REMEMBERED_ADDRESSES)(lambda address: find(files, address))


def find(files: Iterable[DataFile], address: str) -> Finding:
    """What files say of an address together."""
    given = parsed(address)
    if given is None:
        return NOTHING
    asked = meant(given)
    if special_rule_of(asked) not in (None, DOCUMENTATION):
        return NOTHING
    return combined((each.name, each.told(asked)) for each in files)


def combined(answers: Iterable[tuple[str, Told]]) -> Finding:
    """Several files' answers, the one to be believed first, as one.

    A range and a flag on the address itself (VPN, relay, hosting) say more of its class than the kind of its network.
    Of places the first with a city counts, or else the first at all: never one file's country with another's city.
    """
    asn: Told | None = None
    kind: Told | None = None
    company: Told | None = None
    place: Place | None = None
    anycast = False
    sources: list[str] = []
    for name, one in answers:
        used = False
        if (asn is None and (one.asn or one.as_name)) or (asn is not None and asn.asn is None and one.asn):
            asn, used = one, True
        if one.kind is not None and (kind is None or _strength(one) > _strength(kind)):
            kind, used = one, True
        if company is None and (one.company_name or one.company_domain):
            company, used = one, True
        if one.place is not None and (place is None or (place.city is None and one.place.city is not None)):
            place, used = one.place, True
        if one.anycast:
            anycast = used = True
        if used:
            sources.append(name)
    if not sources:
        return NOTHING
    return Finding(
        asn=asn.asn if asn else None,
        as_name=asn.as_name if asn else None,
        as_domain=asn.as_domain if asn else None,
        stated_class=kind.kind if kind else None,
        stated_rule=kind.kind_rule if kind else None,
        company_domain=company.company_domain if company else None,
        company_name=company.company_name if company else None,
        place=place or Place(),
        anycast=anycast,
        sources=tuple(sources),
    )


def _strength(one: Told) -> int:
    return 2 if (one.kind_rule or "").startswith("range:") else int(one.flagged)


def _asked_first(file: DataFile) -> tuple[bool, float, str]:
    return (not file.brought, -(file.built_at.timestamp() if file.built_at else 0.0), file.name)

"""Which network data are in use, how old they are, and what their absence costs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from leadlight.runtime.networks.files import DataFile
from leadlight.runtime.networks.manifest import Credit, Pulled, read_manifest, sha256_of
from leadlight.runtime.networks.networks import Networks

OLD: Final = timedelta(days=45)
"""After which networks have changed hands often enough to matter."""

PULL: Final = "leadlight data pull"
PULL_CITY: Final = "leadlight data pull --city"

_COSTS: Final = (
    ("asn", "no visitor's network is known: none can be told to be a company's, a provider's or a machine's", PULL),
    ("country", "no visitor's country is known", PULL),
    ("city", "no visitor's region and city are known", PULL_CITY),
)

_CREDITS: Final = (  # by the beginning of what a file says to be
    ("geolite", Credit("This product includes GeoLite data created by MaxMind", "https://www.maxmind.com")),
    ("dbip", Credit("IP Geolocation by DB-IP", "https://db-ip.com")),
    ("ipinfo", Credit("IP address data powered by IPinfo", "https://ipinfo.io")),
)
"""Whom makers whose free data want it ask to have named. Files that were pulled bring theirs along."""


@dataclass(frozen=True, slots=True)
class FileStanding:
    """One file, in use or refused."""

    file: str
    state: str  # in_use, damaged (not what was pulled), refused
    maker: str | None = None
    gives: tuple[str, ...] = ()
    dated: datetime | None = None
    age_days: int | None = None
    old: bool = False
    rows: int | None = None
    source: str | None = None
    version: str | None = None
    licence: str | None = None
    credits: tuple[Credit, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """What is not known for want of data."""

    part: str  # asn, country, city
    cost: str
    do: str


def look(data: Path, now: datetime, *, check_sums: bool = False) -> tuple[Sequence[FileStanding], Sequence[Missing]]:
    """Open everything that is there, as services do, and tell what came of it. Blocks."""
    networks = Networks(data, quiet=True)
    networks.refresh()
    pulled = read_manifest(networks.folder)
    files = [_standing(networks.folder, each, pulled.get(each.name), now, check_sums) for each in networks.files]
    files += [FileStanding(name, "refused", why=why) for name, why in networks.refused.items()]
    files += [
        FileStanding(name, "refused", why="is named in the manifest, and is not there", source=one.source)
        for name, one in pulled.items()
        if not (networks.folder / name).exists()
    ]
    return sorted(files, key=lambda each: each.file), missing(networks.files)


def missing(files: Iterable[DataFile]) -> list[Missing]:
    """What no file in use gives, and what that costs. Without any country, the city's want is not told apart."""
    given = {part for each in files for part in each.gives}
    lacking = [Missing(*each) for each in _COSTS if each[0] not in given]
    return [each for each in lacking if each.part != "city" or "country" in given]


def notices(files: Sequence[FileStanding], lacking: Sequence[Missing]) -> list[tuple[str, str]]:
    """What the operator should know, each with the way out."""
    found = [(f"{each.cost[0].upper()}{each.cost[1:]}", each.do) for each in lacking]
    for each in files:
        if each.state == "refused":
            found.append((f"{each.file} is not used: it {each.why}", "Replace it, or remove it."))
        elif each.state == "damaged":
            found.append((f"{each.file} {each.why}", f"{PULL} builds it again"))
    old = [each for each in files if each.old]
    if old:
        oldest = max(old, key=lambda each: each.age_days or 0)
        others = f", and {len(old) - 1} more" if len(old) > 1 else ""
        do = f"{PULL} takes the newest there is; where that is as old, bring a newer file of MaxMind, IPinfo or DB-IP"
        found.append((f"{oldest.file} is {oldest.age_days} days old{others}", do))
    return found


def _standing(folder: Path, one: DataFile, pulled: Pulled | None, now: datetime, check_sums: bool) -> FileStanding:
    path = folder / one.name
    age = None if one.built_at is None else max((now - one.built_at).days, 0)
    state, why = "in_use", ""
    if pulled is not None:
        try:
            same = path.stat().st_size == pulled.bytes and (not check_sums or sha256_of(path) == pulled.sha256)
        except OSError:
            same = False
        if not same:
            state, why = "damaged", "is not what was pulled"
    return FileStanding(
        file=one.name,
        state=state,
        maker=one.maker,
        gives=tuple(sorted(one.gives)),
        dated=one.built_at,
        age_days=age,
        old=age is not None and timedelta(days=age) > OLD,
        rows=pulled.rows if pulled else one.rows,
        source=pulled.source if pulled else "brought",
        version=pulled.version if pulled else None,
        licence=pulled.licence if pulled else None,
        credits=pulled.credits if pulled else _credits(one.maker),
        why=why,
    )


def _credits(maker: str) -> tuple[Credit, ...]:
    plain = maker.lower().removeprefix("standard_").removeprefix("free_")
    return tuple(credit for beginning, credit in _CREDITS if plain.startswith(beginning))

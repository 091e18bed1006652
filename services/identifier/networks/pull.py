"""`leadlight data pull`: takes published network data, builds our own files, and puts them in place in one step each."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from leadlight.errors import LeadlightError
from leadlight.runtime.networks import FOLDER, RANGES_FOLDER
from leadlight.runtime.networks.files import DataFile, Refused, open_file
from leadlight.runtime.networks.manifest import Pulled, read_manifest, sha256_of, sync_folder, write_manifest
from services.identifier.networks import packages, sources
from services.identifier.networks.asn import NotBuilt, build_asn
from services.identifier.networks.packages import NotObtained, Npm, Package
from services.identifier.networks.range_files import write_ranges
from services.identifier.networks.sources import Source

CLOUDS_FILE = f"{RANGES_FOLDER}/clouds.mmdb"

WORK_PREFIX = ".pull-"
LOCK = ".pull.lock"
LEFT_SECONDS = 600.0
SPACE_BYTES = 400 << 20
"""What a pull needs beside the data in use, with city data."""

Progress = Callable[[str], None]


class PullRunning(LeadlightError):
    """Another pull works on the same folder."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one part."""

    part: str  # asn, city, clouds
    state: str  # built, current, left_out
    files: tuple[Pulled, ...] = ()
    why: str = ""  # it was left out


def pull(
    data: Path,
    *,
    now: Callable[[], datetime],
    progress: Progress,
    city: bool = False,
    clouds: bool = True,
    brought: Sequence[Path] = (),
    again: bool = False,
) -> list[Done]:
    """Bring the data up to date. An interruption at any moment leaves each file either as it was or complete.

    `brought` are packages that were fetched elsewhere: then nothing is asked of any registry. `again` builds what is
    already of the newest version, too.

    Raises:
        NotObtained, NotBuilt: the networks' operators, or a part that was asked for by name, are not to be had.
        PullRunning: another pull works on the folder.
    """
    folder = (data / FOLDER).absolute()  # clients run elsewhere
    brought = [path.absolute() for path in brought]
    with _alone(folder) as work:
        if brought:
            return [_bring(folder, work, path, now, progress) for path in brought]
        npm = Npm()
        done = []
        for source in (sources.ASN, sources.CITY if city else sources.COUNTRY):
            done.append(_pull(folder, work, npm, source, now, progress, again=again))
        if clouds:
            try:
                done.append(_pull_clouds(folder, work, now, progress))
            except (NotObtained, NotBuilt) as error:
                done.append(Done("clouds", "left_out", why=str(error)))
        return done


def _pull(
    folder: Path, work: Path, npm: Npm, source: Source, now: Callable[[], datetime], progress: Progress, *, again: bool
) -> Done:
    progress(f"{source.part}: asking for the newest {source.package}")
    offered = npm.newest(source.package)
    in_place = _in_place(folder, source, offered.version)
    if in_place and not again:
        progress(f"{source.part}: {offered.version}, the newest, is in use already")
        return Done(source.part, "current", in_place)
    progress(f"{source.part}: fetching {offered.version}")
    package = npm.take(offered, work)
    progress(f"{source.part}: {package.path.stat().st_size / 1e6:,.1f} MB fetched, SHA-512 is as vouched for")
    return _install(folder, work, source, package, now, progress)


def _in_place(folder: Path, source: Source, version: str) -> tuple[Pulled, ...]:
    """The files of this version, if all of them are there and whole."""
    found = tuple(
        each for each in read_manifest(folder).values() if each.source == source.package and each.version == version
    )
    whole = len(found) == len(source.targets) and all(_is_whole(folder, each) for each in found)
    return found if whole else ()


def _is_whole(folder: Path, pulled: Pulled) -> bool:
    path = folder / pulled.file
    return path.is_file() and path.stat().st_size == pulled.bytes and sha256_of(path) == pulled.sha256


def _bring(folder: Path, work: Path, path: Path, now: Callable[[], datetime], progress: Progress) -> Done:
    if path.suffix == ".whl":
        return _install_clouds(folder, work, path, now, progress)
    package = packages.brought(path)
    source = sources.BY_PACKAGE.get(package.name)
    if source is None:
        raise NotObtained(
            f"{path.name} is {package.name}, which is not used. Used are {', '.join(sources.BY_PACKAGE)} and the wheel of "
            f"{sources.CLOUDS_PACKAGE}. Files in MaxMind's format need no pull: put them into {folder}."
        )
    return _install(folder, work, source, package, now, progress)


def _install(
    folder: Path, work: Path, source: Source, package: Package, now: Callable[[], datetime], progress: Progress
) -> Done:
    progress(f"{source.part}: unpacking")
    packages.unpack(package.path, set(source.files), work)
    dated = sources.day_of(package.version)
    if source is sources.ASN:
        made = [_build(work, source, dated or now(), progress)]
    else:
        made = [_Made(work / name) for name in source.files]
    pulled = []
    for one, target in zip(made, source.targets, strict=True):
        progress(f"{source.part}: trying {target}")
        _try(one.path, target)
        pulled.append(
            Pulled(
                file=target,
                source=package.name,
                version=package.version,
                licence=source.licence,
                built_at=now(),
                rows=one.rows,
                bytes=one.path.stat().st_size,
                sha256=sha256_of(one.path),
                data_from=dated,
                networks=one.networks,
                credits=source.credits,
                verified=package.verified,
            )
        )
    for one, about in zip(made, pulled, strict=True):
        put_in_place(folder, one.path, about)
    progress(f"{source.part}: in use")
    return Done(source.part, "built", tuple(pulled))


@dataclass(frozen=True, slots=True)
class _Made:
    """A file that is ready to be put in place."""

    path: Path
    rows: int | None = None
    networks: int | None = None


def _build(work: Path, source: Source, dated: datetime, progress: Progress) -> _Made:
    target = work / source.targets[0]
    with ExitStack() as files:
        lists = [(name, files.enter_context((work / name).open("rb"))) for name in source.files]
        built = build_asn(lists, target, dated=dated, progress=lambda text: progress(f"asn: {text}"))
    if built.bad_rows:
        progress(f"asn: {built.bad_rows:,} rows left out ({built.first_bad})")
    return _Made(target, built.rows, built.networks)


def _pull_clouds(folder: Path, work: Path, now: Callable[[], datetime], progress: Progress) -> Done:
    progress(f"clouds: fetching the newest {sources.CLOUDS_PACKAGE}")
    return _install_clouds(folder, work, packages.take_wheel(sources.CLOUDS_PACKAGE, work), now, progress)


def _install_clouds(folder: Path, work: Path, wheel: Path, now: Callable[[], datetime], progress: Progress) -> Done:
    """Published ranges out of a wheel, of which nothing is run."""
    version = wheel.name.split("-")[1] if wheel.name.count("-") >= 4 else ""
    packed = packages.wheel_member(wheel, sources.CLOUDS_MEMBER, largest=sources.LARGEST_CLOUDS)
    lists, dated = sources.read_clouds(packed)
    if not lists:
        raise NotBuilt("The package of clouds holds no ranges.")
    built = work / Path(CLOUDS_FILE).name
    rows, networks = write_ranges(built, lists, source=sources.CLOUDS_PACKAGE, dated=dated or now())
    _try(built, CLOUDS_FILE)
    one = Pulled(
        file=CLOUDS_FILE,
        source=sources.CLOUDS_PACKAGE,
        version=version,
        licence=sources.CLOUDS_LICENCE,
        built_at=now(),
        rows=rows,
        bytes=built.stat().st_size,
        sha256=sha256_of(built),
        data_from=dated,
        networks=networks,
        credits=(sources.CLOUDS_CREDIT,),
    )
    put_in_place(folder, built, one)
    progress(f"clouds: {rows:,} ranges of {len(lists)} providers in use")
    return Done("clouds", "built", (one,))


def _try(built: Path, name: str) -> DataFile:
    """A file is opened as services will open it before any of them can. Raises NotBuilt."""
    try:
        return open_file(built, name, brought=False, copy=False)
    except Refused as error:
        raise NotBuilt(f"{name} {error}. What was in use before still is.") from error


def put_in_place(folder: Path, built: Path, one: Pulled) -> None:
    """Swap a file in one step. A file of the owner's under the same name is kept beside it, and stays in use.

    The manifest goes first: if the process ends in between, the sums differ and the next pull builds again.
    """
    target = folder / one.file
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = read_manifest(folder)
    if target.is_file():
        before, lies_there = known.get(one.file), sha256_of(target)
        if before is None or lies_there not in (before.sha256, before.replaced):
            target.replace(_own_name(target))
        else:
            one = replace(one, replaced=lies_there)
    built.chmod(0o644)
    with built.open("rb") as file:
        os.fsync(file.fileno())
    write_manifest(folder, (known | {one.file: one}).values())
    built.replace(target)
    sync_folder(target.parent)


def _own_name(target: Path) -> Path:
    """A name for the owner's file that no other has: asn.own.mmdb, asn.own2.mmdb ..."""
    names = (f"{target.stem}.own{number if number > 1 else ''}{target.suffix}" for number in count(1))
    return next(path for name in names if not (path := target.with_name(name)).exists())


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """A folder to work in, on the same disk, that is gone afterwards; what a killed pull left is removed first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PullRunning(f"Another `leadlight data pull` works on {folder}.") from None
        _tidy(folder)
        if shutil.disk_usage(folder).free < SPACE_BYTES:
            raise NotBuilt(f"{folder} has less than {SPACE_BYTES >> 20} MB free, and a pull needs them.")
        with tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=folder) as work:
            yield Path(work)
    finally:
        os.close(lock)


def _tidy(folder: Path) -> None:
    """Remove what killed processes left: folders of pulls, of which there is one at a time, and copies long since unused."""
    for left in folder.glob(f"{WORK_PREFIX}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
    for left in (*folder.glob(".*.opening"), *(folder / RANGES_FOLDER).glob(".*.opening")):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFT_SECONDS:
                left.unlink()

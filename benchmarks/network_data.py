"""What building the file of networks costs in time and memory, and how many addresses a second it answers for.

The list is invented, as long as the published one and cut like it; `--lists FOUR SIX` takes real ones. Beside the build,
mmdb_writer's own tree on a tenth of the rows; beside the look-ups, maxminddb's compiled reader alone. Usage:

    python -m benchmarks.network_data [--rows N] [--lists FOUR SIX]
"""

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from pathlib import Path

import maxminddb
from mmdb_writer import MMDBWriter
from netaddr import IPRange, IPSet  # type: ignore[import-untyped]

from benchmarks.machine import described
from leadlight.runtime.networks import FOLDER, Networks
from services.identifier.networks.asn import build_asn

ROWS = 515_000
OPERATORS = 80_000
LOOK_UPS = 100_000
BUILD = "--build"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--lists", nargs=2, type=Path)
    parser.add_argument(BUILD, nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.build:
        _build(chosen.build[0], *map(Path, chosen.build[1:]))
        return
    print(described())
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        four, six = chosen.lists or _invented(data, chosen.rows)
        target = data / FOLDER / "asn.mmdb"
        target.parent.mkdir()
        for way, rows in (("ours", "all"), ("ours", "a tenth"), ("mmdb_writer", "a tenth")):
            words = [sys.executable, "-m", "benchmarks.network_data", BUILD, f"{way}/{rows}", str(four), str(six)]
            subprocess.run([*words, str(target if rows == "all" else data / "part.mmdb")], check=True)
        _look_up(data, target)


def _invented(folder: Path, rows: int) -> tuple[Path, Path]:
    """Four IPv4 ranges to one of IPv6, ascending, of any size, with gaps."""
    dice = random.Random(1)
    paths = folder / "four.csv", folder / "six.csv"
    for path, number, first, step in ((paths[0], rows * 4 // 5, 1 << 24, 12), (paths[1], rows // 5, 0x2001 << 112, 90)):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for _ in range(number):
                size = dice.randrange(1, 17) << (8 if step == 12 else 80)
                operator = dice.randrange(OPERATORS)
                writer.writerow((first, first + size - 1, operator + 1, f"Operator {operator} of Networks, Inc."))
                first += size + (dice.randrange(3) << (8 if step == 12 else 80))
    return paths


def _build(what: str, four: Path, six: Path, target: Path) -> None:
    """In a process of its own, whose largest memory tells."""
    import resource

    way, _, rows = what.partition("/")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    if rows == "a tenth":
        part = target.with_suffix(".csv")
        with four.open("rb") as source:
            lines = source.readlines()
        part.write_bytes(b"".join(lines[: len(lines) // 8]))
        four, six = part, target.with_suffix(".none")
        six.write_bytes(b"")
        del lines
    if way == "ours":
        with four.open("rb") as one, six.open("rb") as other:
            built = build_asn([("four", one), ("six", other)], target, dated=datetime.now(UTC), progress=lambda _: None)
        number = f"{built.rows:,} rows, {built.networks:,} networks"
    else:
        number = f"{_by_mmdb_writer(four, target):,} rows"
    seconds = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"build, {way:<11}  {number:<34} {seconds:6.1f} s CPU   {memory / 1024:5.0f} MB at most "
        f"({before / 1024:.0f} before)   file {target.stat().st_size / 1e6:.1f} MB",
        flush=True,
    )


def _by_mmdb_writer(path: Path, target: Path) -> int:
    writer = MMDBWriter(4, "Reference", languages=["en"], description="Reference")
    rows = 0
    with path.open(newline="", encoding="utf-8") as file:
        for first, last, number, name in csv.reader(file):
            record = {"autonomous_system_number": int(number), "autonomous_system_organization": name}
            writer.insert_network(IPSet(_range(first, last)), record)
            rows += 1
    writer.to_db_file(str(target))
    return rows


def _range(first: str, last: str) -> IPRange:
    return IPRange(str(IPv4Address(int(first))), str(IPv4Address(int(last))))


def _look_up(data: Path, target: Path) -> None:
    dice = random.Random(2)
    some = [str(IPv4Address(dice.randrange(1 << 24, 0xE0 << 24))) for _ in range(LOOK_UPS * 4 // 5)]
    some += [str(IPv6Address((0x2001 << 112) + dice.getrandbits(100))) for _ in range(LOOK_UPS // 5)]
    dice.shuffle(some)
    networks = Networks(data, quiet=True)
    networks.refresh()
    compiled = maxminddb.open_database(target)
    few = list(islice(some, 1_000)) * (LOOK_UPS // 1_000)
    for name, ask, addresses in (
        ("each address new", networks.look_up, some),
        ("known addresses", networks.look_up, few),
        ("maxminddb's compiled reader alone", compiled.get, some),
    ):
        began = time.process_time()
        for address in addresses:
            ask(address)
        rate = len(addresses) / (time.process_time() - began)
        print(f"look-ups, {name:<34} {rate:>12,.0f} /s", flush=True)


if __name__ == "__main__":
    main()

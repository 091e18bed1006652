"""`python -m evaluation [SET ...] [--part tuned|held_out] [--misses] [--data DIR] [--pull]`: the figures, as tables.

Ends with 1 when an aim is missed.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from evaluation.figures import PARTS, Judged, lines, names, percent, table
from evaluation.sets import SETS, LabelledSet
from leadlight.cli.identity.verdicts import Verdicts

CACHE = Path(".cache/evaluation")
NETWORKS = "networks/asn.mmdb"


def main() -> int:
    """Judge the sets that were asked for."""
    given = _arguments()
    if given.pull and not (given.data / NETWORKS).is_file():
        _pull(given.data)
    has_networks = (given.data / NETWORKS).is_file()
    if not has_networks:
        print(f"No network data in {given.data}: `leadlight data pull --data {given.data}` gets it.", file=sys.stderr)
    verdicts = Verdicts.load(given.data)
    kept = True
    for one in SETS:
        if given.sets and one.name not in given.sets:
            continue
        print(f"\n== {one.name}")
        if not one.path.is_file():
            print("  there is no such file yet")
        elif one.needs_networks and not has_networks:
            print("  left out: needs network data")
        else:
            kept = _show(one, list(one.judged(verdicts)), given.part, misses=given.misses) and kept
    return 0 if kept else 1


def _show(one: LabelledSet, judged: list[Judged], wanted: str | None, *, misses: bool) -> bool:
    kept = True
    for part in PARTS:
        rows = [each for each in judged if each.part == part]
        if not rows or wanted not in (None, part):
            continue
        print(f"\n {one.name}, {part}: {len({each.input for each in rows})} rows")
        for aspect in one.aspects:
            of_aspect = [each for each in rows if each.aspect == aspect]
            print(table(aspect, [names(of_aspect)] if aspect == "company" else lines(of_aspect)))
        for aim in one.aims:
            share = aim.measure(rows)
            met = share is None or share >= aim.least
            kept = kept and met
            print(f"  {'met   ' if met else 'MISSED'} {aim.words}: {percent(share)} (aim {percent(aim.least)})")
        if misses:
            for each in rows:
                if not each.right:
                    print(
                        f"    {each.input}: {each.aspect} {each.told or 'none'}, not {each.labelled or 'none'}  {each.note}"
                    )
    return kept


def _pull(data: Path) -> None:
    data.mkdir(parents=True, exist_ok=True)
    command = [str(Path(sys.executable).with_name("leadlight")), "data", "pull"]
    subprocess.run(command, env={**os.environ, "LEADLIGHT_DATA": str(data)}, check=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(one.name for one in SETS))
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--misses", action="store_true", help="list each row that was told wrong")
    parser.add_argument("--data", type=Path, default=CACHE, help="the folder with networks/ in it")
    parser.add_argument("--pull", action="store_true", help="get network data if there is none yet")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

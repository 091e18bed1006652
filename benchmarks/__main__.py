"""What is said to be fast, measured: `python -m benchmarks [NAME ...] [OPTIONS]`, all but the long ones by default.

Every figure stands beside a reference of the same run; machines differ, ratios and CPU per event differ less.
"""

import runpy
import sys
from itertools import takewhile
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
SHARED = {"machine", "posting"}
LONG = {"outage"}


def main() -> None:
    given = sys.argv[1:]
    named = list(takewhile(lambda word: not word.startswith("-"), given))
    options = given[len(named) :]
    wanted = named or [name for name in NAMES if name not in SHARED | LONG]
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}. There are: {', '.join(NAMES)}")
    for name in wanted:
        print(f"\n== {name}", flush=True)
        sys.argv = [name, *options]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")


main()

import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.figures import PARTS, Judged, lines, names, table
from evaluation.sets import SETS, LabelledSet

ROOT = Path(__file__).parents[2]


def judged(labelled: str, told: str) -> Judged:
    return Judged("x", "tuned", "class", labelled, told)


def test_precision_and_recall_are_counted_by_word() -> None:
    rows = [judged("isp", "isp"), judged("isp", "business"), judged("business", "business")]

    isp, business, every = (
        line for line in sorted(lines(rows), key=lambda one: ("isp", "business", "all").index(one.word))
    )

    assert (isp.precision, isp.recall) == (1.0, 0.5)
    assert (business.precision, business.recall) == (0.5, 1.0)
    assert (every.right, every.labelled) == (2, 3)
    assert "50.0 %" in table("class", [isp])


def test_a_wrong_name_costs_precision_and_a_missing_one_recall() -> None:
    line = names([judged("a.example", "a.example"), judged("b.example", ""), judged("", "c.example"), judged("", "")])

    assert (line.precision, line.recall) == (0.5, 0.5)


@pytest.mark.parametrize("one", SETS, ids=lambda one: one.name)
def test_each_set_says_of_each_row_whether_it_was_held_out_and_holds_none_twice(one: LabelledSet) -> None:
    rows = one.rows()

    assert {row["part"] for row in rows} == set(PARTS)
    assert len({row["input"] for row in rows}) == len(rows)
    assert all(aspect in row for row in rows for aspect in one.aspects)


def test_without_network_data_the_rest_is_judged_and_the_command_that_gets_it_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evaluation", "addresses", "ptr_names", "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert "leadlight data pull" in done.stderr
    assert "needs network data" in done.stdout
    assert "met    named companies are the right ones" in done.stdout

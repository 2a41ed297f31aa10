"""What `syncml verify` prints of many violations, and of runs of many streams, is what somebody can read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncml.cli.verdicts import RUNS_SHOWN, STREAMS_SHOWN
from syncml.pipeline import check_file
from syncml.sim.interpreter import replay
from syncml.sim.trace import Trace
from syncml.verify import VerifyOptions, Violated, verify

CLAUSES, STREAMS = RUNS_SHOWN + 5, STREAMS_SHOWN + 30


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A program with many violated clauses and many streams, of which the last one is in all of them."""
    path = tmp_path / "many.py"
    lines = ["from syncml import *", "@node", "def main(u: Stream[f32]) -> Stream[f32]:"]
    lines += [f"    x{i} = {f'x{i - 1}' if i else 'u'} + {i % 7}.0" for i in range(STREAMS)]
    lines += [f"    ensure(x{STREAMS - 1} > x{STREAMS - 1} + {i}.0, 'above {i}')" for i in range(CLAUSES)]
    path.write_text("\n".join([*lines, f"    return x{STREAMS - 1}", ""]), "utf-8")
    return path


def test_the_first_counterexamples_are_shown_and_the_others_counted(many: Path, syncml: Callable) -> None:
    shown = syncml("verify", many, "--no-cache").out
    assert shown.count("error[V004]") == CLAUSES
    assert shown.count("\ntick ") == RUNS_SHOWN
    assert "5 counterexamples more: --property NAME shows one of them, -o DIR writes all" in shown
    named = syncml("verify", many, "--no-cache", "--property", f"above {CLAUSES - 1}").out
    assert named.count("\ntick ") == 1
    assert "counterexamples more" not in named


def test_of_many_streams_the_named_ones_of_the_explanation_are_shown(many: Path, syncml: Callable) -> None:
    arguments = ("verify", many, "--no-cache", "--property", "above 0")
    brief, full = syncml(*arguments).out, syncml(*arguments, "--verbose").out
    assert f"and {STREAMS - STREAMS_SHOWN + 1} streams more: --verbose shows them" in brief
    assert f"\n  x{STREAMS - 1} " in brief
    assert "\n> u " in brief
    assert f"\n  x{STREAMS - STREAMS_SHOWN + 5} " not in brief
    assert all(f"\n  x{i} " in full for i in range(STREAMS))


def test_the_clauses_that_one_model_violates_share_its_run(many: Path) -> None:
    runs: list[int] = []

    def counted(*run: object) -> Trace:
        runs.append(1)
        return replay(*run)  # type: ignore[arg-type]

    options = VerifyOptions(timeout=20.0, jobs=1, explain=False)
    report = verify(check_file(str(many)).program, options, counted)
    assert all(isinstance(r.verdict, Violated) for r in report.results)
    assert len(runs) == 1

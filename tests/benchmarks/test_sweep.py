"""The benchmarks of sweeps make all runs that they say, and compare their rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.sweep.actors import differing, one_by_one, together
from benchmarks.sweep.run import measured
from tests.sweep.scenes import CAR, CUT_IN, sweep_in


def test_a_small_sweep_is_measured(tmp_path: Path) -> None:
    seconds, own, _, size = measured(100, 1, "csv", tmp_path)
    assert seconds > 0.0 and own > 10.0 and 0.0 < size < 1.0


def test_rows_among_actors_are_compared(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, 20, CAR, CUT_IN)
    many, rows = together(sweep)
    one, some = one_by_one(sweep, rows["run"][[0, 7]].tolist())
    assert many > 0.0 and one > 0.0
    assert differing(rows, some) == []
    assert differing(rows | {"ticks": rows["ticks"] + np.int32(1)}, some) == ["ticks"]

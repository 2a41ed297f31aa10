"""The benchmark of sweeps makes all runs that it says."""

from __future__ import annotations

from pathlib import Path

from benchmarks.sweep.run import measured


def test_a_small_sweep_is_measured(tmp_path: Path) -> None:
    seconds, own, _, size = measured(100, 1, "csv", tmp_path)
    assert seconds > 0.0 and own > 10.0 and 0.0 < size < 1.0

"""The loops and the highway of the benchmarks of many runs have the figures of the C written by hand, bit for bit."""

from __future__ import annotations

import shutil

import pytest

from benchmarks.sim import traffic
from benchmarks.sim.run import measure
from tests.support.tools import require


@pytest.mark.parametrize("loop", ["acc", "sensors", "policy"])
def test_a_loop_has_the_figures_of_c(loop: str, capsys: pytest.CaptureFixture[str]) -> None:
    require("clang" if shutil.which("clang") else "gcc")
    measure(loop, 128, 1, None, 64)
    assert "C lanes" in capsys.readouterr().out


def test_the_highway_has_the_states_of_c() -> None:
    require("clang" if shutil.which("clang") else "gcc")
    times = traffic.measure(32, 1, 60)
    assert {"lanes", "C scalar", "C lanes"} <= {name.split(",")[0] for name in times}

"""The large programs of the benchmark: they have the size that they say, and take time in proportion to it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.large import SHAPES, TRIVIAL, program, run
from syncml.pipeline import check_file

Shape = Callable[[int], Iterator[str]]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_shape_has_about_as_many_equations_as_asked_for(shape: Shape, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(program(shape, 1000), "utf-8")
    found = sum(len(node.equations) for node in check_file(str(path)).program.nodes)
    assert 900 <= found <= 1100


def test_the_command_is_measured(tmp_path: Path) -> None:
    cost = run(tmp_path, "check", program(SHAPES[0], 200))
    assert cost.processor > 0.0
    assert cost.mebibytes > 20.0
    with pytest.raises(RuntimeError):
        run(tmp_path, "check", "")


def test_the_contract_of_the_benchmark_is_proved_and_a_broken_one_ends_it(tmp_path: Path) -> None:
    assert run(tmp_path, "verify", program(SHAPES[0], 200, TRIVIAL)).processor > 0.0
    with pytest.raises(RuntimeError, match="violated"):
        run(tmp_path, "verify", program(SHAPES[0], 200, TRIVIAL.replace("ticks <= 100", "ticks <= 50")))


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_time_is_in_proportion(shape: Shape, tmp_path: Path) -> None:
    """Sixteen times the equations may take 24 times the time; what looks at all others for each takes 100 times."""

    def seconds(equations: int) -> float:
        path = tmp_path / f"program{equations}.py"
        path.write_text(program(shape, equations), "utf-8")
        gc.collect()
        gc.disable()
        try:
            start = time.process_time()
            check_file(str(path))
            return time.process_time() - start
        finally:
            gc.enable()

    small = min(seconds(1000) for _ in range(3))
    large = min(seconds(16000) for _ in range(2))
    assert large < 24 * small

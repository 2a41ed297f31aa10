"""The analyses on large programs: they end, without recursion and in moderate time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from syncml.clock_calculus import infer_clocks
from syncml.ir.equations.syntax import Program
from tests.support.large import ANALYSES, calls, loop, rates


@pytest.mark.parametrize("shape", [rates, loop, calls])
def test_five_thousand_equations(shape: Callable[[int], Program]) -> None:
    start = time.process_time()
    program = infer_clocks(shape(5000))
    for _, analysis in ANALYSES:
        analysis(program)
    # Near-linear analyses take about a second; a quadratic one takes minutes.
    assert time.process_time() - start < 20

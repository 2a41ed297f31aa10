"""One program, one trace: the interpreter, Numba and C give the same bits on random programs.

The interpreter reads clocked equations; C comes from step code with one machine for each node, Numba from step code of
the inlined program. Outputs are compared at every tick at which they are present, registers after the last tick.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncml.export_c import compile_and_run
from syncml.ir.equations.check import check_program
from syncml.ir.equations.syntax import Program
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Observe
from syncml.ir.types import shape
from syncml.pipeline import Checked, check, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import Run, interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.support.programs import inputs_for, programs

TICKS = 24
CONFIGURATIONS = (("gcc", "-O0"), ("gcc", "-O3"), ("clang", "-O3"))


def reference(checked: Checked, seed: int) -> tuple[Mapping[str, Any], Run]:
    values = inputs_for(checked.program, TICKS, seed)
    return values, interpret(checked.program, values, TICKS)


def outputs_of(run: Run, checked: Checked) -> Trace:
    return run.trace.only(tuple(dict.fromkeys(v.name for v in checked.main.outputs)))


def assert_same(expected: Trace, found: Mapping[str, Any]) -> None:
    """Compare where the interpreter says that the stream is present."""
    columns = tuple(Column(c.name, c.type, np.asarray(found[c.name]), c.present) for c in expected.columns)
    assert first_difference(expected, Trace(columns, expected.ticks)) is None


def assert_same_state(run: Run, found: Mapping[str, Any], checked: Checked) -> None:
    types = {v.name: v.type for v in checked.flat.clocks}
    for name, value in run.state.items():
        if name in found:
            kind = types[name]
            left = np.asarray(value).reshape(1, *shape(kind))
            right = np.asarray(found[name]).reshape(1, *shape(kind)).astype(left.dtype)
            present = np.ones(1, dtype=np.bool_)
            difference = first_difference(
                Trace((Column(name, kind, left, present),), 1), Trace((Column(name, kind, right, present),), 1)
            )
            assert difference is None, f"register {difference}"


@pytest.mark.parametrize(("compiler", "level"), CONFIGURATIONS)
@settings(max_examples=70, suppress_health_check=list(HealthCheck))
@given(drawn=programs(), seed=st.integers(0, 2**16))
def test_exported_c_has_the_trace_of_the_interpreter(drawn: Program, seed: int, compiler: str, level: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    checked = check(drawn)
    values, run = reference(checked, seed)
    code = step_code(checked, flat=False)
    check_program(checked.program)
    check_step(code)
    given_values = {v.name: c.values for v, c in prepare(checked.main, values, TICKS).items()}
    results = compile_and_run(code, given_values, TICKS, compiler, (level,))
    assert_same(outputs_of(run, checked), results.outputs)
    assert_same_state(run, {name: value[-1] for name, value in results.state.items()}, checked)


@pytest.mark.parametrize("observe", [Observe.ALL, Observe.OUTPUTS])
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(drawn=programs(), seed=st.integers(0, 2**16))
def test_compiled_simulation_has_the_trace_of_the_interpreter(drawn: Program, seed: int, observe: Observe) -> None:
    checked = check(drawn)
    values, run = reference(checked, seed)
    simulation = compile_program(checked.program, observe)
    first = simulation.run({name: v[: TICKS // 2] for name, v in values.items()}, TICKS // 2)
    second = simulation.run({name: v[TICKS // 2 :] for name, v in values.items()}, TICKS // 2)
    expected = run.trace.only(first.names())
    for start, part in ((0, first), (TICKS // 2, second)):
        assert first_difference(_part(expected, start, TICKS // 2), part) is None
    assert_same_state(run, simulation.state(), checked)


def _part(trace: Trace, start: int, ticks: int) -> Trace:
    rows = slice(start, start + ticks)
    columns = tuple(Column(c.name, c.type, c.values[rows], c.present[rows]) for c in trace.columns)
    return Trace(columns, ticks)

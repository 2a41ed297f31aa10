"""One program, one trace: the interpreter, Numba and C give the same bits on random programs.

The interpreter reads clocked equations; C comes from step code with one machine for each node, Numba from step code of
the inlined program. Each program runs in every engine; outputs are compared at every tick at which they are present,
registers after the last tick.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

from syncml.export_c import compile_and_run
from syncml.ir.equations.check import check_program
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import Program
from syncml.ir.operators import Op
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Observe
from syncml.ir.types import F32, TensorType, shape
from syncml.pipeline import Checked, check, step_code, text
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import Raw, prepare
from syncml.sim.interpreter import Run, interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.support.ir import NodeBuilder, const
from tests.support.programs import inputs_for, programs

TICKS = 24
CONFIGURATIONS = (("gcc", "-O0"), ("gcc", "-O3"), ("clang", "-O3"))
SHARDS, EXAMPLES = 4, 55
"""Shards run in different processes and draw different programs: 220 in all."""


def outputs_of(run: Run, checked: Checked) -> Trace:
    return run.trace.only(tuple(dict.fromkeys(v.name for v in checked.main.outputs)))


def assert_same(expected: Trace, found: Mapping[str, Any]) -> None:
    """Compare where the interpreter says that the stream is present."""
    columns = tuple(Column(c.name, c.type, np.asarray(found[c.name]), c.present) for c in expected.columns)
    assert first_difference(expected, Trace(columns, expected.ticks)) is None


def assert_same_state(run: Run, found: Mapping[str, Any], checked: Checked) -> None:
    types = {v.name: v.type for v in checked.flat.clocks}
    present = np.ones(1, dtype=np.bool_)
    for name in run.state.keys() & found.keys():
        kind = types[name]
        left = np.asarray(run.state[name]).reshape(1, *shape(kind))
        right = np.asarray(found[name]).reshape(1, *shape(kind)).astype(left.dtype)
        difference = first_difference(
            Trace((Column(name, kind, left, present),), 1), Trace((Column(name, kind, right, present),), 1)
        )
        assert difference is None, f"register {difference}"


def assert_c_agrees(checked: Checked, values: Raw, run: Run) -> None:
    code = step_code(checked, flat=False)
    check_step(code)
    inputs = {v.name: c.values for v, c in prepare(checked.main, values, TICKS).items()}
    for compiler, level in CONFIGURATIONS:
        if shutil.which(compiler) is not None:
            results = compile_and_run(code, inputs, TICKS, compiler, (level,))
            assert_same(outputs_of(run, checked), results.outputs)
            assert_same_state(run, {name: value[-1] for name, value in results.state.items()}, checked)


def assert_numba_agrees(checked: Checked, values: Raw, run: Run, observe: Observe) -> None:
    """The compiled simulation, stopped halfway and continued."""
    half = TICKS // 2
    simulation = compile_program(checked.program, observe)
    first = simulation.run({name: v[:half] for name, v in values.items()}, half)
    second = simulation.run({name: v[half:] for name, v in values.items()}, half)
    expected = run.trace.only(first.names())
    for start, part in ((0, first), (half, second)):
        assert first_difference(_part(expected, start, half), part) is None
    assert_same_state(run, simulation.state(), checked)


def _part(trace: Trace, start: int, ticks: int) -> Trace:
    rows = slice(start, start + ticks)
    columns = tuple(Column(c.name, c.type, c.values[rows], c.present[rows]) for c in trace.columns)
    return Trace(columns, ticks)


def test_a_rearranged_tensor_reaches_the_node_that_takes_it() -> None:
    """Slices, transposes and vectors of one element have no slot of their own until a call takes them whole."""
    callee = NodeBuilder("double")
    x = callee.input("x", TensorType(F32, (2,)))
    double = callee.node([callee.op(Op.ADD, x, x)])
    b = NodeBuilder("top")
    v, m = b.input("v", TensorType(F32, (4,))), b.input("m", TensorType(F32, (2, 2)))
    views = (
        b.op(Op.SLICE, v, attribute=(0, 1, 2, 1)),
        b.op(Op.INDEX, b.op(Op.TRANSPOSE, m, attribute=(1, 0)), attribute=(0,)),
        b.op(Op.STACK, b.op(Op.INDEX, v, attribute=(3,)), const(1.0, F32)),
        b.op(Op.SLICE, b.op(Op.RESHAPE, m, attribute=(4,)), attribute=(0, 2, 2, 1)),
    )
    checked = check(Program((double, b.node([y for view in views for y in b.call(double, view)])), "top"))
    values = inputs_for(checked.program, TICKS, 5)
    run = interpret(checked.program, values, TICKS)
    assert_c_agrees(checked, values, run)
    assert_numba_agrees(checked, values, run, Observe.ALL)


def _shard(number: int) -> Callable[[], None]:
    @seed(number)
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=False, database=None)
    @given(drawn=programs(), values_seed=st.integers(0, 2**16), observe=st.sampled_from((Observe.ALL, Observe.OUTPUTS)))
    def run_all(drawn: Program, values_seed: int, observe: Observe) -> None:
        checked = check(drawn)
        note(text(checked.program))
        check_program(checked.program)
        check_program(inline(checked.program))
        values = inputs_for(checked.program, TICKS, values_seed)
        run = interpret(checked.program, values, TICKS)
        assert_c_agrees(checked, values, run)
        assert_numba_agrees(checked, values, run, observe)

    return run_all


@pytest.mark.slow
@pytest.mark.parametrize("number", range(SHARDS))
def test_every_engine_has_the_trace_of_the_interpreter(number: int) -> None:
    assert shutil.which("gcc") or shutil.which("clang"), "the comparison needs a C compiler"
    _shard(number)()

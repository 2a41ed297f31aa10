"""One program, one trace: the interpreter, Numba and C give the same bits on random programs.

The interpreter reads clocked equations; C comes from step code with one machine for each node, Numba from step code of
the inlined program. Each program runs in every engine; outputs are compared at every tick at which they are present,
registers after the last tick.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

from syncml.ir.equations.check import check_program
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import Program
from syncml.ir.operators import Op
from syncml.ir.step.lowering import Observe
from syncml.ir.types import F32, TensorType
from syncml.pipeline import check, text
from syncml.sim.interpreter import interpret
from tests.support.engines import TICKS, assert_c_agrees, assert_numba_agrees
from tests.support.ir import NodeBuilder, const
from tests.support.programs import inputs_for, programs

SHARDS, EXAMPLES = 4, 55
"""Shards run in different processes and draw different programs: 220 in all."""


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

"""A folded program is the unfolded one, bit for bit, from the first instant on, in every engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from syncml.export_c import compile_and_run
from syncml.ir.equations import folding_node
from syncml.ir.equations.check import check_program
from syncml.ir.equations.folding import Fold
from syncml.ir.equations.syntax import Program
from syncml.ir.step.lowering import Observe
from syncml.pipeline import Checked, check, folded, step_code, text
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.lanes.traces import compile_traces
from syncml.sim.trace import first_difference
from tests.support.engines import assert_same, outputs_of
from tests.support.programs import inputs_for
from tests.support.windows import networks

TICKS = 20


def names(checked: Checked) -> tuple[str, ...]:
    return tuple(v.name for v in checked.main.outputs)


@contextmanager
def ring_wherever_possible(wanted: bool) -> Iterator[None]:
    """Rings in place of shift registers, also where they are no gain."""
    if not wanted:
        yield
        return
    with patch.object(folding_node, "RING", 0), patch.object(folding_node, "SPARSE", 0):
        yield


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(drawn=networks(), seed=st.integers(0, 2**16), rings=st.booleans())
def test_the_interpreter_sees_no_difference(drawn: Program, seed: int, rings: bool) -> None:
    checked = check(drawn)
    note(text(checked.program))
    with ring_wherever_possible(rings):
        found = folded(checked, Fold.ALWAYS)
    note(text(found.program))
    check_program(found.program)
    assert found.shared
    values = inputs_for(checked.program, TICKS, seed)
    expected = interpret(checked.program, values, TICKS).trace.only(names(checked))
    assert first_difference(expected, interpret(found.program, values, TICKS).trace.only(names(checked))) is None


@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    drawn=networks(),
    seed=st.integers(0, 2**16),
    observe=st.sampled_from((Observe.OUTPUTS, Observe.NAMED)),
    rings=st.booleans(),
)
def test_no_engine_sees_a_difference(drawn: Program, seed: int, observe: Observe, rings: bool) -> None:
    """The interpreter runs the unfolded program, the others the folded one."""
    checked = check(drawn)
    note(text(checked.program))
    with ring_wherever_possible(rings):
        found = folded(checked, Fold.ALWAYS, observe)
        code = step_code(checked, flat=False, fold=Fold.ALWAYS)
    values = inputs_for(checked.program, TICKS, seed)
    run = interpret(checked.program, values, TICKS)
    expected = outputs_of(run, checked)
    for trace in (
        compile_program(found.program, observe).run(values, TICKS),
        compile_traces(found.program, observe)(values, TICKS),
    ):
        assert first_difference(expected, trace.only(names(checked))) is None
    inputs = {v.name: c.values for v, c in prepare(checked.main, values, TICKS).items()}
    for compiler, level in (("gcc", "-O3"), ("clang", "-O2")):
        if shutil.which(compiler) is not None:
            assert_same(expected, compile_and_run(code, inputs, TICKS, compiler, (level,)).outputs)

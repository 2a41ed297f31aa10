"""One program in every engine: the interpreter, Numba and C are compared bit for bit.

The interpreter reads clocked equations; C comes from step code with one machine for each node, Numba from step code of
the inlined program. Outputs are compared at every tick at which they are present, registers after the last tick.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import numpy as np

from syncml.export_c import Options, compile_and_run
from syncml.export_c.memory import Memory
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Observe
from syncml.ir.types import shape
from syncml.pipeline import Checked, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import Raw, prepare
from syncml.sim.interpreter import Run
from syncml.sim.trace import Column, Trace, first_difference

TICKS = 24
"""How long each run is, if nothing else is said."""
SHARED = Options(memory=Memory(large=1))
"""Every local tensor shares memory with others where it can."""
CONFIGURATIONS = (("gcc", "-O0", None), ("gcc", "-O3", SHARED), ("clang", "-O3", None))


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
    ticks = run.trace.ticks
    inputs = {v.name: c.values for v, c in prepare(checked.main, values, ticks).items()}
    for compiler, level, options in CONFIGURATIONS:
        if shutil.which(compiler) is not None:
            results = compile_and_run(code, inputs, ticks, compiler, (level,), options)
            assert_same(outputs_of(run, checked), results.outputs)
            assert_same_state(run, {name: value[-1] for name, value in results.state.items()}, checked)


def assert_numba_agrees(checked: Checked, values: Raw, run: Run, observe: Observe) -> None:
    """The compiled simulation, stopped halfway and continued."""
    half = TICKS // 2
    simulation = compile_program(checked.program, observe)
    first = simulation.run({name: v[:half] for name, v in values.items()}, half)
    second = simulation.run({name: v[half:] for name, v in values.items()}, half)
    # The simulation has streams of its own in the place of buffers and segments.
    names = tuple(name for name in run.trace.names() if name in set(first.names()))
    expected = run.trace.only(names)
    for start, part in ((0, first), (half, second)):
        assert first_difference(_part(expected, start, half), part.only(names)) is None
    assert_same_state(run, simulation.state(), checked)


def _part(trace: Trace, start: int, ticks: int) -> Trace:
    rows = slice(start, start + ticks)
    columns = tuple(Column(c.name, c.type, c.values[rows], c.present[rows]) for c in trace.columns)
    return Trace(columns, ticks)

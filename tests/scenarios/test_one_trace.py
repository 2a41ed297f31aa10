"""One program, one trace, on every scenario of the flagship: the interpreter, Numba and C give the same bits."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from syncml.export_c import compile_and_run
from syncml.ir.step.lowering import Observe
from syncml.ir.types import shape
from syncml.pipeline import Checked, check_file, step_code
from syncml.sim.compiled import Simulation, compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.support.flagship import PIPELINE, SCENARIOS, arrays, scenario_inputs

INTERPRETED_TICKS = 600
COMPILERS = (("gcc", "-O0"), ("gcc", "-O3"), ("clang", "-O3"))


@cache
def flagship() -> Checked:
    return check_file(str(PIPELINE))


@cache
def simulation() -> Simulation:
    return compile_program(flagship().program, Observe.OUTPUTS)


@dataclass(frozen=True)
class Recorded:
    """A scenario's whole run by Numba."""

    inputs: Mapping[str, NDArray[Any]]
    ticks: int
    outputs: Trace
    state: Mapping[str, Any]


@cache
def recorded(scenario: str, ticks: int | None = None) -> Recorded:
    node = flagship().main
    inputs, length = scenario_inputs(node, scenario)
    length = ticks or length
    compiled = simulation()
    compiled.reset()
    trace = compiled.run({name: values[:length] for name, values in inputs.items()}, length)
    outputs = trace.only(tuple(v.name for v in node.outputs))
    return Recorded(arrays(node, inputs, length), length, outputs, dict(compiled.state()))


def state_as_trace(state: Mapping[str, Any], names: set[str]) -> Trace:
    """Registers as a trace of one tick, so that they are compared bit for bit."""
    types = {v.name: v.type for v in flagship().flat.clocks}
    columns: list[Column] = []
    for name in sorted(names):
        column = Column.empty(name, types[name], 1)
        column.values[0] = np.asarray(state[name]).reshape(shape(types[name]))
        column.present[0] = True
        columns.append(column)
    return Trace(tuple(columns), 1)


def registers(*states: Mapping[str, Any]) -> set[str]:
    """The registers of the program that all engines have; step code adds counters of its own."""
    named = {v.name for v in flagship().flat.clocks}
    return set.intersection(named, *(set(state) for state in states))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_interpreter_agrees(scenario: str) -> None:
    inputs, _ = scenario_inputs(flagship().main, scenario)
    run = interpret(flagship().program, inputs, INTERPRETED_TICKS)
    compiled = recorded(scenario, INTERPRETED_TICKS)
    assert first_difference(run.trace.only(compiled.outputs.names()), compiled.outputs) is None
    shared = registers(run.state, compiled.state)
    # All registers but those that only contracts read, which compiled code leaves out.
    assert {"kept_gap", "kept_speed", "acc.last", "acc.tracker.gru.h", "acc.shield.lead_speed"} <= shared
    assert first_difference(state_as_trace(run.state, shared), state_as_trace(compiled.state, shared)) is None


@pytest.mark.parametrize(("compiler", "level"), COMPILERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_exported_c_agrees(scenario: str, compiler: str, level: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    numba = recorded(scenario)
    found = compile_and_run(
        step_code(flagship(), Observe.OUTPUTS, flat=False), numba.inputs, numba.ticks, compiler, (level,)
    )
    columns = tuple(Column(c.name, c.type, found.outputs[c.name], c.present) for c in numba.outputs.columns)
    assert first_difference(numba.outputs, Trace(columns, numba.ticks)) is None
    last = {name: values[-1] for name, values in found.state.items()}
    shared = registers(numba.state, last)
    assert {"kept_gap", "kept_speed", "acc.last", "acc.tracker.gru.h", "acc.shield.lead_speed"} <= shared
    assert first_difference(state_as_trace(numba.state, shared), state_as_trace(last, shared)) is None

"""The engines of a simulation, by the names that `--engine` takes."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, assert_never

if TYPE_CHECKING:
    from syncml.pipeline import Checked
    from syncml.sim.inputs import Raw
    from syncml.sim.trace import Trace


class Engine(enum.StrEnum):
    """How the ticks are computed; the traces are the same, bit for bit."""

    INTERP = "interp"
    NUMBA = "numba"


Runner: TypeAlias = "Callable[[Raw, int], Trace]"
"""Runs the main node from its initial state on inputs for a number of ticks."""


def runner(checked: Checked, engine: Engine, *, every_stream: bool) -> Runner:
    """Return what runs the main node; the trace has the named streams, or every one, and the clauses of contracts."""
    from syncml.ir.step.lowering import Observe

    observe = Observe.ALL if every_stream else Observe.NAMED
    match engine:
        case Engine.INTERP:
            from syncml.sim.interpreter import interpret

            return lambda inputs, ticks: interpret(checked.program, inputs, ticks).trace
        case Engine.NUMBA:
            from syncml.sim.compiled import compile_program

            compiled = compile_program(checked.program, observe)

            def run(inputs: Raw, ticks: int) -> Trace:
                compiled.reset()
                return compiled.run(inputs, ticks)

            return run
        case _:
            assert_never(engine)

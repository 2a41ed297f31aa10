"""The engines of a simulation, by the names that `--engine` takes."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, assert_never

if TYPE_CHECKING:
    from syncml.pipeline import Checked
    from syncml.scenario.closed_loop import Scene
    from syncml.sim.inputs import Raw
    from syncml.sim.trace import Trace


class Engine(enum.StrEnum):
    """How the ticks are computed; the traces are the same, bit for bit."""

    INTERP = "interp"
    NUMBA = "numba"
    LANES = "lanes"


Runner: TypeAlias = "Callable[[Raw, int, Scene | None], Trace]"
"""Runs the main node from its initial state on inputs for a number of ticks, alone or among the actors of a scene."""


def runner(checked: Checked, engine: Engine, *, every_stream: bool) -> Runner:
    """Return what runs the main node; the trace has the named streams, or every one, and the clauses of contracts."""
    from syncml.ir.step.lowering import Observe

    observe = Observe.ALL if every_stream else Observe.NAMED
    match engine:
        case Engine.INTERP:
            from syncml.sim.interpreter import interpret

            def interpreted(inputs: Raw, ticks: int, scene: Scene | None = None) -> Trace:
                if scene is None:
                    return interpret(checked.program, inputs, ticks).trace
                from syncml.scenario.closed_loop import run_interpreted

                return run_interpreted(checked.flat, scene, inputs, ticks).trace

            return interpreted
        case Engine.NUMBA:
            from syncml.sim.compiled import compile_program

            compiled = compile_program(checked.program, observe)

            def run(inputs: Raw, ticks: int, scene: Scene | None = None) -> Trace:
                if scene is not None:
                    from syncml.scenario.closed_loop import run_compiled

                    return run_compiled(compiled, scene, inputs, ticks).trace
                compiled.reset()
                return compiled.run(inputs, ticks)

            return run
        case Engine.LANES:
            from syncml.sim.lanes.traces import compile_traces

            traces = compile_traces(checked.program, observe)

            def in_lanes(inputs: Raw, ticks: int, scene: Scene | None = None) -> Trace:
                without_actors(scene)
                return traces(inputs, ticks)

            return in_lanes
        case _:
            assert_never(engine)


def without_actors(scene: Scene | None) -> None:
    """Lanes have no actors yet.

    Raises:
        DiagnosticError: U001, the run takes place among actors.
    """
    if scene is not None:
        from syncml.diagnostics import DiagnosticError, error

        message = "the engine lanes runs programs alone, this scenario has actors"
        raise DiagnosticError(error("U001", message, help="use --engine numba"))

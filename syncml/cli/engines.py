"""The engines of a simulation, by the names that `--engine` takes."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, assert_never

if TYPE_CHECKING:
    from syncml.ir.step.lowering import Observe
    from syncml.pipeline import Checked
    from syncml.scenario.closed_loop import Scene
    from syncml.scenario.runners import RunOne
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
    runs = runs_of(checked, engine, observe)

    def run(inputs: Raw, ticks: int, scene: Scene | None = None) -> Trace:
        return runs(inputs, ticks, scene).trace

    return run


def runs_of(checked: Checked, engine: Engine, observe: Observe) -> RunOne:
    """Return what makes one run; its trace has what is observed, and the clauses of contracts."""
    from syncml.scenario.runners import compiled_runs, interpreted_runs, lane_runs

    match engine:
        case Engine.INTERP:
            return interpreted_runs(checked.program, checked.flat)
        case Engine.NUMBA:
            return compiled_runs(checked.program, observe)
        case Engine.LANES:
            return lane_runs(checked.program, observe)
        case _:
            assert_never(engine)

"""The engines of a simulation, by the names that `--engine` takes."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from syncml.ir.step.lowering import Observe
    from syncml.pipeline import Checked
    from syncml.scenario.runners import RunOne


class Engine(enum.StrEnum):
    """How the ticks are computed; the traces are the same, bit for bit."""

    INTERP = "interp"
    NUMBA = "numba"
    LANES = "lanes"


def runner(checked: Checked, engine: Engine, *, every_stream: bool) -> RunOne:
    """Return what runs the main node; the trace has the named streams, or every one, and the clauses of contracts."""
    from syncml.ir.step.lowering import Observe

    return runs_of(checked, engine, Observe.ALL if every_stream else Observe.NAMED)


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

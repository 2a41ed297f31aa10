"""Runs of a program, among actors or alone: what goes in, and the trace with the clauses of contracts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.equations.syntax import Node, Program
from syncml.ir.step.lowering import Observe, Observed
from syncml.scenario.closed_loop import Ran, Scene, Until, run_compiled, run_interpreted
from syncml.sim.inputs import Raw

RunOne: TypeAlias = Callable[[Raw, int, Scene | None], Ran]
"""Makes one run from inputs, its greatest length, and the actors; its trace has the clauses of contracts."""


def clause_streams(flat: Node) -> frozenset[str]:
    """The streams of the clauses of contracts, which is all that a verdict needs."""
    return frozenset(p.holds.name for p in flat.properties)


def compiled_runs(program: Program, observe: Observed = Observe.NAMED) -> RunOne:
    """By compiled code."""
    from syncml.sim.compiled import compile_program

    simulation = compile_program(program, observe)

    def run(inputs: Raw, ticks: int, scene: Scene | None) -> Ran:
        if scene is None:
            simulation.reset()
            return Ran(simulation.run(inputs, ticks), None)
        return run_compiled(simulation, scene, inputs, ticks)

    return run


def interpreted_runs(program: Program, flat: Node, until: Until | None = None) -> RunOne:
    """By the interpreter, among actors until enough is known; ``flat`` is the main node with all calls inlined."""
    from syncml.sim.interpreter import interpret

    def run(inputs: Raw, ticks: int, scene: Scene | None) -> Ran:
        if scene is None:
            return Ran(interpret(program, inputs, ticks).trace, None)
        return run_interpreted(flat, scene, inputs, ticks, until)

    return run


def lane_runs(program: Program, observe: Observed = Observe.NAMED) -> RunOne:
    """By the code for many runs, which is ready soonest; without actors."""
    from syncml.sim.lanes.traces import compile_traces

    traces = compile_traces(program, observe)

    def run(inputs: Raw, ticks: int, scene: Scene | None) -> Ran:
        without_actors(scene)
        return Ran(traces(inputs, ticks), None)

    return run


def without_actors(scene: Scene | None) -> None:
    """Lanes have no actors yet.

    Raises:
        DiagnosticError: U001, the run takes place among actors.
    """
    if scene is not None:
        message = "the engine lanes runs programs alone, this scenario has actors"
        raise DiagnosticError(error("U001", message, help="use --engine numba"))

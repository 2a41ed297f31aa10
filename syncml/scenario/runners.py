"""Runs of a program, among actors or alone: what goes in, and the trace with the clauses of contracts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from syncml.ir.equations.syntax import Node, Program
from syncml.scenario.closed_loop import Ran, Scene, prepare, run_compiled, run_interpreted
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import Raw
from syncml.sim.interpreter import interpret

RunOne: TypeAlias = Callable[[Raw, int, Scene | None], Ran]
"""Makes one run from inputs, its greatest length, and the actors."""


def compiled_runs(program: Program, flat: Node) -> RunOne:
    """By compiled code; ``flat`` is the main node with all calls inlined."""
    prepare()
    simulation = compile_program(program, frozenset(p.holds.name for p in flat.properties))

    def run(inputs: Raw, ticks: int, scene: Scene | None) -> Ran:
        if scene is None:
            simulation.reset()
            return Ran(simulation.run(inputs, ticks), None)
        return run_compiled(simulation, scene, inputs, ticks)

    return run


def interpreted_runs(program: Program, flat: Node) -> RunOne:
    """By the interpreter."""

    def run(inputs: Raw, ticks: int, scene: Scene | None) -> Ran:
        if scene is None:
            return Ran(interpret(program, inputs, ticks).trace, None)
        return run_interpreted(flat, scene, inputs, ticks)

    return run

"""Schedules by which no sweep is left: they are rewritten before anything runs, and every engine runs the result.

Rule: what the streams of such a segment are is said by equations without `post`; these are the meaning of the program,
that of the interpreter included.
"""

from __future__ import annotations

from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.ir.equations.backward import has_future
from syncml.ir.equations.demand import Demand, demand_of
from syncml.ir.equations.syntax import Node, Program, Segment, Var
from syncml.ir.equations.transposed import transpose


@dataclass(frozen=True, slots=True)
class Early:
    """A segment of a node without sweeps, and the streams of the user that needed its future."""

    node: str
    segment: Segment
    streams: tuple[Var, ...]

    @property
    def demand(self) -> Demand:
        """What its schedule asks for."""
        return demand_of(self.segment, 0)


def without_sweeps(program: Program) -> tuple[Program, tuple[Early, ...]]:
    """A causal program with the equations that such schedules stand for, and the segments that had them.

    Raises:
        DiagnosticError: K018, a segment cannot be transposed.
    """
    nodes: list[Node] = []
    done: list[Early] = []
    for node in program.nodes:
        found: dict[Segment, tuple[Var, ...]] = {}
        made, found = transpose(node) if has_future(node) else (node, found)
        nodes.append(made)
        done += [Early(node.name, segment, streams) for segment, streams in found.items()]
    return (replace(program, nodes=tuple(nodes)), tuple(done)) if done else (program, ())

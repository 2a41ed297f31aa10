"""Schedules by which no sweep is left: they are rewritten before anything runs, and every engine runs the result.

Rule: what the streams of such a segment are is said by equations without `post`; these are the meaning of the program,
that of the interpreter included.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from syncml.dataclass import dataclass
from syncml.ir.equations.backward import has_future
from syncml.ir.equations.demand import Demand, demand_of
from syncml.ir.equations.fixed_lag import cut_short
from syncml.ir.equations.syntax import Node, Program, Segment, Var
from syncml.ir.equations.transposed import transpose


@dataclass(frozen=True, slots=True)
class Early:
    """A segment of a node without sweeps, and the streams of the user that needed its future."""

    node: str
    segment: Segment
    streams: tuple[Var, ...]
    error: Fraction | None = None
    """By a fixed lag the greatest error of what is taken, rounding not included."""
    traces: int = 0
    """The numbers that are kept in the place of buffers, where it is transposed."""

    @property
    def demand(self) -> Demand:
        """What its schedule asks for."""
        return replace(demand_of(self.segment, 0), traces=self.traces)


def without_sweeps(program: Program) -> tuple[Program, tuple[Early, ...]]:
    """A causal program with the equations that such schedules stand for, and the segments that had them.

    Raises:
        DiagnosticError: K015 and K016, a segment does not fit its schedule; K018, it cannot be transposed; K019, the
            error of a fixed lag has no known bound.
    """
    nodes: list[Node] = []
    done: list[Early] = []
    taken = {node.name for node in program.nodes}
    for node in program.nodes:
        made = node
        if has_future(node):
            made, transposed = transpose(node)
            made, bodies, lagging = cut_short(made, taken)
            nodes += bodies
            done += [Early(node.name, s, found.streams, traces=found.numbers) for s, found in transposed.items()]
            done += [Early(node.name, each.segment, each.streams, each.error) for each in lagging]
        nodes.append(made)
    return (replace(program, nodes=tuple(nodes)), tuple(done)) if done else (program, ())

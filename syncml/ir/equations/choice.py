"""The schedule *auto*: the one of the fewest steps, among those that give the same values, that fits a budget.

Rule: the candidates are *burst*, and *checkpointed* with the most snapshots that fit. What a candidate takes is counted
on the program that it becomes: the bytes of the memories that it adds to the node. A value comes as late as `Demand`
says. What changes a value or the instant at which `pack` gives it is no candidate: the program asks for that by name.
Where nothing fits, what *transposed* would take, whose sums have another order, is among the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.constants import dtype
from syncml.ir.equations.backward import backward_of
from syncml.ir.equations.demand import Demand, demand_of
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Fby, Node, Pack, Post, Program, Schedule, Segment
from syncml.ir.equations.transposed import transpose
from syncml.ir.types import element, size


@dataclass(frozen=True, slots=True)
class Choice:
    """The segment of a node with the schedule that was chosen for it, and why, as a sentence."""

    node: str
    segment: Segment
    reason: str


def with_chosen_schedules(program: Program) -> tuple[Program, tuple[Choice, ...]]:
    """A causal program with a schedule for each segment that has *auto*.

    Raises:
        DiagnosticError: K020, none fits; the figures of each candidate.
    """
    done: list[Choice] = []
    for node in program.nodes:
        segments = dict.fromkeys(e.rhs.segment for e in node.equations if isinstance(e.rhs, Post | Pack))
        for segment in segments:
            if segment.schedule is Schedule.AUTO:
                program, chosen = _Search(program, node.name, segment).best()
                done.append(chosen)
    return program, tuple(done)


def _with(program: Program, name: str, places: Mapping[Segment, Segment]) -> Program:
    """``program`` with other segments in one of its nodes."""

    def node(each: Node) -> Node:
        equations = tuple(
            replace(e, rhs=replace(e.rhs, segment=places[e.rhs.segment]))
            if isinstance(e.rhs, Post | Pack) and e.rhs.segment in places
            else e
            for e in each.equations
        )
        return replace(each, equations=equations)

    return replace(program, nodes=tuple(node(n) if n.name == name else n for n in program.nodes))


def _memory(node: Node) -> int:
    """The bytes of the delays of a node."""
    types = [e.target.type for e in node.equations if isinstance(e.rhs, Fby)]
    return sum(size(t) * dtype(element(t)).itemsize for t in types)


class _Search:
    """The candidates for one segment."""

    def __init__(self, program: Program, name: str, segment: Segment) -> None:
        self._program = program
        self._name = name
        self._segment = segment
        node = program.node(name)
        self._sweeps = next((len(s.directions) for s in backward_of(node).sweeps if s.segment == segment), 0)
        self._before = _memory(node)

    def best(self) -> tuple[Program, Choice]:
        """The program with the first candidate that fits."""
        asked, figures = self._segment, list[str]()
        burst = replace(asked, schedule=Schedule.BURST, memory=0, latency=None)
        if (found := self._fitting(burst, figures)) is not None:
            return found
        # The more snapshots the more memory, and the fewer steps.
        low, high = 1, asked.longest
        best: tuple[Program, Choice] | None = None
        last: list[str] = []
        while low <= high:
            middle = (low + high) // 2
            last = [*figures]
            found = self._fitting(replace(burst, schedule=Schedule.CHECKPOINTED, slots=middle), last)
            best = found or best
            low, high = (middle + 1, high) if found else (low, middle - 1)
        if best is not None:
            return best
        last.append(self._transposed(burst))
        budget = f"{asked.memory} bytes" + ("" if asked.latency is None else f" and {asked.latency} ticks")
        node = self._program.node(self._name)
        definition = next((e for e in node.equations if asked.last in e.targets), None)
        span = asked.last.span if definition is None else definition.span
        raise DiagnosticError(
            error("K020", f"no schedule of this segment fits {budget}", span, notes=last,
                  help="allow more, or choose by name what computes other values or comes later: schedule=...")
        )  # fmt: skip

    def _transposed(self, burst: Segment) -> str:
        """What traces would take, which are asked for by name."""
        candidate = replace(burst, schedule=Schedule.TRANSPOSED)
        node = _with(self._program, self._name, {self._segment: candidate}).node(self._name)
        try:
            taken = _memory(transpose(node)[0]) - self._before
        except DiagnosticError as fault:
            return f"transposed: {fault.diagnostics[0].message}"
        steps = demand_of(candidate, 0).steps
        return f"transposed, which adds in another order and is never chosen: {taken} bytes, {steps} steps in a tick"

    def _fitting(self, candidate: Segment, figures: list[str]) -> tuple[Program, Choice] | None:
        """The program with a candidate if it fits; what it takes is added to ``figures``."""
        program = _with(self._program, self._name, {self._segment: candidate})
        name = candidate.schedule.value + (f", slots={candidate.slots}" if candidate.slots else "")
        demand: Demand = demand_of(candidate, self._sweeps)
        try:
            taken = _memory(lower_segments(program).node(self._name)) - self._before
        except DiagnosticError as fault:
            figures.append(f"{name}: {fault.diagnostics[0].message}")
            return None
        figures.append(f"{name}: {taken} bytes, {demand.steps} steps in a tick, {demand.latest} ticks later at most")
        limit = self._segment.latency
        if taken > self._segment.memory or (limit is not None and demand.latest > limit):
            return None
        reason = f"chosen within {self._segment.memory} bytes; " + "; ".join(figures)
        return program, Choice(self._name, candidate, reason)

"""Causality: every instant can be computed in some order.

Judgement: a node is causal iff there is a rank, a number for each stream, that decreases from every stream to each
stream it needs at the same instant. A strongly connected component of the dependencies has no rank; it is reported by
one shortest cycle, followed into the nodes that it runs through, with the place where one `pre` breaks it. Groups whose
order differs from mode to mode have been split into one stream for each mode before (`ir.equations.exclusive`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from syncml.dataclass import dataclass
from syncml.diagnostics import Collector, Diagnostic, Label, Span, error
from syncml.ir.clocks import On, steps
from syncml.ir.equations.dependencies import Dependencies, Summary, condition_of, dependencies_of
from syncml.ir.equations.syntax import Apply, Call, Iterate, Program, Var, resets
from syncml.ir.graphs import components, cycles, shortest_cycle, shortest_path
from syncml.ir.operators import Op
from syncml.ir.types import size
from syncml.verify.future import future_faults

MOST_STEPS = 24
"""How many steps of a cycle are shown; a longer one is cut in its middle."""

CUT_BUDGET = 300_000
"""Up to this many streams are visited to see which delay breaks all cycles at once."""


@dataclass(frozen=True, slots=True)
class CausalityReport:
    """Why a program is causal: for each node the rank of each stream, and what each output needs of the inputs."""

    ranks: Mapping[str, Mapping[Var, int]]
    summaries: Mapping[str, Summary]


def check_causality(program: Program) -> CausalityReport:
    """Find a rank for every stream of a clocked program.

    Raises:
        DiagnosticError: K001 for each group of streams that need each other; K011, K012, K016, K017 for values that
            need the future and loop in both directions, leave their segment, or are remembered beyond it.
    """
    collector = Collector()
    nodes: dict[str, Dependencies] = {}
    summaries: dict[str, Summary] = {}
    ranks: dict[str, Mapping[Var, int]] = {}
    for node in program.nodes:
        dependencies = nodes[node.name] = dependencies_of(node, summaries)
        summaries[node.name] = dependencies.summary()
        collector.extend(future_faults(dependencies))
        for component in cycles(dependencies.needs):
            collector.add(_Cycle(dependencies, component, nodes).diagnostic())
        ranks[node.name] = _ranks(dependencies)
    collector.raise_if_errors()
    return CausalityReport(ranks, summaries)


def _ranks(dependencies: Dependencies) -> Mapping[Var, int]:
    """The length of the longest chain of needs below each stream."""
    found = [0] * len(dependencies.streams)
    for component in components(dependencies.needs):
        for number in component:
            found[number] = max((found[n] + 1 for n in dependencies.needs[number]), default=0)
    return dict(zip(dependencies.streams, found, strict=True))


class _Cycle:
    """The report of one group of streams that need each other."""

    def __init__(self, dependencies: Dependencies, component: list[int], nodes: Mapping[str, Dependencies]) -> None:
        self._dependencies = dependencies
        self._component = component
        self._nodes = nodes
        numbers = shortest_cycle(dependencies.needs, component)
        self._cycle = [dependencies.streams[number] for number in numbers]

    def diagnostic(self) -> Diagnostic:
        """K001 with every step of the cycle; the last step is where to break it."""
        cut = self._cheapest_cut()
        # The stream that is cut comes first, so that the step that reads it comes last.
        cycle = self._cycle[cut:] + self._cycle[:cut]
        labels = [
            label
            for position, var in enumerate(cycle)
            for label in self._step(position + 1, var, cycle[(position + 1) % len(cycle)])
        ]
        primary, *secondary = labels
        notes: list[str] = []
        if len(secondary) > MOST_STEPS:
            hidden = len(secondary) - MOST_STEPS
            notes.append(f"{hidden} of the {len(cycle)} steps are not shown")
            secondary = secondary[: MOST_STEPS // 2] + secondary[-MOST_STEPS // 2 :]
        if self._never_at_once():
            notes.append(
                "its steps are never active together, but they do not fit one order for each mode: a call is among them"
            )
        first, reader = cycle[0], cycle[-1]
        where = f" where `{reader.name}` reads it" if reader.user and reader is not first else ""
        subject = f"`{first.name}`" if first.user else "this value"
        return error(
            "K001",
            f"{subject} depends on itself within one instant: {_chain(cycle)}",
            primary.span,
            primary.text,
            secondary=secondary,
            notes=notes,
            help=self._repair(first, where),
        )

    def _repair(self, first: Var, where: str) -> str:
        name = first.name if first.user else "..."
        if any(var in self._dependencies.backward.ahead for var in self._cycle):
            return (
                "what a segment yields counts from the next one on: take it at the end into a state of the segments, "
                "`s = seg.carry(init=...)`, `s.next = when(..., seg.last)`"
            )
        return f"delay it by one instant: write `pre({name}, init=...)`{where}"

    def _never_at_once(self) -> bool:
        """Whether two streams of the cycle are present for different values of one condition."""
        selected: dict[Var, bool | str] = {}
        clocks = self._dependencies.node.clocks
        return any(
            selected.setdefault(step.condition, step.constructor) != step.constructor
            for var in self._cycle
            for step in steps(clocks[var])
            if isinstance(step, On)
        )

    def _cheapest_cut(self) -> int:
        """The stream to delay: named by the user, enough to break every cycle, small, and read before it is defined."""
        needs, numbers = self._dependencies.needs, self._dependencies.numbers
        affordable = len(self._cycle) * len(self._component) <= CUT_BUDGET

        def cost(position: int) -> tuple[bool, bool, int, bool, Span]:
            var = self._cycle[position]
            reader = self._cycle[position - 1]
            rest = [n for n in self._component if n != numbers[var]] if affordable else []
            leaves_some = affordable and bool(cycles(needs, rest))
            return not var.user, leaves_some, size(var.type), numbers[reader] > numbers[var], var.span

        return min(range(len(self._cycle)), key=cost)

    def _step(self, number: int, var: Var, needed: Var) -> list[Label]:
        """The labels of one step of the cycle; the steps inside of a callee come after the call."""
        labels: list[Label] = []
        pending = [(f"{number}: ", self._dependencies, var, needed)]
        while pending:
            prefix, where, reader, read = pending.pop()
            equation = where.definitions[reader]
            rhs = equation.rhs
            text = f"{prefix}{_name(reader)} needs {_object(read)}"
            if condition_of(equation.clock) is read:
                text += ", which decides whether it is present"
            elif read in resets(rhs):
                text += ", which resets it"
            elif isinstance(rhs, Apply) and rhs.op is Op.COPY:
                text = f"{prefix}{_name(reader)} is {_object(read)}"
            elif isinstance(rhs, Call | Iterate):
                callee = self._nodes[rhs.node]
                text += f" through `{callee.node.label}`"
                path = _path(callee, equation.targets.index(reader), rhs, read)
                inside = f"{prefix}inside `{callee.node.label}`, "
                pending += [(inside, callee, *pair) for pair in pairwise(path)][::-1]
            labels.append(Label(equation.span, text))
        return labels


def _path(callee: Dependencies, output: int, call: Call | Iterate, needed: Var) -> list[Var]:
    """A shortest chain of needs from an output of a callee to the input that stands for ``needed``.

    Where an output of an element needs ``needed`` by way of the elements before it, it is the chain to the accumulator.
    """
    start = callee.numbers[callee.node.outputs[output]]
    needs = sorted(callee.summary()[output])
    last = callee.node.inputs[next((i for i in needs if call.arguments[i] is needed), needs[0])]
    goal = callee.numbers[last]
    everywhere = range(len(callee.streams))
    path = [] if start == goal else shortest_path(callee.needs, start, goal, everywhere, len(everywhere))[0]
    return [*(callee.streams[n] for n in path), last]


def _name(var: Var) -> str:
    return f"`{var.name}`" if var.user else "this value"


def _object(var: Var) -> str:
    return f"`{var.name}`" if var.user else f"the value of line {var.span.line}"


def _chain(cycle: list[Var]) -> str:
    """The user's streams on the cycle, in the order in which they need each other."""
    named = [f"`{var.name}`" for var in cycle if var.user] or ["a value that the program does not name"]
    if len(named) > MOST_STEPS:
        named = [*named[: MOST_STEPS // 2], "...", *named[-MOST_STEPS // 2 :]]
    return " -> ".join([*named, named[0]])

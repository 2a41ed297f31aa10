"""Instantaneous dependencies: which streams must be known in an instant before another one can be.

Rule: a stream needs what its equation reads at the same instant and the condition that decides whether it is present.
A delay needs no more than the latter and what resets it. What is taken from the future at the end of a segment needs,
by way of the stream that it is taken from, all that the sweeps read in the last instant (`ir.equations.backward`). The
target of a call needs what resets the instance, and those arguments that the callee's output needs, so a loop around a
node through one of its delays is none. In an array of instances, what needs an accumulator needs what the accumulator
of the elements before it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics import InternalFault
from syncml.ir.clocks import Base, Clock, On
from syncml.ir.equations.backward import Backward, backward_of
from syncml.ir.equations.syntax import Atom, Call, Equation, Fby, Iterate, Node, Pack, Post, Program, Var, When, atoms
from syncml.ir.graphs import components, cycles

Summary: TypeAlias = tuple[frozenset[int], ...]
"""For each output of a node the positions of the inputs that it needs at the same instant."""

Summaries: TypeAlias = Mapping[str, Summary]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The dependencies of one node; ``needs[i]`` are the numbers of the streams that ``streams[i]`` needs."""

    node: Node
    streams: tuple[Var, ...]
    numbers: Mapping[Var, int]
    definitions: Mapping[Var, Equation]
    needs: tuple[tuple[int, ...], ...]
    backward: Backward

    def summary(self) -> Summary:
        """What each output needs of the inputs."""
        reach = [0] * len(self.streams)
        for position, var in enumerate(self.node.inputs):
            reach[self.numbers[var]] = 1 << position
        for component in components(self.needs):
            mask = 0
            for number in component:
                mask |= reach[number]
                for needed in self.needs[number]:
                    mask |= reach[needed]
            for number in component:
                reach[number] = mask
        return tuple(_positions(reach[self.numbers[var]]) for var in self.node.outputs)


def dependencies_of(node: Node, summaries: Summaries) -> Dependencies:
    """The dependencies of a clocked ``node``, whose callees have ``summaries``."""
    definitions = {target: e for e in node.equations for target in e.targets}
    streams = (*node.inputs, *definitions)
    numbers = {var: number for number, var in enumerate(streams)}
    needs: list[tuple[int, ...]] = [() for _ in node.inputs]
    for equation in node.equations:
        rhs = equation.rhs
        # The condition that a sampled stream reads leads to the one that its clock names, and is the user's own word.
        named = isinstance(rhs, When) and isinstance(equation.clock, On)
        condition = None if named else condition_of(equation.clock)
        for position in range(len(equation.targets)):
            match rhs:
                case Call() | Iterate():
                    needed = tuple(rhs.arguments[i] for i in sorted(instance_summary(rhs, summaries)[position]))
                    read = (*rhs.resets, *needed)
                case Fby():
                    read = rhs.resets
                case Post():
                    read = (rhs.segment.last, rhs.init)
                case Pack() if rhs.is_late:
                    read = (*rhs.resets, rhs.segment.last)
                case _:
                    read = atoms(rhs)
            needs.append(_numbers(read, condition, numbers))
    backward = backward_of(node)
    at_once = [source for target, source in backward.exits.items() if not _is_late(definitions[target])]
    for taken in dict.fromkeys(at_once):
        sweeps, number = backward.of(taken), numbers[taken]
        if sweeps is not None:
            read = tuple(v for outside in sweeps.outside[: sweeps.number[taken] + 1] for v in outside)
            needs[number] = tuple(dict.fromkeys((*needs[number], *_numbers(read, None, numbers))))
    return Dependencies(node, streams, numbers, definitions, tuple(needs), backward)


def _is_late(equation: Equation) -> bool:
    return isinstance(equation.rhs, Pack) and equation.rhs.is_late


def instance_summary(rhs: Call | Iterate, summaries: Summaries) -> Summary:
    """For each target of ``rhs`` the positions of the arguments that it needs."""
    own = summaries[rhs.node]
    if isinstance(rhs, Call) or rhs.carried == 0:
        return own
    chained = list(own)
    pending = list(range(len(own)))
    while pending:
        position = pending.pop()
        longer = chained[position].union(*(chained[i] for i in chained[position] if i < rhs.carried))
        if longer != chained[position]:
            chained[position] = longer
            pending = list(range(len(own)))
    return tuple(chained)


def summaries_of(program: Program) -> Summaries:
    """The summary of every node of a clocked program."""
    found: dict[str, Summary] = {}
    for node in program.nodes:
        found[node.name] = dependencies_of(node, found).summary()
    return found


def condition_of(clock: Clock | None) -> Var | None:
    """The innermost condition of a clock; it needs the outer ones itself."""
    if clock is None:
        raise InternalFault("dependencies are asked for before clocks are known")
    while not isinstance(clock, Base):
        if isinstance(clock, On):
            return clock.condition
        clock = clock.parent
    return None


def calls_to_inline(program: Program) -> Mapping[str, frozenset[str]]:
    """The calls that cannot be one step each, because something computed from one result is an argument of another.

    Returns:
        For each node the instances to inline. What was inside of an inlined call may have to be inlined in its turn, so
        a caller inlines and asks again until nothing is left.

    Raises:
        InternalFault: the program is not causal.
    """
    summaries = summaries_of(program)
    sizes: dict[str, int] = {}
    found: dict[str, frozenset[str]] = {}
    for node in program.nodes:
        calls = [e.rhs for e in node.equations if isinstance(e.rhs, Call | Iterate)]
        sizes[node.name] = len(node.equations) + sum(sizes[call.node] for call in calls)
        if instances := _Steps(dependencies_of(node, summaries), sizes).to_inline():
            found[node.name] = instances
    return found


class _Steps:
    """The order of the steps of one node, each call being one step until it is opened."""

    def __init__(self, dependencies: Dependencies, sizes: Mapping[str, int]) -> None:
        self._dependencies = dependencies
        self._graph: list[tuple[int, ...]] = list(dependencies.needs)
        self._calls: dict[int, tuple[Equation, Call | Iterate]] = {}
        self._sizes = sizes
        numbers = dependencies.numbers
        for equation in dependencies.node.equations:
            if isinstance(equation.rhs, Call | Iterate):
                step = len(self._graph)
                self._calls[step] = (equation, equation.rhs)
                self._graph.append(_numbers(atoms(equation.rhs), condition_of(equation.clock), numbers))
                for target in equation.targets:
                    self._graph[numbers[target]] = (step,)

    def to_inline(self) -> frozenset[str]:
        """Open the smallest call that helps, until no cycle is left."""
        opened: set[str] = set()
        pending = cycles(self._graph)
        while pending:
            component = pending.pop()
            inside = frozenset(component)
            useful = [step for step in component if step in self._calls and self._opening_helps(step, inside)]
            if not useful:
                raise InternalFault(f"node {self._dependencies.node.name} has an instantaneous cycle")
            step = min(useful, key=lambda s: (self._sizes[self._calls[s][1].node], s))
            equation, call = self._calls[step]
            opened.add(call.instance)
            for target in equation.targets:
                number = self._dependencies.numbers[target]
                self._graph[number] = self._dependencies.needs[number]
            pending += cycles(self._graph, component)
        return frozenset(opened)

    def _opening_helps(self, step: int, inside: frozenset[int]) -> bool:
        """Whether some result of the call does not need all that its step needs, within the component."""
        wanted = inside.intersection(self._graph[step])
        results = (self._dependencies.numbers[t] for t in self._calls[step][0].targets)
        return any(not wanted <= set(self._dependencies.needs[r]) for r in results if r in inside)


def _numbers(read: tuple[Atom, ...], condition: Var | None, numbers: Mapping[Var, int]) -> tuple[int, ...]:
    wanted = [numbers[atom] for atom in read if isinstance(atom, Var)]
    if condition is not None:
        wanted.append(numbers[condition])
    return tuple(dict.fromkeys(wanted))


def _positions(mask: int) -> frozenset[int]:
    return frozenset(i for i in range(mask.bit_length()) if mask >> i & 1)

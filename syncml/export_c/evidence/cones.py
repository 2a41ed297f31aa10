"""Which equations a property speaks of, and which it depends on.

Rule: the *subjects* of a clause are the streams with a name of the user's that its Boolean stream reads by way of
unnamed ones. Its *cone* is all that any of these depends on, at this instant or an earlier one: what their equations
read, the conditions of their clocks and their resets, through calls into the nodes that are called. The cone is taken
inside of the node that states the clause and the nodes below it: what a caller feeds in is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from syncml.dataclass import dataclass
from syncml.ir.clocks import conditions
from syncml.ir.equations.syntax import Call, Equation, Iterate, Node, Program, Property, Var, atoms


@dataclass(frozen=True, slots=True)
class Part:
    """A stream of a node."""

    node: str
    var: Var


@dataclass(frozen=True, slots=True)
class Cone:
    """What a property speaks of, and what it depends on, both in the order of the program."""

    subjects: tuple[Part, ...]
    parts: tuple[Part, ...]


class Cones:
    """The cones of the properties of a clocked program."""

    def __init__(self, program: Program) -> None:
        self._nodes = {node.name: node for node in program.nodes}
        self._equations: dict[Var, Equation] = {t: e for n in program.nodes for e in n.equations for t in e.targets}
        streams = [Part(n.name, v) for n in program.nodes for v in _streams(n)]
        self._order = {part: place for place, part in enumerate(streams)}

    def of(self, node: Node, stated: Property) -> Cone:
        """The cone of a property that ``node`` states."""
        subjects = self._reached([Part(node.name, stated.holds)], stop=True)
        named = [part for part in subjects if part.var.user or part.var not in self._equations]
        return Cone(self._sorted(named), self._sorted(self._reached(named, stop=False)))

    def equation(self, var: Var) -> Equation | None:
        """The equation that defines ``var``; None of an input."""
        return self._equations.get(var)

    def _sorted(self, parts: list[Part]) -> tuple[Part, ...]:
        return tuple(sorted(parts, key=lambda part: self._order[part]))

    def _reached(self, roots: list[Part], *, stop: bool) -> list[Part]:
        """All that ``roots`` depend on, themselves included; with ``stop`` not beyond streams with a user's name."""
        found = dict.fromkeys(roots)
        stack = list(roots)
        while stack:
            part = stack.pop()
            if stop and part.var.user:
                continue
            for needed in self._needs(part, into=not stop):
                if needed not in found:
                    found[needed] = None
                    stack.append(needed)
        return list(found)

    def _needs(self, part: Part, *, into: bool) -> Iterator[Part]:
        equation = self._equations.get(part.var)
        if equation is None:
            return
        yield from (Part(part.node, atom) for atom in atoms(equation.rhs) if isinstance(atom, Var))
        clock = self._nodes[part.node].clocks.get(part.var)
        if clock is not None:
            yield from (Part(part.node, condition) for condition in conditions(clock))
        if into and isinstance(equation.rhs, Call | Iterate):
            callee = self._nodes[equation.rhs.node]
            yield Part(callee.name, callee.outputs[equation.targets.index(part.var)])


def _streams(node: Node) -> Iterator[Var]:
    """The streams of ``node``, each once, inputs first."""
    yield from dict.fromkeys((*node.inputs, *(t for e in node.equations for t in e.targets), *node.outputs))

"""One node under construction: its equations, the names of its streams, and what is known of clocks.

Rule: every expression becomes equations for new streams; a stream that an equation of the file defines takes the place
of the last of them. The clock of a new stream is known where those of its operands are; clock inference checks it, and
nothing here relies on it but `current`, activations and the first instant of ``->``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from syncml.diagnostics.model import Span
from syncml.ir.clocks import BASE, Clock, On, steps
from syncml.ir.constants import Const
from syncml.ir.equations.rewrite import rewritten
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Call,
    Equation,
    Fby,
    Merge,
    Property,
    PropertyKind,
    Rhs,
    Var,
    When,
)
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, Type


class Builder:
    """Equations, streams and contracts of one node."""

    def __init__(self) -> None:
        self.equations: list[Equation] = []
        self.properties: list[Property] = []
        self.declared: dict[Var, Clock] = {}
        """The clocks that the file states."""
        self._clocks: dict[Var, Clock] = {}
        self._names: set[str] = set()
        self._fresh: set[Var] = set()
        self._renamed: dict[Var, Var] = {}
        self._first: dict[Clock, Var] = {}
        self._counts: dict[str, int] = {}
        self._pure: dict[tuple[str, tuple[Atom, ...]], tuple[Var, ...]] = {}
        self._samples: dict[When, Var] = {}
        """Sampled streams: the same one each time, since a clock is the same only if its condition is."""

    def stream(self, name: str, type_: Type, span: Span, *, user: bool = True) -> Var:
        """A stream whose name is ``name``, or a variant of it where that is taken."""
        return Var(self.unique(name), type_, span, user=user)

    def unique(self, name: str) -> str:
        """``name``, with a number where it is taken."""
        found = name
        while found in self._names:
            self._counts[name] = self._counts.get(name, 1) + 1
            found = f"{name}_{self._counts[name]}"
        self._names.add(found)
        return found

    def declare(self, var: Var, clock: Clock) -> None:
        """State the clock of a stream of the file."""
        self.declared[var] = clock
        self._clocks[var] = clock

    def is_named(self, atom: Atom) -> bool:
        """Whether an atom is a stream of the file."""
        return isinstance(atom, Var) and atom in self.declared

    def clock(self, *atoms: Atom) -> Clock | None:
        """The clock of the first stream whose clock is known."""
        return next((self._clocks[a] for a in atoms if isinstance(a, Var) and a in self._clocks), None)

    def emit(self, rhs: Rhs, type_: Type, span: Span, clock: Clock | None) -> Var:
        """A new stream with this definition."""
        var = self.fresh(type_, span, clock)
        self.equations.append(Equation((var,), rhs, span))
        return var

    def fresh(self, type_: Type, span: Span, clock: Clock | None, name: str = "") -> Var:
        """A new stream, to be defined by the caller; with a name, for one that users see."""
        if not name:
            self._counts["_"] = self._counts.get("_", 0) + 1
            name = f"_{self._counts['_']}"
        var = self.stream(name, type_, span, user=False)
        self._fresh.add(var)
        if clock is not None:
            self._clocks[var] = clock
        return var

    def equate(self, var: Var, rhs: Rhs, span: Span) -> None:
        """Define a stream that `fresh` made."""
        self.equations.append(Equation((var,), rhs, span))

    def place(self, atom: Atom, clock: Clock) -> None:
        """Note the clock of a stream."""
        if isinstance(atom, Var):
            self._clocks[atom] = clock

    def call(
        self, node: str, label: str, arguments: tuple[Atom, ...], targets: tuple[Var, ...], span: Span,
        resets: tuple[Var, ...] = (),
    ) -> None:  # fmt: skip
        """An instance of a node."""
        instance = self.unique(label)
        self.equations.append(Equation(targets, Call(node, arguments, instance, resets), span))

    def results(self, function: str, arguments: tuple[Atom, ...]) -> tuple[Var, ...] | None:
        """What a function has yielded for the same arguments."""
        return self._pure.get((function, arguments))

    def remember(self, function: str, arguments: tuple[Atom, ...], targets: Iterable[Var]) -> None:
        """Note what a function yields: it has no memory, so a further call yields the same."""
        self._pure[function, arguments] = tuple(targets)

    def define(self, var: Var, atom: Atom, span: Span) -> None:
        """``var = atom``."""
        if isinstance(atom, Var) and atom in self._fresh and atom not in self._renamed:
            self._renamed[atom] = var
        else:
            self.equations.append(Equation((var,), Apply(Op.COPY, (atom,)), span))

    def first(self, clock: Clock | None, span: Span) -> Var:
        """The stream that is true at the first instant of ``clock``."""
        if clock is not None and clock in self._first:
            return self._first[clock]
        var = self.emit(Fby(Const(True, BOOL), Const(False, BOOL)), BOOL, span, clock)
        self._fresh.discard(var)
        if clock is not None:
            self._first[clock] = var
        return var

    def variable(self, atom: Atom, span: Span) -> Var:
        """A stream that equals ``atom``."""
        return atom if isinstance(atom, Var) else self.emit(Apply(Op.COPY, (atom,)), atom.type, span, None)

    def sampled(self, atom: Atom, condition: Var, constructor: bool | str, span: Span) -> Var:
        """``atom when constructor(condition)``."""
        rhs = When(atom, condition, constructor)
        if rhs not in self._samples:
            clock = On(self._clocks.get(condition, BASE), condition, constructor)
            self._samples[rhs] = self.emit(rhs, atom.type, span, clock)
        return self._samples[rhs]

    def sampled_down(self, atom: Atom, condition: Var, constructor: bool | str, span: Span) -> Var:
        """The same for an ``atom`` on a faster clock than the condition: it is sampled by that clock first."""
        start = self.clock(atom)
        path = [] if start is None else steps(self._clocks.get(condition, BASE))
        above = [BASE, *path]
        for step in path[above.index(start) :] if start in above else []:
            if isinstance(step, On):
                atom = self.sampled(atom, step.condition, step.constructor, span)
        return self.sampled(atom, condition, constructor, span)

    def merged(self, condition: Var, branches: Iterable[tuple[bool | str, Atom]], type_: Type, span: Span) -> Var:
        """``merge condition branches``."""
        return self.emit(Merge(condition, tuple(branches)), type_, span, self.clock(condition))

    def states(self, kind: PropertyKind, name: str, holds: Atom, span: Span) -> None:
        """Add a clause of a contract."""
        taken = {p.name for p in self.properties}
        found, count = name, 1
        while found in taken:
            count += 1
            found = f"{name} ({count})"
        self.properties.append(Property(kind, found, self.variable(holds, span), span))

    def finished(self) -> tuple[tuple[Equation, ...], tuple[Property, ...], dict[Var, Clock]]:
        """Equations, contracts and declared clocks, with streams of the file in the places of new ones."""
        renamed = self._renamed

        def read(atom: Atom) -> Atom:
            return renamed.get(atom, atom) if isinstance(atom, Var) else atom

        def stream(var: Var) -> Var:
            return renamed.get(var, var)

        def clock(given: Clock) -> Clock:
            return (
                On(clock(given.parent), stream(given.condition), given.constructor) if isinstance(given, On) else given
            )

        equations = tuple(
            Equation(tuple(map(stream, e.targets)), rewritten(e.rhs, read, stream), e.span, e.clock)
            for e in self.equations
        )
        properties = tuple(replace(p, holds=stream(p.holds)) for p in self.properties)
        return equations, properties, {v: clock(c) for v, c in self.declared.items()}

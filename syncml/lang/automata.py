"""Automata: modes that say themselves which of them comes next.

Rule, for an automaton m with the first mode A, whose weak transitions in the mode C are ``c1 -> T1, c2 -> T2, ..`` in
the order in which they are written, and whose strong ones are ``d1 -> S1, ..``:

    m = where(d1, S1, .. before)                         at most one strong transition, before the mode runs
    restart = where(d1, enters S1 afresh, .. restarts)
    next = merge m .. (C -> where(c1, T1, where(c2, T2, .. C))) ..       then at most one weak one, for the next instant
    before = A fby next;  restarts = false fby (whether next is entered afresh)

Memory of the block of C is reset by ``restart when C(m)``: a mode starts afresh when it is entered, or goes on where it
was left if the transition says ``resume``. An automaton inside of a mode is memory of that mode.
"""

from __future__ import annotations

import enum
from typing import TypeVar

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Fby, Merge, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL
from syncml.lang.modes import Block, Modes
from syncml.lang.operations import atom_of, value_of
from syncml.lang.presence import Pending, Presence
from syncml.lang.source import Place, here, inner
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import Abandoned, Trace, Value, fault, trace_at
from syncml.lang.types import enum_type, type_text

E = TypeVar("E", bound=enum.Enum)

_FALSE = Const(False, BOOL)


@dataclass(frozen=True, slots=True)
class _Transition:
    """To ``target`` where ``condition`` is true; a strong one from each of ``sources``."""

    condition: Atom
    target: str
    resume: bool
    place: Place
    sources: tuple[str, ...] = ()


class Automaton(Modes[E]):
    """A state machine whose states are the members of an enumeration; `automaton` makes one."""

    def __init__(self, trace: Trace, place: Place, states: type[E], initial: E) -> None:
        kind = enum_type(states)
        presence = Pending()
        var = trace.variable(kind, place, "mode")
        super().__init__(trace, place, var, presence, var.name)
        trace.own(Value(var, presence, trace))
        self._kind = kind
        self._initial = initial.name
        self._weak: dict[str, list[_Transition]] = {name: [] for name in kind.constructors}
        self._strong: list[_Transition] = []
        self._next: dict[str, tuple[Atom, Atom]] = {}
        self._starts: dict[str, Var] = {}

    @property
    def state(self) -> Stream[E]:
        """The mode that is active."""
        return stream(Value(self.condition, self.presence, self.trace))

    def __call__(self, mode: E) -> Block:
        """The block of a mode, to be entered by ``with``."""
        place = here()
        constructor = self.constructor_of(mode, place)
        if not isinstance(constructor, str) or not self.is_here(place):
            raise Abandoned
        scope = self.block(constructor, place)
        with self.trace.entered(scope, ()):
            start = self.trace.named(f"{self.name}_{constructor.lower()}_starts", BOOL, place.span)
        self._starts[constructor] = start
        scope.resets = (*self.resets, start)
        return Block(self, scope, lambda: self._leave(constructor))

    def go(self, target: E, /, *, when: Stream[bool] | bool, resume: bool = False) -> None:
        """A weak transition of the mode that is being described: from the next instant on, ``target`` is active.

        Of the transitions of a mode whose conditions are true, the first that is written is taken.

        Args:
            target: The next mode; the mode itself starts again.
            when: The condition, computed in the mode.
            resume: Go on where ``target`` was left, instead of starting it afresh.
        """
        place = here()
        scope = self.trace.scope
        if scope is None or self.scopes.get(scope.constructor) is not scope or not isinstance(scope.constructor, str):
            fault("L021", f"`go` of `{self.name}` is not in a mode of it", place.span, secondary=self.label(),
                  help=f"write it into a block, `with {self.name}(...):`, or use `{self.name}.unless` for strong "
                  "transitions")  # fmt: skip
            return
        found = self._transition(target, when, resume, place)
        if found is not None:
            self._weak[scope.constructor].append(found)

    def unless(
        self, target: E, /, *, when: Stream[bool] | bool, source: E | tuple[E, ...] | None = None, resume: bool = False
    ) -> None:
        """A strong transition: where ``when`` is true, ``target`` is active in this instant already.

        It is decided before a mode runs, so that it stands outside of the blocks. Of the transitions from a mode whose
        conditions are true, the first that is written is taken.

        Args:
            target: The mode to go to.
            when: The condition, computed around the automaton; `last` gives previous values of shared variables.
            source: The mode, or modes, from which it leads; by default all but ``target``.
            resume: Go on where ``target`` was left, instead of starting it afresh.
        """
        place = here()
        if self.trace.scope is not self.home:
            fault("L021", f"`unless` of `{self.name}` is in {self.trace.scope.name if self.trace.scope else 'no mode'}",
                  place.span, secondary=self.label(),
                  help="a strong transition is decided before a mode runs: write it before the blocks, with "
                  "source=...")  # fmt: skip
            return
        given = source if isinstance(source, tuple) else () if source is None else (source,)
        names = [self.constructor_of(member, place) for member in given]
        found = self._transition(target, when, resume, place)
        if found is not None and None not in names:
            sources = tuple(str(name) for name in names) or tuple(c for c in self._weak if c != found.target)
            self._strong.append(_Transition(found.condition, found.target, resume, place, sources))

    def _transition(self, target: object, when: object, resume: bool, place: Place) -> _Transition | None:
        name = self.constructor_of(target, place)
        value = value_of(when, place)
        if value.atom is not None and value.type != BOOL:
            value = fault("T006", f"the condition of a transition is {type_text(value.type)}, not bool", place.span,
                          secondary=value.label(), help="compare it with something")  # fmt: skip
        if value.atom is not None:
            value = self.present(value, self.trace.scope, "the condition of a transition", place)
        if value.atom is None or not isinstance(name, str):
            return None
        return _Transition(value.atom, name, resume, place)

    def _leave(self, mode: str) -> None:
        """The next mode, as the block that ends says."""
        following: Atom = Const(mode, self._kind)
        restart: Atom = _FALSE
        assert self.trace.scope is not None
        presence = self.trace.scope.presence
        for t in reversed(self._weak[mode]):
            following = self._choose(t, t.condition, Const(t.target, self._kind), following, "next", presence)
            restart = self._choose(t, t.condition, Const(not t.resume, BOOL), restart, "restart", presence)
        self._next[mode] = (following, restart)

    def _choose(self, t: _Transition, condition: Atom, then: Atom, other: Atom, role: str, presence: Presence) -> Atom:
        if then == other:
            return then
        if then == Const(True, BOOL) and other == _FALSE:
            return condition
        var = self.trace.named(f"{self.name}_{role}", then.type, t.place.span)
        either = then == Const(True, BOOL)
        rhs = Apply(Op.OR, (condition, other)) if either else Apply(Op.WHERE, (condition, then, other))
        return atom_of(self.trace.equate(var, rhs, t.place.span, presence))

    def close(self) -> None:
        """The equations of the automaton."""
        with self.trace.entered(self.home, self.resets):
            following, restarts = (self._merged(k, role) for k, role in enumerate(("next", "restart_next")))
            start: Atom = _FALSE if restarts == _FALSE else self._delayed("restarts", Const(False, BOOL), restarts)
            initial = Const(self._initial, self._kind)
            span = self.place.span
            if not self._strong:
                self.trace.equate(self.condition, Fby(initial, following), span, self.presence)
            else:
                before = self._delayed("before", initial, following)
                start = self._strongly(before, start)
            for mode, var in self._starts.items():
                self._start(mode, var, start)

    def _merged(self, part: int, role: str) -> Atom:
        """What the modes say together: which comes next, and whether it starts afresh."""
        modes = list(self._weak)
        stay = [(Const(mode, self._kind), _FALSE) for mode in modes]
        branches = tuple((m, self._next.get(m, s)[part]) for m, s in zip(modes, stay, strict=True))
        if branches == tuple((m, s[part]) for m, s in zip(modes, stay, strict=True)):
            return self.condition if part == 0 else _FALSE
        var = self.trace.named(f"{self.name}_{role}", self._kind if part == 0 else BOOL, self.place.span)
        return atom_of(self.trace.equate(var, Merge(self.condition, branches), self.place.span, self.presence))

    def _delayed(self, role: str, first: Const, following: Atom) -> Var:
        var = self.trace.named(f"{self.name}_{role}", first.type, self.place.span)
        self.trace.equate(var, Fby(first, following), self.place.span, self.presence)
        return var

    def _strongly(self, before: Var, start: Atom) -> Atom:
        """The active mode after the strong transitions; returns whether it starts afresh."""
        mode: Atom = before
        for t in reversed(self._strong):
            taken = self._taken(t, before)
            start = self._choose(t, taken, Const(not t.resume, BOOL), start, "restart", self.presence)
            if t is self._strong[0]:
                rhs = Apply(Op.WHERE, (taken, Const(t.target, self._kind), mode))
                self.trace.equate(self.condition, rhs, self.place.span, self.presence)
            else:
                mode = self._choose(t, taken, Const(t.target, self._kind), mode, "strong", self.presence)
        return start

    def _taken(self, t: _Transition, before: Var) -> Atom:
        """Whether a strong transition may be taken."""
        others = [c for c in self._weak if c not in t.sources]
        if not others:
            return t.condition
        few, op, joined = (others, Op.NE, Op.AND) if len(others) < len(t.sources) else (list(t.sources), Op.EQ, Op.OR)
        here_: Atom | None = None
        for name in few:
            test = self._apply(t, op, before, Const(name, self._kind))
            here_ = test if here_ is None else self._apply(t, joined, here_, test)
        assert here_ is not None
        return self._apply(t, Op.AND, here_, t.condition)

    def _apply(self, t: _Transition, op: Op, left: Atom, right: Atom) -> Atom:
        var = self.trace.named(f"{self.name}_taken", BOOL, t.place.span)
        return atom_of(self.trace.equate(var, Apply(op, (left, right)), t.place.span, self.presence))

    def _start(self, mode: str, var: Var, start: Atom) -> None:
        """Whether the memory of a mode is put back; never if no transition enters it afresh."""
        weak = (t for found in self._weak.values() for t in found)
        entered = any(t.target == mode and not t.resume for t in (*weak, *self._strong))
        scope = self.scopes[mode]
        rhs = When(start, self.condition, mode) if entered and isinstance(start, Var) else Apply(Op.COPY, (_FALSE,))
        with self.trace.entered(scope, ()):
            self.trace.equate(var, rhs, self.place.span, scope.presence)


def automaton(states: type[E], *, initial: E | None = None) -> Automaton[E]:
    """A state machine.

        class Mode(enum.Enum):
            OFF = 0
            CRUISE = 1

        mode = automaton(Mode)
        force = mode.shared(f32, default=0.0)
        mode.unless(Mode.OFF, when=brake)
        with mode(Mode.OFF):
            mode.go(Mode.CRUISE, when=button)
        with mode(Mode.CRUISE):
            force.define(GAIN * (wanted - speed))

    Args:
        states: A class of `enum.Enum`; its members are the modes.
        initial: The first mode; the first member by default.
    """
    place = here()
    trace = trace_at(place, "`automaton`")
    if not (isinstance(states, type) and issubclass(states, enum.Enum) and len(states)):  # pyright: ignore[reportUnnecessaryIsInstance]
        fault("L014", "the states of an automaton are the members of an enumeration", place.span,
              help="write class Mode(enum.Enum): ..., and automaton(Mode)")  # fmt: skip
        raise Abandoned
    first = next(iter(states)) if initial is None else initial
    if not isinstance(first, states):  # pyright: ignore[reportUnnecessaryIsInstance]
        known = ", ".join(f"`{states.__name__}.{member.name}`" for member in states)
        fault("L021", f"`{first!r}` is no mode of `{states.__name__}`", place.span, help=f"its modes are {known}")
        raise Abandoned
    return Automaton(trace, inner(place) if len(place.names) != 1 else place, states, first)

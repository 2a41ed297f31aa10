"""Sharing: which streams of a flat node are equal by construction.

Rule: two variables are in one class iff they have the same type, clock, and right-hand side up to classes; registers
start in one class when their initial values and clocks agree, and are split until that is stable. The greatest such
partition is sound by induction over instants: equal initial values and equal updates give equal streams.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from heapq import heapify, heappop, heappush

from syncml.ir.clocks import Base, Clock, On, Periodic, conditions
from syncml.ir.constants import Array, Const
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Equation,
    Fby,
    Iterate,
    Merge,
    Node,
    Pack,
    Post,
    Var,
    Wave,
    When,
    atoms,
)
from syncml.ir.operators import Op


def shared(node: Node, order: Sequence[Equation]) -> Mapping[Var, Var]:
    """For each variable of a flat node the representative of its class; ``order`` lists what is read before readers."""
    return _Partition(node, order).representatives()


class _Partition:
    """Classes by number; a split leaves its number to the largest part, so that each variable is renumbered rarely."""

    def __init__(self, node: Node, order: Sequence[Equation]) -> None:
        self._order = [e for e in order if not isinstance(e.rhs, Call)]
        self._free = [*node.inputs, *(t for e in order if isinstance(e.rhs, Call) for t in e.targets)]
        self._position = {e.target: i for i, e in enumerate(self._order)}
        self._number: dict[Var, int] = {}
        self._table: dict[Hashable, int] = {}
        self._readers: dict[Var, list[int]] = {}
        for i, e in enumerate(self._order):
            for var in dict.fromkeys(_read(e)):
                self._readers.setdefault(var, []).append(i)

    def representatives(self) -> Mapping[Var, Var]:
        """The first variable of each class, for each of its members."""
        for var in self._free:
            self._number[var] = self._named(("free", var))
        registers = [e for e in self._order if isinstance(e.rhs, Fby)]
        for e in registers:
            self._number[e.target] = self._named(("register", _start(e)))
        for e in self._order:
            if not isinstance(e.rhs, Fby):
                self._number[e.target] = self._computed(e)
        self._split(registers)
        first: dict[int, Var] = {}
        for var in (*self._free, *(e.target for e in self._order)):
            first.setdefault(self._number[var], var)
        return {var: first[n] for var, n in self._number.items()}

    def _named(self, key: Hashable) -> int:
        return self._table.setdefault(key, len(self._table))

    def _computed(self, equation: Equation) -> int:
        if any(c not in self._number for c in _conditions(equation)):
            # A word is read before the condition of its clock is known: it is in a class of its own.
            return self._named(("free", equation.target))
        key = _key(equation, self._number)
        return key if isinstance(key, int) else self._named(key)

    def _split(self, registers: Sequence[Equation]) -> None:
        """Split classes of registers whose updates differ, until none is left."""
        groups: dict[int, dict[Hashable, dict[Var, None]]] = {}
        keys: dict[Var, Hashable] = {}
        changed: list[Equation] = list(registers)
        while changed:
            touched: dict[int, None] = {}
            for e in changed:
                of_class = groups.setdefault(self._number[e.target], {})
                if e.target in keys:
                    old = of_class[keys[e.target]]
                    del old[e.target]
                    if not old:
                        del of_class[keys[e.target]]
                key = keys[e.target] = _register_key(e, self._number)
                of_class.setdefault(key, {})[e.target] = None
                touched.setdefault(self._number[e.target])
            moved: list[Var] = []
            for number in touched:
                of_class = groups[number]
                sizes = {key: len(members) for key, members in of_class.items()}
                largest = max(sizes, key=lambda key: sizes[key], default=None)
                for key in [k for k in of_class if k != largest]:
                    members = of_class.pop(key)
                    fresh = self._named(("split", len(self._table)))
                    groups[fresh] = {key: members}
                    self._number |= dict.fromkeys(members, fresh)
                    moved += members
            changed = self._renumbered(moved)

    def _renumbered(self, moved: Sequence[Var]) -> list[Equation]:
        """Renumber what reads the moved registers at the same instant; the registers whose updates may differ now."""
        pending = [i for var in moved for i in self._readers.get(var, ())]
        heapify(pending)
        changed: dict[int, None] = {}
        last = -1
        while pending:
            i = heappop(pending)
            if i == last:
                continue
            last = i
            equation = self._order[i]
            if isinstance(equation.rhs, Fby):
                changed.setdefault(i)
                continue
            number = self._computed(equation)
            if number != self._number[equation.target]:
                self._number[equation.target] = number
                for reader in self._readers.get(equation.target, ()):
                    heappush(pending, reader)
        return [self._order[i] for i in changed]


def _conditions(equation: Equation) -> list[Var]:
    """The conditions that the class of a word depends on."""
    return conditions(equation.clock) if isinstance(equation.rhs, Wave) and equation.clock is not None else []


def _read(equation: Equation) -> list[Var]:
    """What the class of a variable depends on."""
    found = [a for a in atoms(equation.rhs) if isinstance(a, Var)]
    return [*found, *conditions(equation.clock)] if equation.clock is not None else found


def _start(equation: Equation) -> Hashable:
    assert isinstance(equation.rhs, Fby)
    # An undefined first value is one unknown per register: it may differ between two of them.
    initial = equation.target if equation.rhs.init is None else _constant(equation.rhs.init)
    return (str(equation.target.type), initial)


def _register_key(equation: Equation, number: Mapping[Var, int]) -> Hashable:
    assert isinstance(equation.rhs, Fby)
    resets = frozenset(number[r] for r in equation.rhs.resets)
    return (_atom(equation.rhs.following, number), clock_key(equation.clock, number), resets)


def _key(equation: Equation, number: Mapping[Var, int]) -> Hashable:
    rhs = equation.rhs
    match rhs:
        case Apply(Op.COPY, (Var() as source,)):
            return number[source]
        case Apply():
            arguments = tuple(_atom(a, number) for a in rhs.arguments)
            return ("apply", rhs.op, arguments, str(rhs.attribute), str(equation.target.type))
        case When(Var() as source):
            return number[source]
        case When():
            return ("constant", _atom(rhs.source, number))
        case Merge():
            branches = tuple((c, _atom(a, number)) for c, a in rhs.branches)
            return ("merge", number[rhs.condition], branches)
        case Wave():
            resets = frozenset(number[r] for r in rhs.resets)
            return ("wave", rhs.word, clock_key(equation.clock, number), resets)
        case Fby() | Call() | Iterate() | Buffer() | Post() | Pack():
            raise AssertionError("registers and calls are numbered apart, and buffers and segments are lowered")


def clock_key(clock: Clock | None, number: Mapping[Var, int]) -> Hashable:
    """A clock with its conditions replaced by their classes."""
    steps: list[Hashable] = []
    while clock is not None and not isinstance(clock, Base):
        match clock:
            case On():
                steps.append((number[clock.condition], clock.constructor))
            case Periodic():
                steps.append(clock.word)
        clock = clock.parent
    return tuple(steps)


def _atom(atom: Atom, number: Mapping[Var, int]) -> Hashable:
    return number[atom] if isinstance(atom, Var) else _constant(atom)


def _constant(const: Const) -> Hashable:
    # True, 1 and 1.0 are equal in Python; the type tells them apart.
    value = const.value if isinstance(const.value, Array) else repr(const.value)
    return (str(const.element), value)

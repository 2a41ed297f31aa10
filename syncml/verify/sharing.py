"""Sharing: which streams of a flat node are equal by construction.

Rule: two variables are in one class iff they have the same type, clock, and right-hand side up to classes; registers
start in one class when their initial values and clocks agree, and are split until that is stable. The greatest such
partition is sound by induction over instants: equal initial values and equal updates give equal streams.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from syncml.ir.clocks import Base, Clock, On, Periodic
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
)
from syncml.ir.operators import Op


def shared(node: Node, order: Sequence[Equation]) -> Mapping[Var, Var]:
    """For each variable of a flat node the representative of its class; ``order`` lists what is read before readers."""
    registers = [e for e in order if isinstance(e.rhs, Fby)]
    others = [e for e in order if not isinstance(e.rhs, Fby | Call)]
    free = [*node.inputs, *(t for e in order if isinstance(e.rhs, Call) for t in e.targets)]
    colour: dict[Var, Hashable] = {e.target: _start(e) for e in registers}
    while True:
        number: dict[Var, int] = {}
        table: dict[Hashable, int] = {}
        for var in free:
            number[var] = table.setdefault(("free", var), len(table))
        for e in registers:
            number[e.target] = table.setdefault(("register", colour[e.target]), len(table))
        for e in others:
            key = _key(e, number)
            number[e.target] = key if isinstance(key, int) else table.setdefault(key, len(table))
        refined = {e.target: (colour[e.target], _register_key(e, number)) for e in registers}
        classes = {c: i for i, c in enumerate(dict.fromkeys(refined.values()))}
        if len(classes) == len(set(colour.values())):
            break
        colour = {var: classes[c] for var, c in refined.items()}
    first: dict[int, Var] = {}
    for var in (*free, *(e.target for e in order if not isinstance(e.rhs, Call))):
        first.setdefault(number[var], var)
    return {var: first[n] for var, n in number.items()}


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

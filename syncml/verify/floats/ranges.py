"""Ranges of all streams of a flat node in machine arithmetic: intervals, by a fixed point over the registers.

Rule: the least ranges with

    range(input)   contains every finite float, every value of its type, within what is assumed of the input alone
    range(fby)     contains the first value and the range of what it follows
    range(other)   contains what its operator yields on the ranges of its operands

approximated from above: a register that keeps growing goes to the next threshold (a constant of the program, a power of
two, the largest float), and then back as far as the equations allow. In ``where(c, a, b)`` what ``c`` says of streams
compared with constants holds within ``a``, and its negation within ``b``. As the ends are machine numbers, an
accumulator of bounded increments has a largest value: there an increment rounds to nothing.

Clauses may be taken to hold at every earlier instant. Then registers contain what they follow as far as it meets the
clauses, and everything else contains what its operator yields on these registers, whatever the clauses say. So a proof
that a clause holds at an instant rests on clauses at earlier instants only, and the first violation of any has none
before it. A clause bounds a stream by another only where that other is evaluated first, or the two would justify each
other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy

from syncml.dataclass import dataclass
from syncml.ir.constants import Const, zero
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Equation,
    Fby,
    Merge,
    Node,
    Var,
    Wave,
    When,
)
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, Scalar, element, shape
from syncml.verify.floats.arithmetic import Rounded
from syncml.verify.floats.conditions import DEEP, Conditions, assumed
from syncml.verify.floats.domain import Range, both, clamped, contains, join, meet, of_constant, rebuilt, top
from syncml.verify.floats.thresholds import thresholds
from syncml.verify.floats.transfer import ROUNDING, transfer
from syncml.verify.order import ordered

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""

_DELAY, _WIDEN, _NARROW = 4, 60, 24
"""Rounds before registers go to thresholds, before they go to their whole type, and of narrowing."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """What is known of the streams of a flat node; every stream has an entry.

    Attributes:
        values: The values of each stream, at every instant of every run that meets the assumptions.
        errors: At most how far each operation that rounds is from exact; infinite where it may overflow.
        risky: Operations that may overflow to infinity or yield NaN although their operands are finite.
        held: The clauses that all of it rests on: they were true at every earlier instant.
    """

    values: Mapping[Var, Range]
    errors: Mapping[Var, Any]
    risky: frozenset[Var]
    held: frozenset[Var] = frozenset()

    def truth(self, var: Var) -> bool | None:
        """Whether a Boolean stream is always true or always false, as far as intervals tell."""
        value = self.values[var]
        if bool(np.all(value.low)):
            return True
        return False if not bool(np.any(value.high)) else None


def ranges_of(node: Node, held: Sequence[Var] = (), *, first: Ranges | None = None) -> Ranges:
    """The ranges of a flat node without calls, at an instant before which the clauses ``held`` were true.

    Args:
        node: The node.
        held: Clauses.
        first: The ranges of this node without some of its equations, on which the others do not depend; they are looked
            at once more.
    """
    return _Analysis(node, held, first).result()


def bounding(node: Node, ranges: Ranges, clauses: Sequence[Var]) -> list[Var]:
    """Those of some clauses that bound a register, or what it follows, where intervals do not show it to be finite."""
    unbounded: set[Var] = set()
    for e in node.equations:
        if isinstance(e.rhs, Fby) and element(e.target.type) in FLOATS and not np.all(ranges.values[e.target].finite):
            unbounded |= {e.target, *(a for a in (e.rhs.following,) if isinstance(a, Var))}
    conditions = Conditions({e.target: e for e in node.equations}, lambda atom: top(atom.type))
    return [c for c in clauses if any(v in unbounded for v, _, _ in conditions.said(c, value=True))]


class _Analysis:
    def __init__(self, node: Node, held: Sequence[Var], first: Ranges | None) -> None:
        self._node = node
        self._first = first
        self._order = ordered(node.equations)
        self._definition = {e.target: e for e in self._order}
        self._values: dict[Var, Range] = {}
        self._errors: dict[Var, Any] = {}
        self._thresholds: dict[Scalar, Any] = {}
        self._bounds = assumed(node, self._definition)
        self._registers: dict[Var, Range] = {}
        """The registers before clauses narrow them."""
        self._position = {e.target: i for i, e in enumerate(self._order) if not isinstance(e.rhs, Fby)}
        self._conditions = Conditions(self._definition, self._of)
        self._clauses: dict[Var, list[Var]] = {}
        """The clauses that bound a stream, as long as they are taken to hold."""
        self._partners: dict[Var, set[Var]] = {}
        """What a stream is compared with in them."""
        self._read: dict[Var, frozenset[Var]] = {}
        self._near: dict[Var, frozenset[Var]] = {}
        self._constants: dict[int, Range] = {}
        self._heed(held)

    def result(self) -> Ranges:
        with np.errstate(all="ignore"):
            self._start()
            if self._first is None:
                self._fixed_point()
            self._confirm()
            held = frozenset(c for clauses in self._clauses.values() for c in clauses)
            if held:
                self._clauses.clear()
                self._values |= self._registers
                self._sweep(None)
            risky = frozenset(e.target for e in self._order if self._is_risky(e))
        return Ranges(self._values, self._errors, risky, held)

    # Clauses that held before.

    def _heed(self, held: Sequence[Var]) -> None:
        anything = Conditions(self._definition, lambda atom: top(atom.type))
        for clause in held:
            bounded = [v for v, _, _ in anything.said(clause, value=True)]
            for var in dict.fromkeys(bounded):
                if self._node.clocks[var] == self._node.clocks[clause]:
                    self._clauses.setdefault(var, []).append(clause)
                    self._partners.setdefault(var, set()).update(bounded)

    def _narrowed(self, var: Var, value: Range) -> Range:
        """The values of a stream that meet the clauses, as far as what they compare it with is evaluated before it."""
        place = self._position.get(var, -1)

        def earlier(atom: Atom) -> Range:
            before = isinstance(atom, Const) or self._position.get(atom, -1) < place
            return self._of(atom) if before else top(atom.type)

        for clause in self._clauses.get(var, ()):
            for other, low, high in Conditions(self._definition, earlier).said(clause, value=True):
                if other is var:
                    value = meet(value, low, high)
        return value

    def _set_register(self, var: Var, value: Range) -> None:
        self._registers[var] = value
        self._values[var] = self._narrowed(var, value)

    # The fixed point.

    def _start(self) -> None:
        """The inputs, and registers as they were found, or are at first."""
        for var in self._node.inputs:
            value = top(var.type, finite=True)
            for low, high in self._bounds.get(var, ()):
                value = meet(value, low, high)
            self._values[var] = value
        for e in self._order:
            if isinstance(e.rhs, Fby):
                self._set_register(e.target, _initial(e) if self._first is None else self._first.values[e.target])

    def _fixed_point(self) -> None:
        registers = [e for e in self._order if isinstance(e.rhs, Fby)]
        changed: set[Var] | None = None
        for turn in range(_WIDEN + 2):
            self._sweep(changed)
            changed = set()
            for e in registers:
                before = self._registers[e.target]
                grown = join(before, self._following(e))
                if grown.same(before):
                    continue
                if turn >= _DELAY:
                    grown = self._widened(before, grown, e.target, last=turn >= _WIDEN)
                self._set_register(e.target, grown)
                changed.add(e.target)
            if not changed:
                break
        for _ in range(_NARROW):
            changed = set()
            for e in registers:
                smaller = join(_initial(e), self._following(e))
                if not smaller.same(self._registers[e.target]):
                    self._set_register(e.target, smaller)
                    changed.add(e.target)
            if not changed:
                return
            self._sweep(changed)

    def _confirm(self) -> None:
        """Evaluate everything once more: what does not contain what it ought to contain goes to its whole type.

        A round looks at what it takes to have changed; the result rests on this last look at all of it alone.
        """
        while True:
            self._sweep(None)
            registers = [e for e in self._order if isinstance(e.rhs, Fby)]
            broken = [
                e.target for e in registers
                if not contains(self._registers[e.target], join(_initial(e), self._following(e)))
            ]  # fmt: skip
            if not broken:
                return
            for var in broken:
                self._set_register(var, top(var.type))

    def _sweep(self, changed: set[Var] | None) -> None:
        """Evaluate what reads a changed stream (everything, the first time)."""
        for e in self._order:
            if isinstance(e.rhs, Fby):
                continue
            if changed is not None and changed.isdisjoint(self._reads(e)):
                continue
            result = self._evaluated(e, {})
            if e.target in self._clauses:
                result = replace(result, range=self._narrowed(e.target, result.range))
            if e.target in self._values and result.range.same(self._values[e.target]) and changed is not None:
                self._errors[e.target] = result.error
                continue
            self._values[e.target], self._errors[e.target] = result.range, result.error
            if changed is not None:
                changed.add(e.target)

    def _reads(self, e: Equation) -> frozenset[Var]:
        if e.target not in self._read:
            self._read[e.target] = frozenset(self._looked_at(e))
        return self._read[e.target]

    def _looked_at(self, e: Equation) -> Iterator[Var]:
        for atom in _operands(e):
            if isinstance(atom, Var):
                yield atom
        if isinstance(e.rhs, Apply) and e.rhs.op is Op.WHERE:
            # What is refined by the condition is read through a few operators.
            yield from self._nearby(e.rhs.arguments)
        yield from self._partners.get(e.target, ())

    def _nearby(self, atoms: Sequence[Atom]) -> Iterator[Var]:
        level = [a for a in atoms if isinstance(a, Var)]
        for _ in range(DEEP):
            following: list[Var] = []
            for var in level:
                definition = self._definition.get(var)
                if definition is not None and isinstance(definition.rhs, Apply):
                    following += [a for a in definition.rhs.arguments if isinstance(a, Var)]
            yield from following
            level = following[:32]

    def _following(self, e: Equation) -> Range:
        assert isinstance(e.rhs, Fby)
        return _spread(self._of(e.rhs.following), shape(e.target.type))

    def _of(self, atom: Atom) -> Range:
        if not isinstance(atom, Const):
            return self._values[atom]
        # Constants are part of the node, which stands as long as the analysis.
        if id(atom) not in self._constants:
            self._constants[id(atom)] = of_constant(atom, atom.type)
        return self._constants[id(atom)]

    def _widened(self, old: Range, new: Range, var: Var, *, last: bool) -> Range:
        kind = element(var.type)
        if last or kind is Scalar.REAL or not isinstance(kind, Scalar):
            return top(var.type)
        if kind is BOOL:
            return new
        places = self._places(kind)
        upper = np.searchsorted(places, new.high.astype(places.dtype), side="left")
        lower = np.searchsorted(places, new.low.astype(places.dtype), side="right") - 1
        high = np.where(new.high > old.high, places[np.clip(upper, 0, len(places) - 1)], new.high)
        low = np.where(new.low < old.low, places[np.clip(lower, 0, len(places) - 1)], new.low)
        coarse = np.where(new.grid < old.grid, top(var.type).grid, new.grid)
        return rebuilt(new, low, high, new.nan, coarse)

    def _places(self, kind: Scalar) -> Any:
        if kind not in self._thresholds:
            constants = (a for e in self._order for a in _operands(e) if isinstance(a, Const))
            self._thresholds[kind] = thresholds(constants, kind)
        return self._thresholds[kind]

    # One equation.

    def _evaluated(self, e: Equation, known: Mapping[Var, Range], depth: int = 0) -> Rounded:
        match e.rhs:
            case Apply(Op.WHERE, (condition, yes, no)) if isinstance(condition, Var) and condition.type is BOOL:
                parts = [
                    self._branch(yes, condition, True, known, depth),
                    self._branch(no, condition, False, known, depth),
                ]
                test = known.get(condition, self._values[condition])
                return transfer(e.rhs, [test, *parts], e.target.type)
            case Apply():
                return transfer(e.rhs, [self._within(a, known, depth) for a in e.rhs.arguments], e.target.type)
            case When(source):
                return _exactly(self._of(source))
            case Merge(_, branches):
                value = self._of(branches[0][1])
                for _, atom in branches[1:]:
                    value = join(value, self._of(atom))
                return _exactly(value)
            case Wave():
                return _exactly(top(BOOL))
            case _:
                return _exactly(top(e.target.type))

    def _branch(self, atom: Atom, condition: Var, value: bool, known: Mapping[Var, Range], depth: int) -> Range:
        """The range of a branch, where its condition is known."""
        if isinstance(atom, Const) or depth > 0:
            return self._within(atom, known, depth)
        said = dict(known)
        for var, low, high in self._conditions.said(condition, value):
            said[var] = meet(said.get(var, self._values[var]), low, high)
        return self._within(atom, said, DEEP) if len(said) > len(known) else self._of(atom)

    def _within(self, atom: Atom, known: Mapping[Var, Range], depth: int) -> Range:
        """The range of an atom, computed again where something is known of what it reads."""
        if isinstance(atom, Const):
            return self._of(atom)
        if atom in known:
            return known[atom]
        definition = self._definition.get(atom)
        if not known or depth <= 1 or definition is None or not isinstance(definition.rhs, Apply) or shape(atom.type):
            return self._values[atom]
        if atom not in self._near:
            self._near[atom] = frozenset(self._nearby((atom,)))
        if self._near[atom].isdisjoint(known):
            return self._values[atom]
        again = self._evaluated(definition, known, depth - 1).range
        before = self._values[atom]
        return both(again, before)

    # Risks.

    def _is_risky(self, e: Equation) -> bool:
        """Whether an operation on finite floats may yield something else."""
        kind = element(e.target.type)
        if not isinstance(e.rhs, Apply) or e.rhs.op not in ROUNDING or kind not in FLOATS:
            return False
        if bool(np.all(self._values[e.target].finite)):
            return False
        operands: list[Range] = []
        for atom in e.rhs.arguments:
            source = element(atom.type)
            value = self._of(atom)
            operands.append(clamped(value, source) if isinstance(source, Scalar) and source in FLOATS else value)
        return not bool(np.all(transfer(e.rhs, operands, e.target.type).range.finite))


def _operands(e: Equation) -> tuple[Atom, ...]:
    match e.rhs:
        case Apply():
            return e.rhs.arguments
        case When():
            return (e.rhs.source,)
        case Merge():
            return tuple(a for _, a in e.rhs.branches)
        case Fby():
            return (e.rhs.following, *(() if e.rhs.init is None else (e.rhs.init,)))
        case _:
            return ()


def _exactly(value: Range) -> Rounded:
    return Rounded(value, np.zeros(value.low.shape))


def _initial(e: Equation) -> Range:
    """The first value; one that is undefined is the zero of its type."""
    assert isinstance(e.rhs, Fby)
    first = zero(e.target.type) if e.rhs.init is None else e.rhs.init
    return of_constant(first, e.target.type)


def _spread(value: Range, extents: tuple[int, ...]) -> Range:
    if value.low.shape == extents:
        return value
    return value.map(lambda a: np.broadcast_to(a, extents))

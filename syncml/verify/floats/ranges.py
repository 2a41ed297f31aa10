"""Ranges of all streams of a flat node in machine arithmetic: intervals, by a fixed point over the registers.

Rule: the least ranges with

    range(input)   contains every finite float, every value of its type, within what is assumed of the input alone
    range(fby)     contains the first value and the range of what it follows
    range(other)   contains what its operator yields on the ranges of its operands

approximated from above: a register that keeps growing goes to the next threshold (a constant of the program, a power of
two, the largest float), and then back as far as the equations allow. In ``where(c, a, b)`` what ``c`` says of streams
compared with constants holds within ``a``, and its negation within ``b``. As the ends are machine numbers, an
accumulator of bounded increments has a largest value: there an increment rounds to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from syncml.ir.constants import Array, Const, dtype, zero
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Equation,
    Fby,
    Merge,
    Node,
    PropertyKind,
    Var,
    Wave,
    When,
)
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, MACHINE_INTEGERS, Scalar, element, integer_range, shape
from syncml.verify.floats.arithmetic import Rounded
from syncml.verify.floats.domain import Range, both, clamped, contains, join, meet, of_constant, rebuilt, top
from syncml.verify.floats.transfer import ROUNDING, transfer
from syncml.verify.order import ordered

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""

_DELAY, _WIDEN, _NARROW = 4, 60, 24
"""Rounds before registers go to thresholds, before they go to their whole type, and of narrowing."""

_DEEP = 5
"""How many operators are looked through for what a condition says."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """What is known of the streams of a flat node; every stream has an entry.

    Attributes:
        values: The values of each stream, at every instant of every run that meets the assumptions.
        errors: At most how far each operation that rounds is from exact; infinite where it may overflow.
        risky: Operations that may overflow to infinity or yield NaN although their operands are finite.
    """

    values: Mapping[Var, Range]
    errors: Mapping[Var, Any]
    risky: frozenset[Var]

    def truth(self, var: Var) -> bool | None:
        """Whether a Boolean stream is always true or always false, as far as intervals tell."""
        value = self.values[var]
        if bool(np.all(value.low)):
            return True
        return False if not bool(np.any(value.high)) else None


def ranges_of(node: Node) -> Ranges:
    """The ranges of a flat node without calls."""
    return _Analysis(node).result()


class _Analysis:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._order = ordered(node.equations)
        self._definition = {e.target: e for e in self._order}
        self._values: dict[Var, Range] = {}
        self._errors: dict[Var, Any] = {}
        self._thresholds: dict[Scalar, Any] = {}
        self._bounds = _assumed(node, self._definition)

    def result(self) -> Ranges:
        with np.errstate(all="ignore"):
            self._fixed_point()
            self._confirm()
            risky = frozenset(e.target for e in self._order if self._is_risky(e))
        return Ranges(self._values, self._errors, risky)

    # The fixed point.

    def _fixed_point(self) -> None:
        for var in self._node.inputs:
            value = top(var.type, finite=True)
            for low, high in self._bounds.get(var, ()):
                value = meet(value, low, high)
            self._values[var] = value
        registers = [e for e in self._order if isinstance(e.rhs, Fby)]
        for e in registers:
            self._values[e.target] = _initial(e)
        changed: set[Var] | None = None
        for turn in range(_WIDEN + 2):
            self._sweep(changed)
            changed = set()
            for e in registers:
                grown = join(self._values[e.target], self._following(e))
                if grown.same(self._values[e.target]):
                    continue
                if turn >= _DELAY:
                    grown = self._widened(self._values[e.target], grown, e.target, last=turn >= _WIDEN)
                self._values[e.target] = grown
                changed.add(e.target)
            if not changed:
                break
        for _ in range(_NARROW):
            changed = set()
            for e in registers:
                smaller = join(_initial(e), self._following(e))
                if not smaller.same(self._values[e.target]):
                    self._values[e.target] = smaller
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
                if not contains(self._values[e.target], join(_initial(e), self._following(e)))
            ]  # fmt: skip
            if not broken:
                return
            for var in broken:
                self._values[var] = top(var.type)

    def _sweep(self, changed: set[Var] | None) -> None:
        """Evaluate what reads a changed stream (everything, the first time)."""
        for e in self._order:
            if isinstance(e.rhs, Fby):
                continue
            if changed is not None and not any(v in changed for v in self._reads(e)):
                continue
            result = self._evaluated(e, {})
            if e.target in self._values and result.range.same(self._values[e.target]) and changed is not None:
                self._errors[e.target] = result.error
                continue
            self._values[e.target], self._errors[e.target] = result.range, result.error
            if changed is not None:
                changed.add(e.target)

    def _reads(self, e: Equation) -> Iterator[Var]:
        for atom in _operands(e):
            if isinstance(atom, Var):
                yield atom
        if isinstance(e.rhs, Apply) and e.rhs.op is Op.WHERE:
            # What is refined by the condition is read through a few operators.
            yield from self._nearby(e.rhs.arguments)

    def _nearby(self, atoms: Sequence[Atom]) -> Iterator[Var]:
        level = [a for a in atoms if isinstance(a, Var)]
        for _ in range(_DEEP):
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
        return of_constant(atom, atom.type) if isinstance(atom, Const) else self._values[atom]

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
        """The thresholds of a type, ascending; the last of them are the ends of the type."""
        if kind not in self._thresholds:
            numbers: set[Any] = {0}
            for e in self._order:
                for atom in _operands(e):
                    if isinstance(atom, Const) and atom.element is kind and not isinstance(atom.value, Array):
                        numbers |= {atom.machine().item() if kind in FLOATS else int(atom.machine())}
            if kind in FLOATS:
                info = np.finfo(dtype(kind))
                powers = [2.0**k for k in range(-20, 128 if kind is Scalar.F32 else 1024, 1)]
                numbers |= {s * p for p in powers for s in (1.0, -1.0)}
                numbers |= {float(info.max), -float(info.max), np.inf, -np.inf}
                numbers = {n for n in numbers if not np.isnan(n)}
                self._thresholds[kind] = np.unique(np.array(sorted(numbers), dtype=dtype(kind)))
            else:
                low, high = integer_range(kind) if kind in MACHINE_INTEGERS else (-np.inf, np.inf)
                numbers = {n for n in numbers if low <= n <= high} | {low, high}
                self._thresholds[kind] = np.array(sorted(numbers), dtype=object)
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
        for var, low, high in self._said(condition, value):
            said[var] = meet(said.get(var, self._values[var]), low, high)
        return self._within(atom, said, _DEEP) if len(said) > len(known) else self._of(atom)

    def _within(self, atom: Atom, known: Mapping[Var, Range], depth: int) -> Range:
        """The range of an atom, computed again where something is known of what it reads."""
        if isinstance(atom, Const):
            return of_constant(atom, atom.type)
        if atom in known:
            return known[atom]
        definition = self._definition.get(atom)
        if not known or depth <= 1 or definition is None or not isinstance(definition.rhs, Apply) or shape(atom.type):
            return self._values[atom]
        if not any(v in known for v in self._nearby((atom,))):
            return self._values[atom]
        again = self._evaluated(definition, known, depth - 1).range
        before = self._values[atom]
        return both(again, before)

    def _said(self, condition: Var, value: bool) -> Iterator[tuple[Var, Any, Any]]:
        """Bounds of scalar streams that follow from ``condition == value``."""
        pending: list[tuple[Atom, bool, int]] = [(condition, value, _DEEP)]
        while pending:
            atom, wanted, depth = pending.pop()
            definition = self._definition.get(atom) if isinstance(atom, Var) else None
            if definition is None or not isinstance(definition.rhs, Apply) or not depth:
                continue
            op, arguments = definition.rhs.op, definition.rhs.arguments
            if op is Op.NOT:
                pending.append((arguments[0], not wanted, depth - 1))
            elif op is Op.COPY or (op is Op.AND and wanted) or (op is Op.OR and not wanted):
                pending += [(a, wanted, depth - 1) for a in arguments]
            elif op in _ORDERS and not any(shape(a.type) for a in arguments):
                yield from self._compared(op, *arguments, wanted=wanted)

    def _compared(self, op: Op, x: Atom, y: Atom, *, wanted: bool) -> Iterator[tuple[Var, Any, Any]]:
        kind = element(x.type)
        if kind is Scalar.REAL or kind is Scalar.INT or not isinstance(kind, Scalar):
            return
        a, b = self._of(x), self._of(y)
        # A comparison with NaN is false: only a true one says that both sides are numbers.
        if not wanted and (bool(a.nan) or bool(b.nan)):
            return
        if op in (Op.EQ, Op.NE):
            if (op is Op.EQ) == wanted:
                yield from _sides(x, y, (b.low, b.high), (a.low, a.high))
            return
        less = op in (Op.LT, Op.LE)
        strict = (op in (Op.LT, Op.GT)) == wanted
        if less != wanted:
            x, y, a, b = y, x, b, a
        # Now x is less than y, or equal unless strict.
        most = _below(b.high, kind) if strict else b.high
        least = _above(a.low, kind) if strict else a.low
        yield from _sides(x, y, (a.low, most), (least, b.high))

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


_ORDERS = frozenset({Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE})


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


def _below(value: Any, kind: Scalar) -> Any:
    return np.nextafter(value, dtype(kind).type(-np.inf)) if kind in FLOATS else value - 1


def _above(value: Any, kind: Scalar) -> Any:
    return np.nextafter(value, dtype(kind).type(np.inf)) if kind in FLOATS else value + 1


def _sides(x: Atom, y: Atom, of_x: tuple[Any, Any], of_y: tuple[Any, Any]) -> Iterator[tuple[Var, Any, Any]]:
    if isinstance(x, Var):
        yield x, *of_x
    if isinstance(y, Var):
        yield y, *of_y


def _assumed(node: Node, definition: Mapping[Var, Equation]) -> dict[Var, list[tuple[Any, Any]]]:
    """Bounds of inputs from assumptions that compare an input, or its magnitude, with a number."""
    inputs = set(node.inputs)
    found: dict[Var, list[tuple[Any, Any]]] = {}
    pending: list[Atom] = [p.holds for p in node.properties if p.kind is PropertyKind.ASSUME]
    while pending:
        atom = pending.pop()
        e = definition.get(atom) if isinstance(atom, Var) else None
        if e is None or not isinstance(e.rhs, Apply):
            continue
        op, arguments = e.rhs.op, e.rhs.arguments
        if op in (Op.AND, Op.COPY, Op.ALL):
            pending += arguments
        elif op in (Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ) and element(arguments[0].type) in FLOATS | MACHINE_INTEGERS:
            x, y = arguments
            if isinstance(x, Const):
                x, y, op = y, x, _MIRRORED[op]
            var, absolute, negative = _input_of(x, inputs, definition)
            if var is None or not isinstance(y, Const):
                continue
            bound = of_constant(y, var.type)
            low, high = _limits(op, bound, element(var.type))
            if absolute:
                low = -high
            elif negative:
                low, high = -high, -low
            found.setdefault(var, []).append((low, high))
    return found


_MIRRORED = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE, Op.EQ: Op.EQ}


def _limits(op: Op, bound: Range, kind: Any) -> tuple[Any, Any]:
    every = top(kind)
    low = bound.low if op in (Op.GT, Op.GE, Op.EQ) else np.broadcast_to(every.low, bound.low.shape)
    high = bound.high if op in (Op.LT, Op.LE, Op.EQ) else np.broadcast_to(every.high, bound.high.shape)
    return low, high


def _input_of(atom: Atom, inputs: set[Var], definition: Mapping[Var, Equation]) -> tuple[Var | None, bool, bool]:
    """The input that an atom is, up to its sign or magnitude: the input, whether its magnitude, whether negated."""
    absolute = negative = False
    while isinstance(atom, Var) and atom not in inputs:
        e = definition.get(atom)
        if e is None or not isinstance(e.rhs, Apply) or e.rhs.op not in (Op.COPY, Op.NEG, Op.ABS) or absolute:
            return None, False, False
        absolute |= e.rhs.op is Op.ABS
        negative ^= e.rhs.op is Op.NEG
        if absolute and negative:
            return None, False, False
        atom = e.rhs.arguments[0]
    return (atom, absolute, negative) if isinstance(atom, Var) else (None, False, False)

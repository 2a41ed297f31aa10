"""What a condition says of the ranges of the streams that it compares.

Rule: where ``x < y`` is true, ``x`` is below the greatest value of ``y``, and ``y`` above the least value of ``x``; the
same for the other comparisons, through conjunctions that are true, disjunctions that are false, and negations. A
comparison with NaN is false, so only one that is true says that both sides are numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy

from syncml.dataclass import dataclass
from syncml.ir.constants import Const, dtype
from syncml.ir.equations.syntax import Apply, Atom, Equation, Node, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.ir.types import FLOATS, MACHINE_INTEGERS, Scalar, element, shape
from syncml.verify.floats.domain import Range, of_constant, top

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""

DEEP = 5
"""How many operators are looked through for what a condition says."""

_ORDERS = frozenset({Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE})


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions of a node.

    Attributes:
        definition: The equation of each stream.
        value: The range of a stream or constant, as far as it is known now.
    """

    definition: Mapping[Var, Equation]
    value: Callable[[Atom], Range]

    def said(self, condition: Var, value: bool) -> Iterator[tuple[Var, Any, Any]]:
        """Bounds of scalar streams that follow from ``condition == value``."""
        pending: list[tuple[Atom, bool, int]] = [(condition, value, DEEP)]
        while pending:
            atom, wanted, depth = pending.pop()
            definition = self.definition.get(atom) if isinstance(atom, Var) else None
            if definition is None or not isinstance(definition.rhs, Apply) or not depth:
                continue
            op, arguments = definition.rhs.op, definition.rhs.arguments
            if op is Op.NOT:
                pending.append((arguments[0], not wanted, depth - 1))
            elif op is Op.COPY or (op is Op.AND and wanted) or (op is Op.OR and not wanted):
                pending += [(a, wanted, depth - 1) for a in arguments]
            elif op in _ORDERS and not any(shape(a.type) for a in arguments):
                for var, low, high in self._compared(op, *arguments, wanted=wanted):
                    yield from self._through(var, low, high)

    def _through(self, var: Var, low: Any, high: Any) -> Iterator[tuple[Var, Any, Any]]:
        """A bound, and what it says of the stream whose copy, negation or magnitude it bounds."""
        yield var, low, high
        e = self.definition.get(var)
        while e is not None and isinstance(e.rhs, Apply) and e.rhs.op in (Op.COPY, Op.NEG, Op.ABS):
            (argument,) = e.rhs.arguments
            if not isinstance(argument, Var) or argument.type is not var.type or element(argument.type) not in FLOATS:
                return
            if e.rhs.op is not Op.COPY:
                low, high = -high, -low if e.rhs.op is Op.NEG else high
            yield argument, low, high
            e = self.definition.get(argument)

    def _compared(self, op: Op, x: Atom, y: Atom, *, wanted: bool) -> Iterator[tuple[Var, Any, Any]]:
        kind = element(x.type)
        if kind is Scalar.REAL or kind is Scalar.INT or not isinstance(kind, Scalar):
            return
        a, b = self.value(x), self.value(y)
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


def _below(value: Any, kind: Scalar) -> Any:
    return np.nextafter(value, dtype(kind).type(-np.inf)) if kind in FLOATS else value - 1


def _above(value: Any, kind: Scalar) -> Any:
    return np.nextafter(value, dtype(kind).type(np.inf)) if kind in FLOATS else value + 1


def _sides(x: Atom, y: Atom, of_x: tuple[Any, Any], of_y: tuple[Any, Any]) -> Iterator[tuple[Var, Any, Any]]:
    if isinstance(x, Var):
        yield x, *of_x
    if isinstance(y, Var):
        yield y, *of_y


def assumed(node: Node, definition: Mapping[Var, Equation]) -> dict[Var, list[tuple[Any, Any]]]:
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

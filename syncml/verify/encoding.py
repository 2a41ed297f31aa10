"""Operators as solver terms, element by element.

Rule: a value of a stream is an array of terms in the shape of its type. Under *ideal* semantics numbers are
mathematical integers and reals; under *machine* integers each fixed-width integer is a bit vector and wraps. Floats
are reals in both: what a term says of a float operation is its exact result, which `floats.rounding` rounds where the
machine is meant; then a literal is the float that the machine holds. A result that no exact term describes (an
elementary function, a quotient by zero) is a fresh constant with the sound facts that are known about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from fractions import Fraction
from functools import reduce
from typing import Any, assert_never

from syncml.dataclass import dataclass
from syncml.diagnostics.model import InternalFault
from syncml.ir.constants import Array, Const, exact
from syncml.ir.operators import Op
from syncml.ir.types import (
    BIT_WIDTH,
    BOOL,
    FLOATS,
    FRACTIONAL,
    MACHINE_INTEGERS,
    SIGNED,
    Element,
    EnumType,
    Scalar,
    Type,
    element,
    integer_range,
    shape,
)
from syncml.ir.typing_rules import Attribute, Contraction, contraction, windows
from syncml.lazy import numpy as np
from syncml.verify.elementary import facts_of
from syncml.verify.floats.formats import machine_number
from syncml.verify.smt import Term, z3
from syncml.verify.terms import Single, Terms, array_of


@dataclass(frozen=True, slots=True)
class Encoder:
    """Terms for one semantics of machine integers.

    Attributes:
        wrapping: Whether fixed-width integers are bit vectors; otherwise they are mathematical integers.
        fresh: Makes a constant of a sort (named as in `smt.sort_of`) that is arbitrary at each instant.
        fact: Records a formula that holds at each instant.
        machine: Whether a float literal is what the machine holds; otherwise it is its shortest decimal.
    """

    wrapping: bool
    fresh: Callable[[str], Term]
    fact: Callable[[Term], None]
    machine: bool = False
    _applications: dict[Op, list[tuple[Term, ...]]] = field(default_factory=dict[Op, list[tuple[Any, ...]]])

    def sort(self, kind: Element) -> str:
        """The name of the sort of a scalar of type ``kind``."""
        if isinstance(kind, EnumType) or kind is Scalar.INT:
            return "Int"
        if kind is BOOL:
            return "Bool"
        if kind in FRACTIONAL:
            return "Real"
        return f"BitVec{BIT_WIDTH[kind]}" if self.wrapping else "Int"

    def number(self, value: Any, kind: Element) -> Term:
        """A numeral, truth value or constructor of type ``kind``."""
        if isinstance(kind, EnumType):
            return z3.IntVal(kind.constructors.index(value) if isinstance(value, str) else int(value))
        if kind is BOOL:
            return z3.BoolVal(bool(value))
        if kind in FRACTIONAL:
            number = exact(value)
            return z3.RealVal(f"{number.numerator}/{number.denominator}")
        if self.wrapping and kind in MACHINE_INTEGERS:
            return z3.BitVecVal(int(value), BIT_WIDTH[kind])
        return z3.IntVal(int(value))

    def constant(self, const: Const) -> Terms:
        """A constant; the numbers in an array mean exactly what they are, a literal its shortest decimal."""
        kind = const.element
        if self.machine and kind in FLOATS:
            held = np.asarray(machine_number(const), dtype=object)
            return array_of([self.number(x, kind) for x in held.flat], held.shape)
        if not isinstance(const.value, Array):
            return array_of([self.number(const.value, kind)], ())
        items = const.value.numpy().reshape(-1).tolist()
        if kind in FLOATS:
            items = [Fraction(x) for x in items]
        return array_of([self.number(x, kind) for x in items], const.value.shape)

    def apply(
        self, op: Op, args: tuple[Terms, ...], types: tuple[Type, ...], attribute: Attribute, result: Type
    ) -> Terms:
        """``op`` applied to ``args`` of ``types``; the result has the shape of ``result``."""
        kind = element(types[0])
        match op:
            case Op.COPY:
                return args[0]
            case Op.STACK:
                return np.stack(args) if shape(types[0]) else array_of([a[()] for a in args], (len(args),))
            case Op.CONCAT:
                return np.concatenate(args, axis=_ints(attribute)[0])
            case Op.INDEX:
                return _boxed(args[0][_ints(attribute)], shape(result))
            case Op.SLICE:
                axis, start, count, step = _ints(attribute)
                return np.take(args[0], [start + i * step for i in range(count)], axis=axis)
            case Op.RESHAPE:
                return np.reshape(args[0], _ints(attribute))
            case Op.TRANSPOSE:
                return np.transpose(args[0], _ints(attribute))
            case Op.UNFOLD:
                axis, *form = _ints(attribute)
                return np.take(args[0], windows(args[0].shape[axis], *form), axis=axis)
            case Op.AT:
                return self._at(args[0], args[1][()], element(types[1]), shape(result))
            case Op.WINDOW:
                return self._window(args[0], args[1][()], element(types[1]), shape(result))
            case Op.UPDATE:
                return self._updated(
                    args[0], args[1], [(a[()], element(t)) for a, t in zip(args[2:], types[2:], strict=True)]
                )
            case Op.EINSUM:
                return self._einsum(args, contraction(attribute), types, shape(result))
            case Op.MATMUL:
                return self._matmul(args[0], args[1], kind, shape(result))
            case Op.SUM | Op.LEAST | Op.GREATEST | Op.ALL | Op.ANY:
                parts = np.moveaxis(args[0], _ints(attribute)[0], 0)
                columns = parts.reshape(len(parts), -1)
                return array_of([self._reduce(op, list(c), kind) for c in columns.T], shape(result))
            case _:
                spread = args if all(isinstance(a, Single) for a in args) else np.broadcast_arrays(*args)
                target = element(result)
                items = [
                    self._scalar(op, xs, element(types[-1]), target)
                    for xs in zip(*(a.flat for a in spread), strict=True)
                ]
                return array_of(items, shape(result))

    def _scalar(self, op: Op, x: tuple[Term, ...], kind: Element, target: Element) -> Term:
        match op:
            case Op.ADD:
                return x[0] + x[1]
            case Op.SUB:
                return x[0] - x[1]
            case Op.MUL:
                return x[0] * x[1]
            case Op.DIV:
                return self._quotient(x[0], x[1], kind)
            case Op.FLOORDIV | Op.MOD:
                return self._divided(op, x[0], x[1], kind)
            case Op.NEG:
                return -x[0]
            case Op.ABS:
                return x[0] if self._unsigned(kind) else z3.If(x[0] < 0, -x[0], x[0])
            case Op.MIN:
                return z3.If(self._less(x[1], x[0], kind), x[1], x[0])
            case Op.MAX:
                return z3.If(self._less(x[0], x[1], kind), x[1], x[0])
            case Op.EQ:
                return x[0] == x[1]
            case Op.NE:
                return x[0] != x[1]
            case Op.LT:
                return self._less(x[0], x[1], kind)
            case Op.LE:
                return z3.ULE(x[0], x[1]) if self._unsigned(kind) else x[0] <= x[1]
            case Op.GT:
                return self._less(x[1], x[0], kind)
            case Op.GE:
                return z3.ULE(x[1], x[0]) if self._unsigned(kind) else x[0] >= x[1]
            case Op.NOT | Op.AND | Op.OR | Op.XOR:
                return _logical(op, x) if kind is BOOL else self._bits(op, x, kind)
            case Op.SHL | Op.SHR:
                return self._bits(op, x, kind)
            case Op.WHERE:
                return z3.If(x[0], x[1], x[2])
            case Op.CAST:
                return self._cast(x[0], kind, target)
            case Op.SQRT | Op.EXP | Op.LOG | Op.TANH | Op.SIGMOID | Op.SIN | Op.COS | Op.ATAN2 | Op.POW:
                return self._elementary(op, x)
            case (
                Op.COPY | Op.STACK | Op.CONCAT | Op.INDEX | Op.SLICE | Op.AT | Op.WINDOW | Op.UPDATE | Op.RESHAPE
                | Op.TRANSPOSE | Op.UNFOLD | Op.MATMUL | Op.EINSUM | Op.SUM | Op.LEAST | Op.GREATEST | Op.ALL | Op.ANY
            ):  # fmt: skip
                raise InternalFault(f"{op.value} is not elementwise")
            case _:
                assert_never(op)

    def _unsigned(self, kind: Element) -> bool:
        return self.wrapping and kind in MACHINE_INTEGERS and kind not in SIGNED

    def _less(self, x: Term, y: Term, kind: Element) -> Term:
        return z3.ULT(x, y) if self._unsigned(kind) else x < y

    def _quotient(self, x: Term, y: Term, kind: Element) -> Term:
        if z3.is_rational_value(y):
            divisor = Fraction(y.numerator_as_long(), y.denominator_as_long())
            if divisor:
                return x * self.number(1 / divisor, Scalar.REAL)
        quotient = self.fresh("Real")
        self.fact(z3.Implies(y != 0, quotient * y == x))
        if kind is Scalar.REAL:
            self.fact(z3.Implies(y == 0, quotient == 0))
        return quotient

    def _divided(self, op: Op, x: Term, y: Term, kind: Element) -> Term:
        """Quotient rounded down and its remainder; by zero, 0 and ``x``."""
        if z3.is_bv(x):
            if op is Op.MOD:
                return z3.If(y == 0, x, x % y if kind in SIGNED else z3.URem(x, y))
            if kind not in SIGNED:
                return z3.If(y == 0, z3.BitVecVal(0, x.size()), z3.UDiv(x, y))
            rest = z3.SRem(x, y)
            down = z3.And(rest != 0, (rest < 0) != (y < 0))
            return z3.If(y == 0, z3.BitVecVal(0, x.size()), z3.If(down, x / y - 1, x / y))
        # The solver rounds so that the remainder is not negative; with a positive divisor that is down.
        quotient = z3.If(y > 0, x / y, -x / -y)
        if z3.is_int_value(y) and y.as_long():
            quotient = x / y if y.as_long() > 0 else -x / z3.IntVal(-y.as_long())
            return quotient if op is Op.FLOORDIV else x - y * quotient
        return z3.If(
            y == 0, z3.IntVal(0) if op is Op.FLOORDIV else x, quotient if op is Op.FLOORDIV else x - y * quotient
        )

    def _bits(self, op: Op, x: tuple[Term, ...], kind: Element) -> Term:
        if not isinstance(kind, Scalar) or kind not in MACHINE_INTEGERS:
            raise InternalFault(f"{op.value} on {kind}")
        if not z3.is_bv(x[0]):
            low, high = integer_range(kind)
            if op is Op.NOT:
                return high + low - x[0]
            vectors = tuple(z3.Int2BV(a, BIT_WIDTH[kind]) for a in x)
            return z3.BV2Int(self._bits(op, vectors, kind), is_signed=kind in SIGNED)
        match op:
            case Op.NOT:
                return ~x[0]
            case Op.AND:
                return x[0] & x[1]
            case Op.OR:
                return x[0] | x[1]
            case Op.XOR:
                return x[0] ^ x[1]
            case _:
                width = z3.BitVecVal(BIT_WIDTH[kind], x[0].size())
                shifted = x[0] << x[1] if op is Op.SHL else x[0] >> x[1] if kind in SIGNED else z3.LShR(x[0], x[1])
                # As an unsigned number, a negative amount is at least the width.
                return z3.If(z3.ULT(x[1], width), shifted, z3.BitVecVal(0, x[0].size()))

    def _cast(self, x: Term, source: Element, target: Element) -> Term:
        if not isinstance(source, Scalar) or not isinstance(target, Scalar):
            raise InternalFault(f"conversion from {source} to {target}")
        if target is BOOL:
            return x if source is BOOL else x != 0
        if source is BOOL:
            return z3.If(x, self.number(1, target), self.number(0, target))
        if target in FRACTIONAL:
            return x if source in FRACTIONAL else z3.ToReal(_whole(x, source))
        if z3.is_bv(x) and target in MACHINE_INTEGERS:
            return _resized(x, BIT_WIDTH[target], source in SIGNED)
        whole = _whole(x, source)
        if source in FRACTIONAL:
            whole = z3.If(x >= 0, z3.ToInt(x), -z3.ToInt(-x))
        if source in FLOATS and target in MACHINE_INTEGERS:
            low, high = integer_range(target)
            whole = z3.If(whole < low, z3.IntVal(low), z3.If(whole > high, z3.IntVal(high), whole))
        elif source is not Scalar.INT and source is not Scalar.REAL:
            return whole
        if target in MACHINE_INTEGERS:
            return z3.Int2BV(whole, BIT_WIDTH[target]) if self.wrapping else whole
        return whole

    def _elementary(self, op: Op, x: tuple[Term, ...]) -> Term:
        previous = self._applications.setdefault(op, [])
        for *arguments, result in previous:
            if all(a.eq(b) for a, b in zip(arguments, x, strict=True)):
                return result
        result = self.fresh("Real")
        for fact in facts_of(op, x, result, previous):
            self.fact(fact)
        previous.append((*x, result))
        return result

    def _at(self, source: Terms, position: Term, kind: Element, shape_: tuple[int, ...]) -> Terms:
        rows = source.reshape(len(source), -1)
        result = list(rows[-1])
        for i in range(len(rows) - 2, -1, -1):
            # Below the axis the index is clamped to its first element.
            here = self._less(position, self.number(1, kind), kind) if i == 0 else position == self.number(i, kind)
            result = [z3.If(here, item, other) for item, other in zip(rows[i], result, strict=True)]
        return array_of(result, shape_)

    def _window(self, source: Terms, position: Term, kind: Element, shape_: tuple[int, ...]) -> Terms:
        """The choice among all places where the window fits."""
        count = len(source) - shape_[0] + 1
        windows = array_of([x for i in range(count) for x in source[i : i + shape_[0]].flat], (count, *shape_))
        return self._at(windows, position, kind, shape_)

    def _updated(self, source: Terms, value: Terms, positions: list[tuple[Term, Element]]) -> Terms:
        lead = source.shape[: len(positions)]
        items: list[Term] = []
        for place in np.ndindex(*lead):
            old = list(np.asarray(source[place], dtype=object).flat)
            # A number that the type of the index does not have would wrap to one that it has.
            reachable = all(_holds(kind, i) for i, (_, kind) in zip(place, positions, strict=True))
            here = z3.And([p == self.number(i, kind) for i, (p, kind) in zip(place, positions, strict=True)])
            here = z3.simplify(here) if reachable else z3.BoolVal(False)
            items += [z3.If(here, new, x) for new, x in zip(value.flat, old, strict=True)]
        return array_of(items, source.shape)

    def _einsum(
        self, values: tuple[Terms, ...], form: Contraction, types: tuple[Type, ...], shape_: tuple[int, ...]
    ) -> Terms:
        extents = form.extents(types)
        kind = element(types[0])
        items: list[Term] = []
        for place in np.ndindex(*shape_):
            terms: list[Term] = []
            for at in np.ndindex(*(extents[letter] for letter in form.summed)):
                index = dict(zip(form.result + form.summed, (*place, *at), strict=True))
                parts = [v[tuple(index[x] for x in xs)] for v, xs in zip(values, form.operands, strict=True)]
                terms.append(reduce(lambda x, y: x * y, parts))
            items.append(self._reduce(Op.SUM, terms, kind) if form.summed else terms[0])
        return array_of(items, shape_)

    def _matmul(self, a: Terms, b: Terms, kind: Element, shape_: tuple[int, ...]) -> Terms:
        left, right = a.reshape(-1, a.shape[-1]), b.reshape(b.shape[0], -1)
        items = [self._reduce(Op.SUM, [x * y for x, y in zip(row, column, strict=True)], kind)
                 for row in left for column in right.T]  # fmt: skip
        return array_of(items, shape_)

    def _reduce(self, op: Op, items: list[Term], kind: Element) -> Term:
        match op:
            case Op.SUM:
                return reduce(lambda x, y: x + y, items) if self.wrapping and z3.is_bv(items[0]) else z3.Sum(items)
            case Op.LEAST:
                return reduce(lambda least, x: z3.If(self._less(x, least, kind), x, least), items)
            case Op.GREATEST:
                return reduce(lambda most, x: z3.If(self._less(most, x, kind), x, most), items)
            case Op.ALL:
                return z3.And(items)
            case Op.ANY:
                return z3.Or(items)
            case _:
                raise InternalFault(f"{op.value} is no reduction")


def _holds(kind: Element, number: int) -> bool:
    """Whether an index of type ``kind`` can be ``number``."""
    return not isinstance(kind, Scalar) or kind not in MACHINE_INTEGERS or number <= integer_range(kind)[1]


def _ints(attribute: Attribute) -> tuple[int, ...]:
    if not isinstance(attribute, tuple):
        raise InternalFault(f"an operator with indices has the attribute {attribute!r}")
    return attribute


def _boxed(value: Any, shape_: tuple[int, ...]) -> Terms:
    return value if shape_ else array_of([value], ())


def _logical(op: Op, x: tuple[Term, ...]) -> Term:
    match op:
        case Op.NOT:
            return z3.Not(x[0])
        case Op.AND:
            return z3.And(x[0], x[1])
        case Op.OR:
            return z3.Or(x[0], x[1])
        case _:
            return z3.Xor(x[0], x[1])


def _whole(x: Term, source: Element) -> Term:
    return z3.BV2Int(x, is_signed=source in SIGNED) if z3.is_bv(x) else x


def _resized(x: Term, width: int, signed: bool) -> Term:
    if width <= x.size():
        return z3.Extract(width - 1, 0, x)
    return z3.SignExt(width - x.size(), x) if signed else z3.ZeroExt(width - x.size(), x)

"""One operator on ranges: what it yields in machine arithmetic, and its rounding error.

Rule: the result contains what the operator table says for every choice of operands from their ranges, NaN, infinities
and the wrapping of integers included. An operator about which nothing better is known yields its whole type.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import inf
from typing import Any

import numpy

from syncml.ir.constants import dtype
from syncml.ir.elementary.certificate import CERTIFICATES
from syncml.ir.elementary.image import INCREASING, image
from syncml.ir.equations.syntax import Apply
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, MACHINE_INTEGERS, Element, Scalar, Type, element, integer_range, shape
from syncml.ir.typing_rules import Attribute, contraction
from syncml.verify.floats import arithmetic as floats
from syncml.verify.floats.arithmetic import Rounded
from syncml.verify.floats.domain import Range, coarsest, join, of_ends, rebuilt, top
from syncml.verify.floats.formats import half_spacing
from syncml.verify.floats.moves import moved, plain_integers

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""

ROUNDING = frozenset({
    Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.SUM, Op.MATMUL, Op.EINSUM, Op.CAST, Op.SQRT, Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID,
    Op.SIN, Op.COS, Op.ATAN2, Op.POW,
})  # fmt: skip
"""The operators whose float results may differ from the exact ones."""


def transfer(rhs: Apply, ranges: Sequence[Range], type_: Type) -> Rounded:
    """The result of an application on ``ranges`` of its arguments, as a value of ``type_``."""
    with np.errstate(all="ignore"):
        result = _transfer(rhs, ranges, type_)
    if isinstance(result, Rounded):
        return result
    return Rounded(result, np.zeros(shape(type_)))


def _transfer(rhs: Apply, x: Sequence[Range], type_: Type) -> Rounded | Range:
    kind = element(rhs.arguments[0].type)
    if (structural := moved(rhs.op, x, rhs.attribute)) is not None:
        return structural
    target = element(type_)
    if rhs.op is Op.WHERE:
        return _where(*_spread(x), scalar=not shape(type_))
    if rhs.op is Op.CAST:
        return _cast(x[0], kind, target, type_)
    if kind is BOOL:
        return _logical(rhs, x, type_)
    if rhs.op in _COMPARISONS:
        return _comparison(rhs.op, *_spread(x))
    if isinstance(kind, Scalar) and kind in FLOATS:
        return _float(rhs, x, kind, type_)
    return _whole(rhs, x, kind, type_)


_COMPARISONS = frozenset({Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE})


def _spread(ranges: Sequence[Range]) -> list[Range]:
    """The ranges in one common shape."""
    first = ranges[0].low.shape
    if all(r.low.shape == first for r in ranges):
        return list(ranges)
    common = np.broadcast_shapes(*(r.low.shape for r in ranges))
    return [r.map(lambda a: np.broadcast_to(a, common)) for r in ranges]


def _where(condition: Range, yes: Range, no: Range, *, scalar: bool) -> Range:
    if scalar and bool(condition.low == condition.high):
        return yes if bool(condition.low) else no
    both = join(yes, no)
    chosen = [
        np.where(condition.low, y, np.where(condition.high, b, n))
        for y, b, n in zip(_parts(yes), _parts(both), _parts(no), strict=True)
    ]
    return rebuilt(yes, *chosen)


def _parts(r: Range) -> tuple[Any, Any, Any, Any]:
    return r.low, r.high, r.nan, r.grid


def _truth(certain: Any, possible: Any) -> Range:
    low, high = np.asarray(certain, dtype=np.bool_), np.asarray(possible, dtype=np.bool_)
    return Range(low, high, np.zeros(low.shape, dtype=np.bool_), np.zeros(low.shape, dtype=np.int64))


def _comparison(op: Op, a: Range, b: Range) -> Range:
    nan: Any = a.nan | b.nan
    match op:
        case Op.LT:
            return _truth((a.high < b.low) & ~nan, a.low < b.high)
        case Op.LE:
            return _truth((a.high <= b.low) & ~nan, a.low <= b.high)
        case Op.GT:
            return _truth((a.low > b.high) & ~nan, a.high > b.low)
        case Op.GE:
            return _truth((a.low >= b.high) & ~nan, a.high >= b.low)
        case _:
            apart = (a.high < b.low) | (a.low > b.high)
            same = (a.low == a.high) & (b.low == b.high) & (a.low == b.low) & ~nan
            return _truth(same, ~apart) if op is Op.EQ else _truth(apart, ~same)


def _logical(rhs: Apply, ranges: Sequence[Range], type_: Type) -> Range:
    match rhs.op:
        case Op.NOT:
            return _truth(~ranges[0].high, ~ranges[0].low)
        case Op.AND | Op.OR | Op.XOR | Op.EQ | Op.NE:
            a, b = _spread(ranges)
            if rhs.op is Op.AND:
                return _truth(a.low & b.low, a.high & b.high)
            if rhs.op is Op.OR:
                return _truth(a.low | b.low, a.high | b.high)
            known = (a.low == a.high) & (b.low == b.high)
            value = (a.low == b.low) if rhs.op is Op.EQ else a.low != b.low
            return _truth(known & value, ~known | value)
        case Op.ALL | Op.ANY:
            over = np.all if rhs.op is Op.ALL else np.any
            (axis,) = plain_integers(rhs.attribute)
            return _truth(over(ranges[0].low, axis=axis), over(ranges[0].high, axis=axis))
        case _:
            return top(type_)


def _float(rhs: Apply, x: Sequence[Range], kind: Scalar, type_: Type) -> Rounded | Range:
    op = rhs.op
    match op:
        case Op.ADD | Op.SUB | Op.MUL | Op.DIV | Op.MIN | Op.MAX:
            a, b = _spread(x)
            if op is Op.ADD:
                return floats.add(a, b, kind)
            if op is Op.SUB:
                return floats.add(a, floats.negated(b), kind)
            if op is Op.MUL:
                return floats.mul(a, b, kind, square=rhs.arguments[0] == rhs.arguments[1])
            if op is Op.DIV:
                return floats.div(a, b, kind)
            return floats.least_of(a, b) if op is Op.MIN else floats.greatest_of(a, b)
        case Op.NEG:
            return floats.negated(x[0])
        case Op.ABS:
            return floats.magnitude(x[0])
        case Op.LEAST | Op.GREATEST:
            (axis,) = plain_integers(rhs.attribute)
            parts = x[0].map(lambda a: np.moveaxis(a, axis, 0))
            rows = [parts.map(lambda a, i=i: a[i]) for i in range(len(parts.low))]
            return reduce(floats.least_of if op is Op.LEAST else floats.greatest_of, rows)
        case Op.SUM:
            (axis,) = plain_integers(rhs.attribute)
            return floats.total(x[0].map(lambda a: np.moveaxis(a, axis, 0)), kind)
        case Op.MATMUL:
            left, right = len(x[0].low.shape) - 1, len(x[1].low.shape) - 1
            rows, columns = "ab"[:left], "cd"[:right]
            return _contracted(f"{rows}k,k{columns}->{rows}{columns}", x, rhs, kind)
        case Op.EINSUM:
            return _contracted(rhs.attribute, x, rhs, kind)
        case _:
            return _elementary(op, x, kind, type_)


def _contracted(form_: Attribute, x: Sequence[Range], rhs: Apply, kind: Scalar) -> Rounded:
    """Products, each rounded, then their sum in ascending order of what is summed."""
    form = contraction(form_)
    extents = form.extents(tuple(a.type for a in rhs.arguments))
    letters = form.summed + form.result

    def spread(operand: Range, own: str) -> Range:
        def arranged(array: Any) -> Any:
            # A letter that an operand has twice stands for its diagonal.
            axes = "".join(dict.fromkeys(own))
            single = array if len(axes) == len(own) else np.einsum(f"{own}->{axes}", array)
            order = [axes.index(letter) for letter in letters if letter in axes]
            spaced = [extents[letter] if letter in axes else 1 for letter in letters]
            return np.reshape(np.transpose(single, order), spaced)

        return operand.map(arranged)

    parts = [spread(o, own) for o, own in zip(x, form.operands, strict=True)]
    whole = tuple(extents[letter] for letter in letters)
    product = Rounded(parts[0].map(lambda a: np.broadcast_to(a, whole)), np.zeros(whole))
    for part in parts[1:]:
        other = part.map(lambda a: np.broadcast_to(a, whole))
        following = floats.mul(product.range, other, kind)
        # What was wrong before is multiplied by what comes now.
        error = np.where(product.error == 0, 0.0, product.error * other.magnitude.astype(np.float64))
        product = Rounded(following.range, error + following.error)
    if not form.summed:
        return product
    flat = (-1, *whole[len(form.summed) :])
    sum_ = floats.total(product.range.map(lambda a: np.reshape(a, flat)), kind)
    return Rounded(sum_.range, sum_.error + np.sum(np.reshape(product.error, flat), axis=0))


def _elementary(op: Op, x: Sequence[Range], kind: Scalar, type_: Type) -> Rounded:
    """The certified range, tightened where the function increases; its error in units in the last place."""
    operands = _spread(x)
    lows: list[float] = []
    highs: list[float] = []
    nans: list[bool] = []
    for place in np.ndindex(*operands[0].low.shape):
        low, high, nan = _image(op, kind, [o.map(lambda a, p=place: a[p]) for o in operands])
        lows.append(low)
        highs.append(high)
        nans.append(nan)
    extents = shape(type_)
    low, high = (np.asarray(e, dtype=dtype(kind)).reshape(extents) for e in (lows, highs))
    base = of_ends(low, high, kind)
    result = rebuilt(base, low, high, np.asarray(nans).reshape(extents), base.grid)
    # The unit is that of the exact result, which may lie a little beyond the greatest computed one.
    one = 2 * half_spacing(result.magnitude.astype(np.float64) * (1 + 1e-6), kind)
    units = 0.5 if op is Op.SQRT else CERTIFICATES[op, kind].error_ulp
    error = np.nextafter(one * units, np.inf)
    return Rounded(result, np.where(result.finite, error, np.inf))


def _image(op: Op, kind: Scalar, x: Sequence[Range]) -> tuple[float, float, bool]:
    a = x[0]
    low, high, nan = float(a.low), float(a.high), any(bool(r.nan) for r in x)
    if op is Op.SQRT:
        machine = dtype(kind).type
        return float(np.sqrt(machine(max(low, 0.0)))), float(np.sqrt(machine(max(high, 0.0)))), nan or low < 0
    certificate = CERTIFICATES[op, kind]
    if op is Op.LOG and low < 0:
        return -inf, float(image(op, kind, high, high)[1]) if high > 0 else inf, True
    if op in INCREASING and not (op is Op.LOG and low <= 0):
        least, greatest = image(op, kind, low, high)
        return least, greatest, nan
    if op in (Op.SIN, Op.COS):
        nan = nan or not (np.isfinite(low) and np.isfinite(high))
    if op is Op.POW:
        # A negative base has a power that is no number, and an even or odd sign.
        nan = nan or low < 0
        return (0.0 if low >= 0 else -inf), inf, nan
    return certificate.low, certificate.high, nan


def _cast(x: Range, source: Element, target: Element, type_: Type) -> Rounded | Range:
    if not isinstance(source, Scalar) or not isinstance(target, Scalar):
        return top(type_)
    if target is source:
        return x
    if target is BOOL:
        zero = (x.low <= 0) & (x.high >= 0)
        return _truth(~zero, (x.low != 0) | (x.high != 0) | x.nan)
    if target in FLOATS:
        return _to_float(x, source, target)
    if source is BOOL:
        return of_ends(x.low.astype(np.int64).astype(object), x.high.astype(np.int64).astype(object), target)
    if source in FLOATS and target in MACHINE_INTEGERS:
        return _to_whole(x, target)
    if source in MACHINE_INTEGERS or source is Scalar.INT:
        return _within(x.low, x.high, target)
    return top(type_)


def _to_float(x: Range, source: Scalar, target: Scalar) -> Rounded:
    """The nearest floats; Booleans are 0 and 1."""
    if source is Scalar.REAL:
        every = top(target)
        spread = every.map(lambda a: np.broadcast_to(a, x.low.shape))
        return Rounded(spread, np.full(x.low.shape, inf))
    machine = dtype(target)
    low, high = x.low.astype(machine), x.high.astype(machine)
    if source not in FLOATS and source is not BOOL:
        # An integer of more than 53 bits is rounded twice on the way to an end.
        low = np.where(np.abs(low) > _EXACT, np.nextafter(low, machine.type(-inf)), low)
        high = np.where(np.abs(high) > _EXACT, np.nextafter(high, machine.type(inf)), high)
    grid = x.grid if source in FLOATS else np.zeros(x.low.shape, dtype=np.int64)
    # A conversion of a float to the wider type is exact.
    wider = source is Scalar.F32
    exact = floats.held(grid, low, high, target) | wider
    grid = np.maximum(grid, coarsest(target))
    result = rebuilt(of_ends(low, high, target), low, high, x.nan, grid)
    error = half_spacing(result.magnitude, target)
    return Rounded(result, np.where(exact & np.isfinite(error), 0.0, error))


def _to_whole(x: Range, target: Scalar) -> Range:
    """Truncated and saturated; NaN is 0."""
    least, most = integer_range(target)

    def end(value: float) -> int:
        return most if value >= most else least if value <= least else int(value)

    lows = [end(float(v)) for v in x.low.reshape(-1)]
    highs = [end(float(v)) for v in x.high.reshape(-1)]
    nans = x.nan.reshape(-1).tolist()
    lows = [min(v, 0) if n else v for v, n in zip(lows, nans, strict=True)]
    highs = [max(v, 0) if n else v for v, n in zip(highs, nans, strict=True)]
    return of_ends(_objects(lows, x.low.shape), _objects(highs, x.low.shape), target)


def _objects(items: Sequence[Any], extents: tuple[int, ...]) -> Any:
    result = np.empty(len(items), dtype=np.object_)
    for i, item in enumerate(items):
        result[i] = item
    return result.reshape(extents)


_EXACT = 2.0**52
"""Integers up to this magnitude are exact in binary64."""

_HUGE = 1 << 80
"""Mathematical integers beyond this are not followed."""


def _within(low: Any, high: Any, kind: Element) -> Range:
    """Integers, or the whole type where they may wrap."""
    if isinstance(kind, Scalar) and kind in MACHINE_INTEGERS:
        least, most = integer_range(kind)
    else:
        least, most = -_HUGE, _HUGE
    whole: Any = (least, most) if kind in MACHINE_INTEGERS else (-inf, inf)
    pairs = [
        (a, b) if least <= a and b <= most else whole
        for a, b in zip(np.reshape(low, -1).tolist(), np.reshape(high, -1).tolist(), strict=True)
    ]
    extents = np.shape(low)
    return of_ends(_objects([a for a, _ in pairs], extents), _objects([b for _, b in pairs], extents), kind)


def _whole(rhs: Apply, x: Sequence[Range], kind: Element, type_: Type) -> Range:
    """Integers and mathematical numbers: the few operators that counters and indices use."""
    unbounded = any(isinstance(v, float) for r in x for e in (r.low, r.high) for v in np.reshape(e, -1).tolist())
    if kind is Scalar.REAL or unbounded or rhs.op not in _FOLLOWED:
        return top(type_)
    if rhs.op in (Op.NEG, Op.ABS):
        a = x[0]
        if rhs.op is Op.NEG:
            return _within(-a.high, -a.low, kind)
        size = floats.magnitude(a)
        return _within(size.low, size.high, kind)
    a, b = _spread(x)
    match rhs.op:
        case Op.ADD:
            return _within(a.low + b.low, a.high + b.high, kind)
        case Op.SUB:
            return _within(a.low - b.high, a.high - b.low, kind)
        case Op.MUL:
            ends = [u * v for u in (a.low, a.high) for v in (b.low, b.high)]
            return _within(np.minimum.reduce(ends), np.maximum.reduce(ends), kind)
        case Op.MOD if np.all(b.low > 0):
            return _within(b.low * 0, b.high - 1, kind)
        case Op.MIN:
            return _within(np.minimum(a.low, b.low), np.minimum(a.high, b.high), kind)
        case Op.MAX:
            return _within(np.maximum(a.low, b.low), np.maximum(a.high, b.high), kind)
        case _:
            return top(type_)


_FOLLOWED = frozenset({Op.ADD, Op.SUB, Op.MUL, Op.MOD, Op.MIN, Op.MAX, Op.NEG, Op.ABS})

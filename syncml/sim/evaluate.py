"""Operators on values: the meaning of each primitive under machine semantics, for the interpreter.

Rule: a value is a NumPy scalar or array of the stream's type (Python int and Fraction for ``int`` and ``real``), and
each operator is the plainest expression of the line it has in the operator table. Reductions run in ascending index
order with one accumulator.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isfinite, trunc
from typing import Any, assert_never

from syncml.ir.constants import dtype
from syncml.ir.operators import Op
from syncml.ir.types import (
    BIT_WIDTH,
    BOOL,
    FLOATS,
    MACHINE_INTEGERS,
    MATHEMATICAL,
    SIGNED,
    Element,
    Scalar,
    Type,
    element,
    shape,
)
from syncml.ir.typing_rules import Attribute, contraction, windows
from syncml.lazy import numpy
from syncml.sim.exact import exact_function
from syncml.sim.machine_integers import converted, converts, divided, shifted

np: Any = numpy
"""Values are typed by their streams, not by Python."""


def evaluate(op: Op, values: tuple[Any, ...], attribute: Attribute, types: tuple[Type, ...], result: Type) -> Any:
    """The value of ``op`` applied to ``values`` of ``types``, a value of type ``result``."""
    exact = None if MATHEMATICAL.isdisjoint((*types, result)) else exact_function(op, types, result)
    if exact is not None:
        # NumPy would make machine integers of Python's.
        return _settle(exact(*(bool(v) if t is BOOL else v for v, t in zip(values, types, strict=True))), result)
    with np.errstate(all="ignore"):
        value = _apply(op, values, attribute, types, result)
    return _settle(value, result)


def _settle(value: Any, result: Type) -> Any:
    """Bring a NumPy result to the one representation of its type."""
    kind = element(result)
    if shape(result):
        array = np.asarray(value, dtype=dtype(kind))
        return array if array.shape == shape(result) else np.broadcast_to(array, shape(result)).copy()
    if isinstance(value, np.ndarray):
        value = value[()]
    return value if kind in MATHEMATICAL else dtype(kind).type(value)


def _apply(op: Op, v: tuple[Any, ...], attribute: Attribute, types: tuple[Type, ...], result: Type) -> Any:
    kind = element(types[0])
    match op:
        case Op.COPY:
            return v[0]
        case Op.ADD:
            return v[0] + v[1]
        case Op.SUB:
            return v[0] - v[1]
        case Op.MUL:
            return v[0] * v[1]
        case Op.DIV:
            return _each(_real_quotient, v) if kind is Scalar.REAL else np.divide(v[0], v[1])
        case Op.FLOORDIV | Op.MOD:
            if kind in MACHINE_INTEGERS:
                return divided(op, np.asarray(v[0]), np.asarray(v[1]))
            return _each(_whole_quotient if op is Op.FLOORDIV else _remainder, v)
        case Op.NEG:
            return -v[0]
        case Op.ABS:
            return np.abs(v[0])
        case Op.MIN:
            return np.where(v[1] < v[0], v[1], v[0])
        case Op.MAX:
            return np.where(v[1] > v[0], v[1], v[0])
        case Op.EQ:
            return v[0] == v[1]
        case Op.NE:
            return v[0] != v[1]
        case Op.LT:
            return v[0] < v[1]
        case Op.LE:
            return v[0] <= v[1]
        case Op.GT:
            return v[0] > v[1]
        case Op.GE:
            return v[0] >= v[1]
        case Op.NOT:
            return np.invert(v[0])
        case Op.AND:
            return v[0] & v[1]
        case Op.OR:
            return v[0] | v[1]
        case Op.XOR:
            return v[0] ^ v[1]
        case Op.SHL | Op.SHR:
            return shifted(op, np.asarray(v[0]), np.asarray(v[1]), _scalar(kind))
        case Op.WHERE:
            return np.where(v[0], v[1], v[2])
        case Op.CAST:
            return _cast(v[0], kind, element(result))
        case Op.SQRT:
            return np.sqrt(v[0])
        case Op.EXP | Op.LOG | Op.TANH | Op.SIGMOID | Op.SIN | Op.COS | Op.ATAN2 | Op.POW:
            # Loaded on demand: most programs have no elementary functions.
            from syncml.ir.elementary import function
            from syncml.ir.elementary.evaluate import evaluate as evaluate_function

            return evaluate_function(function(op, _float(kind)), *np.broadcast_arrays(*v))
        case Op.STACK:
            return np.stack([np.asarray(x, dtype=dtype(kind)) for x in v])
        case Op.CONCAT:
            return np.concatenate(v, axis=_ints(attribute)[0])
        case Op.INDEX:
            return v[0][_ints(attribute)]
        case Op.SLICE:
            axis, start, count, step = _ints(attribute)
            return np.take(v[0], [start + i * step for i in range(count)], axis=axis)
        case Op.AT:
            return v[0][max(0, min(int(v[1]), len(v[0]) - 1))]
        case Op.WINDOW:
            (count,) = _ints(attribute)
            start = max(0, min(int(v[1]), len(v[0]) - count))
            return v[0][start : start + count]
        case Op.UPDATE:
            return _update(v[0], v[1], tuple(map(int, v[2:])))
        case Op.RESHAPE:
            return np.reshape(v[0], _ints(attribute))
        case Op.TRANSPOSE:
            return np.transpose(v[0], _ints(attribute))
        case Op.UNFOLD:
            axis, size, stride, dilation = _ints(attribute)
            return np.take(v[0], windows(v[0].shape[axis], size, stride, dilation), axis=axis)
        case Op.MATMUL:
            return _matmul(v[0], v[1], result)
        case Op.EINSUM:
            return _einsum(v, attribute, types, result)
        case Op.SUM:
            start = np.zeros(shape(result), dtype=dtype(kind))
            return _fold(lambda total, x: total + x, start, v[0], attribute)
        case Op.LEAST:
            return _fold(lambda least, x: np.where(x < least, x, least), None, v[0], attribute)
        case Op.GREATEST:
            return _fold(lambda greatest, x: np.where(x > greatest, x, greatest), None, v[0], attribute)
        case Op.ALL:
            return np.all(v[0], axis=_ints(attribute)[0])
        case Op.ANY:
            return np.any(v[0], axis=_ints(attribute)[0])
        case _:
            assert_never(op)


def _ints(attribute: Attribute) -> tuple[int, ...]:
    if not isinstance(attribute, tuple):
        raise TypeError(f"an operator with indices has the attribute {attribute!r}")
    return attribute


def _float(kind: Element) -> Scalar:
    if not isinstance(kind, Scalar) or kind not in FLOATS:
        raise TypeError(f"an elementary function of {kind}")
    return kind


def _each(f: Callable[..., Any], values: tuple[Any, ...]) -> Any:
    """Apply ``f`` to Python numbers, element by element."""
    ufunc: Any = np.frompyfunc(f, len(values), 1)
    return ufunc(*values)


def _whole_quotient(x: int, y: int) -> int:
    return x // y if y else 0


def _remainder(x: int, y: int) -> int:
    return x % y if y else x


def wrap(value: int, kind: Element) -> int:
    """``value`` modulo the range of a machine integer type; itself for ``int``."""
    if not isinstance(kind, Scalar) or kind not in MACHINE_INTEGERS:
        return value
    value &= (1 << BIT_WIDTH[kind]) - 1
    return value - (1 << BIT_WIDTH[kind]) if kind in SIGNED and value >> (BIT_WIDTH[kind] - 1) else value


def _real_quotient(x: Fraction, y: Fraction) -> Fraction:
    return Fraction(x) / Fraction(y) if y else Fraction(0)


def _matmul(a: Any, b: Any, result: Type) -> Any:
    """Sum over the shared axis from 0 in ascending order, all outputs side by side."""
    total = np.zeros(shape(result), dtype=dtype(element(result)))
    for k in range(a.shape[-1]):
        left, right = a[..., k], b[k]
        total = total + (np.multiply.outer(left, right) if left.ndim and right.ndim else left * right)
    return total


def _update(source: Any, value: Any, position: tuple[int, ...]) -> Any:
    if not all(0 <= i < n for i, n in zip(position, source.shape, strict=False)):
        return source
    changed = source.copy()
    changed[position] = value
    return changed


def _einsum(values: tuple[Any, ...], attribute: Attribute, types: tuple[Type, ...], result: Type) -> Any:
    """All results side by side: each operand is a view whose axes are those of the result, then those of the sums."""
    form = contraction(attribute)
    extents = form.extents(types)
    letters = form.result + form.summed
    views = [_spread(np.asarray(v), xs, letters) for v, xs in zip(values, form.operands, strict=True)]
    total = np.zeros(shape(result), dtype=dtype(element(result)))
    for at in np.ndindex(*(extents[letter] for letter in form.summed)):
        parts = [view[(..., *(i if n > 1 else 0 for i, n in zip(at, view.shape[len(form.result):], strict=True)))]
                 for view in views]  # fmt: skip
        term = parts[0]
        for part in parts[1:]:
            term = term * part
        total = total + term if form.summed else term
    return total


def _spread(value: Any, own: str, letters: str) -> Any:
    """A view of ``value``, whose axes are ``own``, with an axis for each of ``letters``; of extent 1 if it has none."""
    while len(set(own)) < len(own):
        first, last = next((i, own.rindex(x)) for i, x in enumerate(own) if own.count(x) > 1)
        value = np.diagonal(value, axis1=first, axis2=last)
        own = own[:first] + own[first + 1 : last] + own[last + 1 :] + own[first]
    value = value.transpose([own.index(x) for x in letters if x in own])
    return value[tuple(slice(None) if x in own else None for x in letters)]


def _fold(f: Callable[[Any, Any], Any], start: Any, value: Any, attribute: Attribute) -> Any:
    parts = list(np.moveaxis(value, _ints(attribute)[0], 0))
    total = parts.pop(0) if start is None else start
    for part in parts:
        total = f(total, part)
    return total


def _cast(value: Any, source: Element, target: Element) -> Any:
    if converts(source, target):
        return converted(value, source, target)

    def of_element(x: Any) -> Any:
        return cast_scalar(x, source, target)

    return _each(of_element, (value,))


def cast_scalar(x: Any, source: Element, target: Element) -> Any:
    """A number converted from ``source`` to ``target``, of which one is mathematical, by the operator table."""
    if target is BOOL:
        return bool(x != 0)
    if source is BOOL:
        x = int(x)
    if target in FLOATS:
        return nearest(Fraction(x), target)
    if source in FLOATS and not isfinite(x):
        return 0
    if target is Scalar.REAL:
        return Fraction(float(x)) if source in FLOATS else Fraction(x if source in MATHEMATICAL else int(x))
    whole = trunc(x) if isinstance(x, Fraction | int) else trunc(float(x)) if source in FLOATS else int(x)
    return wrap(whole, target)


def _scalar(kind: Element) -> Scalar:
    if not isinstance(kind, Scalar):
        raise TypeError(f"a conversion to {kind}")
    return kind


def nearest(value: Fraction, target: Element) -> Any:
    """The float of type ``target`` nearest to ``value``, ties to even."""
    number = dtype(target).type
    guess = number(float(value)) if abs(value) < Fraction(2) ** 1023 else number(np.inf if value > 0 else -np.inf)
    if not np.isfinite(guess):
        return guess
    candidates = (guess, np.nextafter(guess, number(np.inf)), np.nextafter(guess, number(-np.inf)))
    finite = [c for c in candidates if np.isfinite(c)]
    return min(finite, key=lambda c: (abs(Fraction(float(c)) - value), _is_odd(c)))


def _is_odd(number: Any) -> bool:
    return bool(number.view(f"u{number.dtype.itemsize}") & 1)

"""The integer form of each operator: the layer of `syncml.nodes.quantised` that computes it.

Rule: what rearranges or selects elements keeps their quantisation where it is one; elements of several quantisations
are brought to that of the result first. A function of one number is a table, whose values are those of all that it can
be where that is bounded. A comparison is one of the real numbers that integers stand for, and exact. What neither reads
nor computes real numbers (truth values, integers, indices) stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Var
from syncml.ir.operators import OPERATORS, Op
from syncml.ir.types import F32, element
from syncml.ir.typing_rules import contraction
from syncml.lang.functions import constant
from syncml.lang.operations import apply
from syncml.lang.presence import ON_BASE
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import Value
from syncml.nodes.quantised import (
    Affine,
    Quantised,
    Table,
    add,
    bounded,
    divide,
    multiply,
    requantise,
    scaled,
    shifted,
    summed,
)
from syncml.nodes.quantised_pairs import compare, contracted
from syncml.quantise.networks import FUNCTIONS, VIEWS

_NUMPY: dict[Op, Callable[[Any], Any]] = {
    Op.TANH: np.tanh, Op.SIGMOID: lambda x: 1 / (1 + np.exp(-x)), Op.EXP: np.exp, Op.SIN: np.sin, Op.COS: np.cos,
    Op.ABS: np.abs, Op.SQRT: lambda x: np.sqrt(np.maximum(x, 0)), Op.LOG: lambda x: np.log(np.maximum(x, 1e-30)),
}  # fmt: skip

_MATRICES = {(2, 1): "ij,j->i", (1, 2): "i,ij->j", (2, 2): "ij,jk->ik", (1, 1): "i,i->"}


def numbers_of(value: Const) -> NDArray[np.float64]:
    """The real numbers of a constant."""
    return np.asarray(value.machine(), dtype=np.float64)


def in_quantisation(atom: Atom, values: Mapping[Var, Quantised], like: Affine) -> Quantised:
    """A stream as it is, or a constant in the quantisation ``like``."""
    if isinstance(atom, Var):
        return values[atom]
    return Quantised(constant(like.quantised(numbers_of(atom)), type=like.kind), like)


def comparison(rhs: Apply, values: Mapping[Var, Quantised]) -> Stream[Any]:
    """The truth values of a comparison of real numbers.

    Raises:
        ValueError: the scales are too far apart.
    """
    left, right = rhs.arguments
    if isinstance(left, Const):
        assert isinstance(right, Var)
        return compare(_MIRRORED[rhs.op], values[right], numbers_of(left))
    return compare(rhs.op.value, values[left], values[right] if isinstance(right, Var) else numbers_of(right))


_MIRRORED = {Op.LT: "gt", Op.GT: "lt", Op.LE: "ge", Op.GE: "le", Op.EQ: "eq", Op.NE: "ne"}
"""The comparison that is the same with its operands exchanged."""


def form(rhs: Apply, values: Mapping[Var, Quantised], affine: Callable[[], Affine]) -> Quantised:
    """The integers of the result of ``rhs``.

    Args:
        rhs: What computes real numbers.
        values: The integers of the streams that it reads.
        affine: The quantisation of the result by its range.

    Raises:
        OverflowingError: an accumulator could overflow.
        ValueError: there is no integer form.
    """
    op, arguments = rhs.op, rhs.arguments
    if op in _SELECTING:
        return _selected(rhs, values, affine)
    streams = [values[a] for a in arguments if isinstance(a, Var)]
    numbers = [numbers_of(a) for a in arguments if isinstance(a, Const)]
    if not streams:
        # The constant that an output always is.
        return in_quantisation(arguments[0], values, affine())
    x = streams[0]
    moves = op is Op.EINSUM and len(arguments) == 1 and not contraction(rhs.attribute).summed
    if op in VIEWS or op in (Op.LEAST, Op.GREATEST) or moves:
        return x.moved(stream(apply(op, (x.values,), rhs.attribute)))
    if op in FUNCTIONS:
        return Table(_NUMPY[op], x.affine, _range(op, affine()), op.value)(x)
    if op in (Op.MIN, Op.MAX) and numbers:
        return bounded(x, numbers[0], upper=op is Op.MIN)
    output = affine()
    match op:
        case Op.MIN | Op.MAX | Op.STACK | Op.CONCAT:
            parts = [requantise(in_quantisation(a, values, output), output).values for a in arguments]
            return Quantised(stream(apply(op, parts, rhs.attribute)), output)
        case Op.ADD | Op.SUB if numbers:
            from_constant = isinstance(arguments[0], Const)
            sign = -1 if op is Op.SUB else 1
            return shifted(x, numbers[0] * (1 if from_constant else sign), output, sign < 0 and from_constant)
        case Op.ADD | Op.SUB:
            return add(streams[0], streams[1], output, subtract=op is Op.SUB)
        case Op.MUL if not numbers:
            return multiply(streams[0], streams[1], output)
        case Op.MUL:
            return scaled(x, numbers[0], output)
        case Op.DIV if not numbers:
            return divide(streams[0], streams[1], output)
        case Op.DIV if isinstance(arguments[0], Const):
            largest = float(abs(numbers[0]).max()) or 1.0
            return divide(in_quantisation(arguments[0], values, Affine(largest / 32767, 0, 16)), x, output)
        case Op.DIV:
            return scaled(x, 1 / numbers[0], output)
        case Op.NEG:
            return scaled(x, np.array(-1.0), output)
        case Op.SUM:
            assert isinstance(rhs.attribute, tuple)
            letters = "abcdefgh"[: len(x.shape)]
            return summed(x, f"{letters}->{letters.replace(letters[int(rhs.attribute[0])], '')}", output)
        case Op.EINSUM if len(arguments) == 1:
            return summed(x, str(rhs.attribute), output)
        case Op.EINSUM | Op.MATMUL if len(streams) == 2:
            ranks = (len(streams[0].shape), len(streams[1].shape))
            written = str(rhs.attribute) if op is Op.EINSUM else _MATRICES[ranks]
            return contracted(written, streams[0], streams[1], output)
        case _:
            raise ValueError(f"`{OPERATORS[op].symbol}` has no integer form")


_SELECTING = frozenset({Op.WHERE, Op.AT, Op.WINDOW, Op.UPDATE, Op.CAST})


def _selected(rhs: Apply, values: Mapping[Var, Quantised], affine: Callable[[], Affine]) -> Quantised:
    """The integers of an operator that selects elements by truth values or indices."""
    arguments = rhs.arguments
    real = [a for a in arguments if element(a.type) is F32]
    if rhs.op is Op.CAST:
        # A truth value is 0 or 1.
        output = affine()
        one, zero = (constant(int(output.quantised(number)), type=output.kind) for number in (1.0, 0.0))
        return Quantised(stream(apply(Op.WHERE, (_as_it_is(arguments[0]), one, zero))), output)
    of_one = {values[a].affine if isinstance(a, Var) else None for a in real}
    (first, *others) = of_one
    output = affine() if others or first is None else first
    taken = [
        requantise(in_quantisation(a, values, output), output).values if element(a.type) is F32 else _as_it_is(a)
        for a in arguments
    ]
    return Quantised(stream(apply(rhs.op, taken, rhs.attribute)), output)


def _as_it_is(atom: Atom) -> Stream[Any]:
    """A stream or constant of truth values or integers of the program itself."""
    return stream(Value(atom, ON_BASE) if isinstance(atom, Var) else Value(atom))


def _range(op: Op, affine: Affine) -> Affine:
    """The quantisation of a function's values: for bounded ones all that they can be."""
    match op:
        case Op.SIGMOID:
            return Affine(1 / 256, -128) if affine.bits == 8 else Affine(1 / 32768, 0, 16)
        case Op.TANH | Op.SIN | Op.COS:
            return Affine(1 / 128) if affine.bits == 8 else Affine(1 / 32768, 0, 16)
        case _:
            return affine

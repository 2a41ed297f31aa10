"""Operators that are linear in their one stream: contractions with constants, and what moves elements.

Rule: a rearrangement is a table that says, for each element of its value in row-major order, which element of its
argument it is, from 1 on; 0 stands for the number 0 of a padding. A contraction with at most one constant is a matrix
if no two of its products have the same element of the stream in one result: each entry is then one weight, exactly. A
rearrangement in front of a matrix becomes part of it, under the same condition. The sums of such a matrix do not
ascend in the order of its columns, so it is not `ordered`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Var
from syncml.ir.operators import Op
from syncml.ir.types import shape, size
from syncml.ir.typing_rules import contraction, windows
from syncml.verify.networks.layers import Affine
from syncml.verify.networks.rounding import Floats

Positions = np.ndarray[tuple[int, ...], np.dtype[np.intp]]

LARGEST_MATRIX = 1 << 22
"""The most entries of a matrix; a larger network is no network of layers here."""
_MOST_PRODUCTS = 1 << 27


def rearrangement(rhs: Apply, source: Var) -> Positions | None:
    """The table of an operator that moves elements of ``source``, and may put zeros beside them; None for others."""
    whole: Any = np.arange(1, size(source.type) + 1).reshape(shape(source.type))
    match rhs.op, rhs.attribute:
        case Op.UNFOLD, (axis, *form):
            found = np.take(whole, windows(whole.shape[axis], *form), axis=axis)
        case Op.TRANSPOSE, tuple() as order:
            found = whole.transpose(order)
        case Op.SLICE, (axis, start, count, step):
            found = np.take(whole, start + step * np.arange(count), axis=axis)
        case Op.INDEX, tuple() as places:
            found = whole[places]
        case Op.CONCAT, (axis,):
            parts = [whole if a is source else _zeros(a) for a in rhs.arguments]
            if any(part is None for part in parts):
                return None
            found = np.concatenate(parts, axis=axis)
        case Op.STACK, _ if len(rhs.arguments) == 1:
            found = whole
        case _:
            return None
    return np.asarray(found, dtype=np.intp).reshape(-1)


def _zeros(atom: Atom) -> Any:
    if not isinstance(atom, Const) or np.any(np.asarray(atom.machine())):
        return None
    return np.zeros(shape(atom.type), dtype=np.intp)


def contracted(rhs: Apply, source: Var, target: Var) -> Affine | None:
    """The matrix of a contraction of ``source`` with one constant or none."""
    constants = [a for a in rhs.arguments if isinstance(a, Const)]
    count = size(source.type)
    if len(rhs.arguments) > 2 or len(constants) != len(rhs.arguments) - 1:
        return None
    form = contraction(rhs.attribute)
    extents = form.extents(tuple(a.type for a in rhs.arguments))
    if count * max(count, size(target.type)) > LARGEST_MATRIX or _product(extents) * count > _MOST_PRODUCTS:
        return None
    basis = np.eye(count).reshape(*shape(source.type), count)
    letters = ",".join(w + "_" * isinstance(a, Var) for a, w in zip(rhs.arguments, form.operands, strict=True))
    # A letter of no axis: those of a contraction are letters, of which there are more than axes.
    extra = next(c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in letters)
    written = f"{letters.replace('_', extra)}->{form.result}{extra}"

    weights = [np.asarray(a.machine(), dtype=np.float64) for a in constants]

    def summed(constant: list[Floats]) -> Floats:
        operands = [basis if isinstance(a, Var) else constant[0] for a in rhs.arguments]
        return np.einsum(written, *operands).reshape(-1, count)

    if summed([np.ones_like(w) for w in weights]).max() > 1.0:
        return None
    weight = summed(weights)
    return Affine(weight, np.zeros(len(weight)), ordered=False) if bool(np.isfinite(weight).all()) else None


def _product(extents: dict[str, int]) -> int:
    total = 1
    for extent in extents.values():
        total *= extent
    return total


def composed(before: Positions | None, after: Positions) -> Positions:
    """One rearrangement after another one."""
    return after if before is None else np.concatenate([[0], before])[after]


def merged(layer: Affine, before: Positions, inputs: int) -> list[Affine]:
    """A rearrangement of ``inputs`` elements and the matrix that follows it: one matrix, where that is exact."""
    used = np.flatnonzero(before)
    columns = before[used] - 1
    there = np.zeros((inputs, len(layer.weight)))
    np.add.at(there, columns, (layer.weight[:, used] != 0.0).T)
    if there.max(initial=0.0) > 1.0:
        return [selection(before, inputs), layer]
    weight = np.zeros((inputs, len(layer.weight)))
    np.add.at(weight, columns, layer.weight[:, used].T)
    return [Affine(np.ascontiguousarray(weight.T), layer.bias, ordered=False)]


def selection(positions: Positions, inputs: int) -> Affine:
    """A rearrangement as a matrix."""
    weight = np.zeros((len(positions), inputs))
    used = np.flatnonzero(positions)
    weight[used, positions[used] - 1] = 1.0
    return Affine(weight, np.zeros(len(positions)), ordered=False)

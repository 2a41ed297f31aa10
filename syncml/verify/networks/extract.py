"""The network that ends at a stream: the longest chain of equations that are layers.

Rule: a chain is followed backward from a stream through products with constant matrices, sums with and products by
constants, contractions with constants, activations, and changes of shape and of the order of elements, each of which
reads one stream that is not constant. Equations that other streams read as well belong to the chain all the same: it
only says what the last stream is as a function of the first.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Equation, Var
from syncml.ir.operators import Op
from syncml.ir.types import FLOATS, Scalar, element, shape, size
from syncml.verify.networks.layers import Activation, Affine, Layer, Network
from syncml.verify.networks.linear import (
    LARGEST_MATRIX,
    Positions,
    composed,
    contracted,
    merged,
    rearrangement,
    selection,
)
from syncml.verify.networks.rounding import LARGEST, Floats


@dataclass(frozen=True, slots=True)
class Found:
    """A network and the stream that it reads, in row-major order."""

    network: Network
    source: Var


def network_at(target: Var, definitions: Mapping[Var, Equation]) -> Found | None:
    """The network whose output is ``target``; None if the stream is defined by no layer."""
    kind = element(target.type)
    if not isinstance(kind, Scalar) or kind not in FLOATS:
        return None
    steps: list[tuple[Layer | Positions | None, Var]] = []
    current = target
    while (equation := definitions.get(current)) is not None and isinstance(equation.rhs, Apply):
        step = _step(equation.rhs, current)
        if step is None or (isinstance(step[0], np.ndarray) and not any(layer is not None for layer, _ in steps)):
            break
        steps.append(step)
        current = step[1]
    steps = _read(steps)
    layers = [layer for layer, _ in reversed(steps) if layer is not None]
    if not layers:
        return None
    source = steps[-1][1]
    return Found(Network(_joined(_placed(layers, size(source.type))), kind, size(source.type)), source)


def _read(steps: list[tuple[Layer | Positions | None, Var]]) -> list[tuple[Layer | Positions | None, Var]]:
    """The steps up to the stream that the network reads.

    What is selected in front of a contraction is part of it; in front of another layer it is the stream that is read.
    """
    last = max((i for i, (layer, _) in enumerate(steps) if isinstance(layer, Affine | Activation)), default=-1)
    first = steps[last][0] if steps else None
    if isinstance(first, Affine) and not first.ordered:
        return steps
    for i, (layer, source) in enumerate(steps[last + 1 :], last + 1):
        if isinstance(layer, np.ndarray) and len(layer) != size(source.type):
            return steps[:i]
    return steps


def _placed(layers: list[Layer | Positions], inputs: int) -> list[Layer]:
    """Rearrangements as parts of the matrices that follow them, or as matrices."""
    placed: list[Layer] = []
    before: Positions | None = None
    for layer in layers:
        if isinstance(layer, np.ndarray):
            before = composed(before, layer)
            continue
        if before is None:
            placed.append(layer)
        elif isinstance(layer, Affine):
            placed += merged(layer, before, inputs)
        else:
            placed += [selection(before, inputs), layer]
            inputs = len(before)
        if isinstance(layer, Affine):
            inputs = len(layer.weight)
        before = None
    return placed if before is None else [*placed, selection(before, inputs)]


def _joined(layers: list[Layer]) -> tuple[Layer, ...]:
    """A product and the sum with a bias that follows it are one layer."""
    joined: list[Layer] = []
    for layer in layers:
        last = joined[-1] if joined else None
        is_sum = isinstance(layer, Affine) and np.array_equal(layer.weight, np.eye(*layer.weight.shape))
        if is_sum and isinstance(layer, Affine) and isinstance(last, Affine) and not last.bias.any():
            joined[-1] = Affine(last.weight, layer.bias, last.ordered)
        else:
            joined.append(layer)
    return tuple(joined)


def _step(rhs: Apply, target: Var) -> tuple[Layer | Positions | None, Var] | None:
    """The layer that an equation is and the one stream that it reads; no layer for a change of shape."""
    read = [a for a in rhs.arguments if isinstance(a, Var)]
    if len(read) != 1:
        return None
    (source,) = read
    if rhs.op is Op.EINSUM:
        contraction = contracted(rhs, source, target)
        return None if contraction is None else (contraction, source)
    if rhs.op in _MOVES and (rhs.op is not Op.INDEX or size(source.type) != size(target.type)):
        moved = rearrangement(rhs, source)
        fits = size(source.type) * size(target.type) <= LARGEST_MATRIX
        return None if moved is None or not fits else (moved, source)
    if size(source.type) != size(target.type) and rhs.op is not Op.MATMUL:
        return None
    match rhs.op:
        case Op.RESHAPE | Op.COPY | Op.INDEX:
            # Of the same size, so an index takes the only element.
            return None, source
        case Op.TANH | Op.SIGMOID:
            return Activation(rhs.op), source
        case Op.MAX:
            other = rhs.arguments[0] if rhs.arguments[1] is source else rhs.arguments[1]
            return (Activation(Op.MAX), source) if not _numbers(other).any() else None
        case Op.MATMUL:
            return _product(rhs, source)
        case Op.ADD | Op.SUB | Op.MUL | Op.NEG:
            layer = _elementwise(rhs, target)
            return None if layer is None else (layer, source)
        case _:
            return None


_MOVES = frozenset({Op.UNFOLD, Op.TRANSPOSE, Op.SLICE, Op.INDEX, Op.CONCAT, Op.STACK})


def _numbers(atom: Atom) -> Floats:
    assert isinstance(atom, Const)
    return np.asarray(atom.machine(), dtype=np.float64)


def _product(rhs: Apply, source: Var) -> tuple[Layer, Var] | None:
    left, right = rhs.arguments
    if len(shape(source.type)) != 1:
        return None
    weight: Floats = _numbers(left) if right is source else _numbers(right).T
    if weight.ndim != 2 or not _finite(weight):
        return None
    return Affine(np.ascontiguousarray(weight), np.zeros(len(weight))), source


def _elementwise(rhs: Apply, target: Var) -> Affine | None:
    count = size(target.type)
    if rhs.op is Op.NEG:
        return Affine(-np.eye(count), np.zeros(count))
    left, right = rhs.arguments
    constant = left if isinstance(left, Const) else right
    values: Floats = np.broadcast_to(_numbers(constant), shape(target.type)).reshape(-1)
    if not _finite(values):
        return None
    if rhs.op is Op.MUL:
        return Affine(np.diag(values), np.zeros(count))
    if rhs.op is Op.ADD:
        return Affine(np.eye(count), values.copy())
    return Affine(np.eye(count), -values) if constant is right else Affine(-np.eye(count), values.copy())


def _finite(values: Floats) -> bool:
    return bool(np.isfinite(values).all()) and float(np.abs(values).max(initial=0.0)) <= LARGEST[Scalar.F64]

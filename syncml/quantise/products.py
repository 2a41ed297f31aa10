"""Products with constant weights as layers of integers.

Rule: weights are symmetric, with a scale for each channel, which is the letter of the result that the weights have:
``scale = max |w| / 127``. The channel is the last axis of a `Linear`; where the product has it elsewhere, the result is
a view with the axes in the product's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Equation
from syncml.ir.operators import Op
from syncml.ir.types import shape
from syncml.ir.typing_rules import contraction
from syncml.nodes.fixed_point import Rounding
from syncml.nodes.quantised import Affine, Linear, Quantised

_MATRICES = {(2, 1): "ij,j->i", (1, 2): "i,ij->j", (2, 2): "ij,jk->ik", (1, 1): "i,i->"}


@dataclass(frozen=True, eq=False)
class Product:
    """A layer whose result may have its channels on another axis than the last.

    Attributes:
        form: As of `Linear`.
        order: For each axis of the product, which axis of the layer's result it is.
        weight: Real numbers, in the order of ``form``.
        bias: Real numbers, one for each channel, or None.
        output: What the result stands for.
        relu: Whether what is below 0 becomes 0.
        rounding: How sums are rounded.
        name: Names the weights in generated code.
    """

    form: str
    order: tuple[int, ...]
    weight: NDArray[np.float64]
    bias: NDArray[np.float64] | None
    output: Affine
    relu: bool
    rounding: Rounding
    name: str

    def _linear(self, x: Affine) -> Linear:
        letters, _, result = self.form.replace(",", "->").split("->")
        others = tuple(axis for axis, letter in enumerate(letters) if letter != result[-1])
        largest = abs(self.weight).max(axis=others)
        # A channel of zeros has any scale.
        scale = np.where(largest > 0, largest, 1.0).astype(np.float32).astype(np.float64) / 127
        spread = np.expand_dims(scale, others)
        integers = np.clip(np.floor(self.weight / spread + 0.5), -127, 127).astype(np.int64)
        bias = None if self.bias is None else np.floor(self.bias / (scale * x.scale) + 0.5).astype(np.int64)
        return Linear(self.form, integers, scale, bias, self.output, self.relu, self.rounding, self.name)

    def bound(self, x: Affine) -> int:
        """The largest magnitude of the accumulator."""
        return self._linear(x).bound(x)

    def products(self, extents: tuple[int, ...]) -> int:
        """The number of multiplications by weights for a result of these extents."""
        letters, _, result = self.form.replace(",", "->").split("->")
        summed = prod(n for letter, n in zip(letters, self.weight.shape, strict=True) if letter != result[-1])
        return prod(extents) * summed

    def __call__(self, x: Quantised) -> Quantised:
        """The result, its axes in the order of the product.

        Raises:
            OverflowingError: an accumulator could overflow.
        """
        made = self._linear(x.affine)(x)
        if self.order == tuple(range(len(self.order))):
            return made
        values: Any = made.values.transpose(*self.order)
        return made.moved(values)


def linear(equation: Equation, output: Affine, bias: Const | None, relu: bool, rounding: Rounding) -> Product:
    """The layer of a product with constant weights.

    Raises:
        ValueError: the weights have no axis, or several, that the result has, or the bias differs within a channel.
    """
    rhs = equation.rhs
    assert isinstance(rhs, Apply)
    weights_first = isinstance(rhs.arguments[0], Const)
    weights = rhs.arguments[0] if weights_first else rhs.arguments[1]
    assert isinstance(weights, Const)
    if rhs.op is Op.MATMUL:
        ranks = (len(shape(rhs.arguments[0].type)), len(shape(rhs.arguments[1].type)))
        found = contraction(_MATRICES[ranks])
    else:
        found = contraction(rhs.attribute)
    own, other = found.operands if weights_first else reversed(found.operands)
    channels = [letter for letter in found.result if letter in own]
    if len(channels) > 1 or len(set(own)) < len(own) or len(set(other)) < len(other):
        raise ValueError(f"the weights of `{own},{other}->{found.result}` have {len(channels)} axes of channels")
    weight = np.asarray(weights.machine(), dtype=np.float64)
    if not np.isfinite(weight).all():
        raise ValueError("a weight is not finite")
    result = found.result
    if not channels:
        # One sum, or one for each place, by the same weights: a channel of its own that is alone.
        raise ValueError("all its weights are summed, so that it has no channels; give it an output axis")
    channel = channels[0]
    moved = result.replace(channel, "") + channel
    order = tuple(moved.index(letter) for letter in result)
    constants: NDArray[np.float64] | None = None
    if bias is not None:
        numbers = np.asarray(bias.machine(), dtype=np.float64)
        extents = shape(equation.target.type)
        spread = np.broadcast_to(numbers, extents)
        first = np.moveaxis(spread, result.index(channel), -1).reshape(-1, extents[result.index(channel)])
        if (first != first[0]).any():
            raise ValueError("its bias differs within a channel")
        constants = first[0]
    name = (weights.name or equation.target.name).removesuffix("_weight")
    return Product(f"{own},{other}->{moved}", order, weight, constants, output, relu, rounding, name)

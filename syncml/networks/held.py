"""Tensors of a quantised network while it becomes a node: integers that are there, and real numbers that wait.

Rule: a stream holds the axes of its tensor that are longer than 1, in an order of its own that is remembered beside it.
So a transposition between NCHW and NHWC, or an axis of length 1, is no operation, and the time axis of a window stays
an axis of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import einsum
from syncml.nodes.quantised import Affine, Quantised

Refusal: TypeAlias = Callable[[str], NoReturn]
Extents: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Weights:
    """A constant tensor of integers that stands for real numbers; ``axis`` is that of the scales, if there are more."""

    values: NDArray[np.int64]
    scale: NDArray[np.float64]
    axis: int


def long_axes(shape: Extents) -> Extents:
    """The axes that a stream of a tensor has: those longer than 1, or else the last."""
    return tuple(axis for axis, extent in enumerate(shape) if extent > 1) or (len(shape) - 1,)


@dataclass(frozen=True, eq=False)
class Held:
    """A tensor of integers.

    Attributes:
        x: The stream, with the long axes of the tensor.
        shape: The shape of the tensor in ONNX.
        axes: Which axis of the tensor each axis of the stream is.
    """

    x: Quantised
    shape: Extents
    axes: Extents

    @staticmethod
    def of(x: Quantised, shape: Extents, axes: Extents | None = None) -> Held:
        """The tensor of ``shape`` whose elements are those of ``x``, with its axes in the order of ``axes``."""
        kept = long_axes(shape)
        order = kept if axes is None else tuple(a for a in axes if a in kept)
        extents = tuple(shape[a] for a in order)
        return Held(x if x.shape == extents else x.moved(x.values.reshape(*extents)), shape, order)

    def arranged(self, axes: Extents) -> Quantised:
        """The stream with the axes in the order of ``axes``, of which only the long ones are there."""
        order = tuple(a for a in axes if a in self.axes)
        if order == self.axes:
            return self.x
        letters = dict(zip(self.axes, "abcdefgh", strict=False))
        form = f"{''.join(letters.values())}->{''.join(letters[a] for a in order)}"
        return self.x.moved(einsum(form, self.x.values))

    def rows(self) -> Quantised:
        """The stream with its elements in row-major order of the tensor."""
        return self.arranged(tuple(range(len(self.shape))))

    def reshaped(self, shape: Extents) -> Held:
        """The same elements, in row-major order, in another shape."""
        if [n for n in shape if n > 1] == [n for n in self.shape if n > 1]:
            renamed = dict(zip(sorted(self.axes), long_axes(shape), strict=True))
            return Held(self.x, shape, tuple(renamed[a] for a in self.axes))
        return Held.of(self.rows(), shape)

    def transposed(self, order: Extents) -> Held:
        """The axes permuted as in ONNX: nothing moves."""
        shape = tuple(self.shape[a] for a in order)
        axes = tuple(order.index(a) for a in self.axes)
        return Held(self.x, shape, axes) if prod(shape) > 1 else Held.of(self.x, shape)


@dataclass(frozen=True, eq=False)
class Reals:
    """A tensor of real numbers, which waits for the quantisation that it is rounded to.

    Attributes:
        make: The integers in a quantisation; the second argument says whether what is below 0 becomes 0.
        held: The integers that it is exactly, if any.
        relu: Whether what is below 0 becomes 0.
        biased: The same with a constant added, where it is a contraction without a bias.
    """

    make: Callable[[Affine, bool], Held]
    held: Held | None = None
    relu: bool = False
    biased: Callable[[object], Reals] | None = None

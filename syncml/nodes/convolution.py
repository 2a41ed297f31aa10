"""Convolutions of arrays, in one dimension or more: a contraction of the windows of the input with the weights.

Rule: output ``o`` at place ``w`` is the sum over the positions ``k`` of the kernel and the input channels ``c``

    y[o, w] = b[o] + sum_k sum_c weight[o, c, k] * x[c, w * stride + k * dilation - padding]

which starts at 0, ascends in ``k`` (row-major) and then in ``c``, and takes the bias last. What lies in the padding is
0 and is added as such. With groups, ``c`` runs over the channels of the group of ``o``. (It is a cross-correlation, as
in every library of networks.) The windows are a view of the input, so nothing is copied but a padded input.

Inputs are channels first, as in PyTorch, ``(channels, length)`` or ``(channels, height, width)``; with
``channels_last`` the channels are the last axis of input and output, as in a window of samples ``(time, channels)``.
Weights are those of PyTorch for both: ``(outputs, channels / groups, *kernel)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import concat, constant, einsum
from syncml.lang.stream import Stream
from syncml.nodes.activations import Values, identity
from syncml.nodes.neural import Activation

Sizes: TypeAlias = int | Sequence[int]
"""One number for all spatial axes, or one for each."""
Padding: TypeAlias = int | str | Sequence[int | tuple[int, int]]
"""``"valid"`` (none), ``"same"`` (as many windows as strides begin), ``"causal"`` (all of it before the first element),
a number for both sides, or for each spatial axis a number or a pair (before, after)."""
Weights: TypeAlias = Mapping[str, NDArray[Any]]


def each(sizes: Sizes, rank: int) -> tuple[int, ...]:
    """A number for each of ``rank`` axes.

    Raises:
        ValueError: there are more or fewer.
    """
    found = (sizes,) * rank if isinstance(sizes, int) else tuple(int(n) for n in sizes)
    if len(found) != rank:
        raise ValueError(f"{len(found)} sizes for {rank} axes")
    return found


def pads(
    padding: Padding, extents: Sequence[int], size: Sizes, stride: Sizes, dilation: Sizes
) -> tuple[tuple[int, int], ...]:
    """How many elements are put before and after each spatial axis.

    Raises:
        ValueError: ``padding`` is another word, or not for as many axes.
    """
    rank = len(extents)
    size, stride, dilation = each(size, rank), each(stride, rank), each(dilation, rank)
    if isinstance(padding, str):
        found: list[tuple[int, int]] = []
        for n, k, s, d in zip(extents, size, stride, dilation, strict=True):
            missing = max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
            words = {"valid": (0, 0), "same": (missing // 2, missing - missing // 2), "causal": (d * (k - 1), 0)}
            if padding not in words:
                raise ValueError(f"padding {padding!r} is none of {', '.join(words)}")
            found.append(words[padding])
        return tuple(found)
    sides = (padding,) * rank if isinstance(padding, int) else tuple(padding)
    if len(sides) != rank:
        raise ValueError(f"padding for {len(sides)} axes of {rank}")
    return tuple((n, n) if isinstance(n, int) else n for n in sides)


def padded(x: Values, sides: Sequence[tuple[int, int]], first: int, value: float = 0.0) -> Values:
    """``x`` with ``value`` before and after its axes from ``first`` on."""
    for axis, (before, after) in enumerate(sides, first):
        extents = x.shape
        parts = [
            constant(np.full((*extents[:axis], count, *extents[axis + 1 :]), value, np.float32), name="padding")
            for count in (before, after)
            if count
        ]
        if parts:
            x = concat(*([parts[0]] if before else []), x, *([parts[-1]] if after else []), axis=axis)
    return x


def convolve(
    x: Values,
    weight: NDArray[Any],
    bias: NDArray[Any] | None = None,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    channels_last: bool = False,
    name: str = "conv",
) -> Values:
    """The convolution of ``x`` by the rule of this module, on the clock of ``x``.

    Args:
        x: (channels, *extents), or (*extents, channels) with ``channels_last``.
        weight: (outputs, channels / groups, *kernel), constant.
        bias: (outputs,), or none.
        stride: The distance of neighbouring windows.
        padding: What is put around ``x``.
        dilation: The distance of neighbouring positions of the kernel.
        groups: Output channels see the input channels of their group only; as many as channels is a depthwise
            convolution.
        channels_last: Whether the channels are the last axis of input and output.
        name: Names the weights in generated code.

    Raises:
        ValueError: the shapes do not agree.
    """
    rank, outputs = weight.ndim - 2, weight.shape[0]
    kernel = weight.shape[2:]
    channels = x.shape[-1 if channels_last else 0]
    if len(x.shape) != rank + 1 or channels != weight.shape[1] * groups or outputs % groups:
        raise ValueError(f"weights {weight.shape} in {groups} groups do not convolve an input of shape {x.shape}")
    stride, dilation, first = each(stride, rank), each(dilation, rank), 0 if channels_last else 1
    sides = pads(padding, x.shape[first : first + rank], kernel, stride, dilation)
    x = padded(x, sides, first)
    extents = x.shape[first : first + rank]
    if groups == 1 and extents == kernel and set(dilation) == {1}:
        y = _dense(x, weight, channels_last, name)
    else:
        y = _windowed(x, weight, stride, dilation, groups, channels_last, name)
    if bias is None:
        return y
    extent = (outputs,) if channels_last else (outputs, *(1,) * rank)
    return y + constant(bias.reshape(extent), name=f"{name}_bias")


def _dense(x: Values, weight: NDArray[Any], channels_last: bool, name: str) -> Values:
    """A kernel that covers the whole input once is a matrix, with its columns in the order of the sum."""
    rank, outputs = weight.ndim - 2, weight.shape[0]
    rows = np.moveaxis(weight, 1, -1).reshape(outputs, -1)
    ordered = x if channels_last or x.shape[0] == 1 or max(x.shape[1:]) == 1 else x.transpose(*range(1, rank + 1), 0)
    product: Values = constant(rows, name=f"{name}_weight") @ ordered.reshape(rows.shape[1])
    return product.reshape(*(1,) * rank, outputs) if channels_last else product.reshape(outputs, *(1,) * rank)


def _windowed(
    x: Values,
    weight: NDArray[Any],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
    channels_last: bool,
    name: str,
) -> Values:
    rank, first = weight.ndim - 2, 0 if channels_last else 1
    kernel, inside = weight.shape[2:], weight.shape[1]
    spatial, places = "", ""
    # The last axis first: the axes in front of it keep their numbers.
    for axis in reversed(range(rank)):
        here, position = "xyz"[axis], "ijk"[axis]
        places = here + places
        if kernel[axis] > 1:
            x = x.windows(kernel[axis], stride[axis], dilation[axis], first + axis)
            spatial = here + position + spatial
        else:
            spatial = here + spatial
            if stride[axis] > 1:
                x = x[(*(slice(None),) * (first + axis), slice(None, None, stride[axis]))]
    positions = "".join("ijk"[axis] for axis in range(rank) if kernel[axis] > 1)
    values = np.moveaxis(weight, 1, -1).reshape(weight.shape[0], *(n for n in kernel if n > 1), inside)
    own, channel = groups > 1, inside > 1 or groups == 1
    several = weight.shape[0] > groups or not own
    # Of a group, an output or a channel that is the only one, the axis is left out.
    values = values.reshape(
        *((groups,) if own else ()),
        *((weight.shape[0] // groups,) if several else ()),
        *values.shape[1:-1],
        *((inside,) if channel else ()),
    )
    letters = "g" * own + "c" * channel
    if own and channel:
        extents = x.shape
        x = x.reshape(*extents[:-1], groups, inside) if channels_last else x.reshape(groups, inside, *extents[1:])
    read = spatial + letters if channels_last else letters + spatial
    outputs = "g" * own + "o" * several
    result = places + outputs if channels_last else outputs + places
    y = einsum(f"{outputs}{positions}{'c' * channel},{read}->{result}", constant(values, name=f"{name}_weight"), x)
    if len(outputs) < 2:
        return y
    extents = y.shape
    merged = (*extents[:-2], weight.shape[0]) if channels_last else (weight.shape[0], *extents[2:])
    return y.reshape(*merged)


@dataclass(frozen=True, eq=False)
class Convolution:
    """``activation(convolve(x, weight, bias, ..))``: what `Conv1d` and `Conv2d` have in common.

    Attributes:
        weight: (outputs, channels / groups, *kernel).
        bias: (outputs,), or none.
        stride: The distance of neighbouring windows.
        padding: What is put around the input.
        dilation: The distance of neighbouring positions of the kernel.
        groups: The number of groups of channels.
        channels_last: Whether the channels are the last axis of input and output.
        activation: Applied to each element of the output.
        name: Names the weights in generated code.
    """

    weight: NDArray[Any]
    bias: NDArray[Any] | None = None
    stride: Sizes = 1
    padding: Padding = 0
    dilation: Sizes = 1
    groups: int = 1
    channels_last: bool = False
    activation: Activation = identity
    name: str = "conv"
    rank: ClassVar[int] = 0

    def __post_init__(self) -> None:
        if self.weight.ndim != self.rank + 2:
            raise ValueError(
                f"the weights of a {type(self).__name__} have {self.rank + 2} axes, not {self.weight.ndim}"
            )

    @classmethod
    def of(cls, weights: Weights, prefix: str = "", **options: Any) -> Any:
        """The layer of the tensors ``{prefix}weight`` and, if there is one, ``{prefix}bias``."""
        return cls(weights[f"{prefix}weight"], weights.get(f"{prefix}bias"), **options)

    def __call__(self, x: Stream[Any]) -> Values:
        """The layer's output, on the clock of its input.

        Raises:
            ValueError: the input has another rank or number of channels.
        """
        y = convolve(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
            channels_last=self.channels_last,
            name=self.name,
        )
        return self.activation(y)


class Conv1d(Convolution):
    """A convolution of ``(channels, length)``, or ``(length, channels)``; weights ``(outputs, channels, kernel)``."""

    rank = 1


class Conv2d(Convolution):
    """A convolution of ``(channels, height, width)``, or ``(height, width, channels)``; weights have four axes."""

    rank = 2

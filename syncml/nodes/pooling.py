"""Pooling: the greatest element, or the mean, of each window of an array.

Rule: as in a convolution, window ``w`` reads ``w * stride + k * dilation - padding`` along each spatial axis, of each
channel by itself. A mean is a sum from 0, in row-major order of the window, divided by the number of its elements.
Inputs are ``(channels, *extents)``, or ``(*extents, channels)`` with ``channels_last``; so are outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from syncml.lang.functions import constant, einsum
from syncml.nodes.activations import Values
from syncml.nodes.convolution import Padding, Sizes, each, padded, pads

LOWEST = float(np.finfo(np.float32).min)
"""What stands in the padding of a greatest element."""


def max_pool(
    x: Values,
    size: Sequence[int],
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    *,
    channels_last: bool = False,
) -> Values:
    """The greatest element of each window, on the clock of ``x``; padding is never the greatest.

    Args:
        x: (channels, *extents), or (*extents, channels) with ``channels_last``.
        size: The extents of a window, one for each spatial axis.
        stride: The distance of windows; their size by default.
        padding: What is put around ``x``, as for a convolution.
        dilation: The distance of neighbouring positions of a window.
        channels_last: Whether the channels are the last axis.
    """
    rank, first = len(size), 0 if channels_last else 1
    stride, dilation = each(tuple(size) if stride is None else stride, rank), each(dilation, rank)
    x = padded(x, pads(padding, x.shape[first : first + rank], size, stride, dilation), first, LOWEST)
    for axis in range(first, first + rank):
        place = axis - first
        x = x.windows(size[place], stride[place], dilation[place], axis).max(axis=axis + 1)
    return x


def average_pool(
    x: Values,
    size: Sequence[int],
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    *,
    count_padding: bool = True,
    channels_last: bool = False,
) -> Values:
    """The mean of each window, on the clock of ``x``.

    Args:
        x: (channels, *extents), or (*extents, channels) with ``channels_last``.
        size: The extents of a window, one for each spatial axis.
        stride: The distance of windows; their size by default.
        padding: What is put around ``x``, as for a convolution.
        dilation: The distance of neighbouring positions of a window.
        count_padding: Whether the elements of the padding, which are 0, count as elements.
        channels_last: Whether the channels are the last axis.
    """
    rank, first = len(size), 0 if channels_last else 1
    stride, dilation = each(tuple(size) if stride is None else stride, rank), each(dilation, rank)
    extents = x.shape[first : first + rank]
    sides = pads(padding, extents, size, stride, dilation)
    counts = elements(extents, sides, size, stride, dilation, count_padding=count_padding)
    return sums(padded(x, sides, first), size, stride, dilation, channels_last) / divisor(counts, channels_last)


def sums(x: Values, size: Sequence[int], stride: Sizes, dilation: Sizes, channels_last: bool) -> Values:
    """The sum of each window of a padded input."""
    rank, first = len(size), 0 if channels_last else 1
    stride, dilation = each(stride, rank), each(dilation, rank)
    for axis in reversed(range(rank)):
        x = x.windows(size[axis], stride[axis], dilation[axis], first + axis)
    places, read = "xyz"[:rank], "".join("xyz"[axis] + "ijk"[axis] for axis in range(rank))
    return einsum(f"{read}c->{places}c" if channels_last else f"c{read}->c{places}", x)


def elements(
    extents: Sequence[int],
    sides: Sequence[tuple[int, int]],
    size: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    *,
    count_padding: bool,
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """How many elements each window has, with those of the padding or without."""
    counts = np.ones((), dtype=np.float32)
    for n, (before, after), k, s, d in zip(extents, sides, size, stride, dilation, strict=True):
        present = np.zeros(before + n + after, dtype=np.float32)
        present[0 if count_padding else before : None if count_padding else before + n] = 1.0
        starts = range(0, len(present) - (k - 1) * d, s)
        along = np.array([present[w : w + (k - 1) * d + 1 : d].sum() for w in starts], dtype=np.float32)
        counts = np.multiply.outer(counts, along)
    return counts


def divisor(counts: np.ndarray[tuple[int, ...], np.dtype[np.float32]], channels_last: bool) -> float | Values:
    """One number if all windows have as many elements, else one for each place."""
    if counts.min() == counts.max():
        return float(counts.flat[0])
    return constant(counts[..., None] if channels_last else counts, name="count")


def global_average_pool(x: Values, *, channels_last: bool = False) -> Values:
    """The mean of each channel, ``(channels,)``, on the clock of ``x``: the sum in row-major order, divided once."""
    rank = len(x.shape) - 1
    places = "xyz"[:rank]
    total = einsum(f"{places}c->c" if channels_last else f"c{places}->c", x)
    return total / float(np.prod(x.shape[:-1] if channels_last else x.shape[1:]))


def global_max_pool(x: Values, *, channels_last: bool = False) -> Values:
    """The greatest element of each channel, ``(channels,)``, on the clock of ``x``."""
    axis = 0 if channels_last else 1
    for _ in range(len(x.shape) - 1):
        x = x.max(axis=axis)
    return x

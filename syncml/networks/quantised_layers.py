"""Contractions of a quantised ONNX network: convolutions and matrix products as layers of integers.

Rule: the sum of a convolution runs over the windows of its input, kernel axes first and channels last, and has the
channels of the result last. The bias is an integer in units of the input's scale times that of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.diagnostics.model import DiagnosticError, error
from syncml.lang.functions import concat, constant
from syncml.lang.stream import Stream
from syncml.networks.held import Held, Reals, Refusal, Weights
from syncml.nodes.fixed_point import Rounding
from syncml.nodes.quantised import Affine, Linear, OverflowingError, Quantised

_WINDOWS, _PLACES = "tuv", "klm"


def contraction(
    x: Quantised,
    form: str,
    weights: Weights,
    weight: NDArray[Any],
    bias: object,
    rounding: Rounding,
    name: str,
    result: tuple[tuple[int, ...], tuple[int, ...]],
    refuse: Refusal,
) -> Reals:
    """The layer ``form`` of ``weight``, the integers of ``weights`` in its order.

    Args:
        x: The input.
        form: As of `Linear`.
        weights: With the scales.
        weight: The integers.
        bias: `Weights`, an array of real numbers, or None.
        rounding: How sums are rounded.
        name: Names the weights in generated code.
        result: The shape of the result and its axes in the order of the stream.
        refuse: Reports what has no integer form.
    """
    scale = weights.scale.reshape(-1)
    shape, axes = result
    channels = weight.shape[0] if form.startswith("o") else weight.shape[-1]
    if scale.size not in (1, channels):
        refuse(f"has {scale.size} scales for {channels} channels")
    integers = None if bias is None else _bias(bias, x.affine.scale * scale, channels, refuse)

    def make(output: Affine, relu: bool) -> Held:
        layer = Linear(form, weight, scale, integers, output, relu, rounding, name)
        try:
            values = layer(x)
        except OverflowingError as wrong:
            help_ = "train with smaller weights, or quantise with fewer inputs to this layer"
            raise DiagnosticError(error("D021", f"{name}: {wrong}", help=help_)) from wrong
        except ValueError as wrong:
            refuse(f"has scales that do not fit fixed-point numbers: {wrong}")
        return Held.of(values, shape, axes)

    def biased(more: object) -> Reals:
        return contraction(x, form, weights, weight, more, rounding, name, result, refuse)

    return Reals(make, biased=None if bias is not None else biased)


def _bias(bias: object, unit: NDArray[np.float64], channels: int, refuse: Refusal) -> NDArray[np.int64]:
    """A bias as integers of ``unit``: as they are where they were made so, else rounded to nearest."""
    if isinstance(bias, Weights):
        if np.allclose(bias.scale.reshape(-1), unit, rtol=1e-5, atol=0):
            return np.broadcast_to(bias.values.reshape(-1), channels).astype(np.int64)
        shape = [-1 if axis == bias.axis % bias.values.ndim else 1 for axis in range(bias.values.ndim)]
        reals: Any = bias.values * (bias.scale.reshape(shape) if bias.scale.size > 1 else bias.scale)
    elif isinstance(bias, np.ndarray):
        reals = np.asarray(bias, dtype=np.float64)
    else:
        refuse("adds a bias that is not constant")
    if reals.size not in (1, channels):
        refuse(f"adds {reals.size} numbers to {channels} channels")
    return np.floor(np.broadcast_to(reals.reshape(-1), channels) / unit + 0.5).astype(np.int64)


def dense(x: Held, weights: Weights, rows: bool, bias: object, rounding: Rounding, name: str, refuse: Refusal) -> Reals:
    """A matrix product with a row vector; ``rows`` says that the weights have a row for each output."""
    if weights.values.ndim != 2 or len(x.x.shape) != 1:
        refuse(f"multiplies tensors of shapes {x.shape} and {weights.values.shape}")
    weight = weights.values if rows else weights.values.T
    if weights.scale.size > 1 and weights.axis % 2 != (0 if rows else 1):
        refuse("has a scale for each input of its weights")
    shape = (*x.shape[:-1], weight.shape[0])
    return contraction(x.x, "oi,i->o", weights, weight, bias, rounding, name, (shape, (len(shape) - 1,)), refuse)


def convolution(
    x: Held,
    weights: Weights,
    attributes: Mapping[str, Any],
    bias: object,
    rounding: Rounding,
    name: str,
    refuse: Refusal,
) -> Reals:
    """A convolution: over all channels, or of each channel with a kernel of its own."""
    w = weights.values
    rank = w.ndim - 2
    outputs, depth, *kernel = w.shape
    groups = int(attributes.get("group", 1))
    strides = _ints(attributes.get("strides", [1] * rank))
    dilations = _ints(attributes.get("dilations", [1] * rank))
    channels = x.shape[1]
    if attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID") or weights.axis % w.ndim != 0:
        refuse("has automatic padding, or scales for another axis than that of its results")
    each_channel = groups == channels == outputs and groups > 1
    if x.shape[0] != 1 or len(x.shape) != w.ndim or not (groups == 1 or each_channel) or rank > len(_WINDOWS):
        refuse(f"of {groups} groups on a tensor of shape {x.shape}")
    pads = _ints(attributes.get("pads", [0] * 2 * rank))
    extents = [n + before + after for n, before, after in zip(x.shape[2:], pads[:rank], pads[rank:], strict=True)]
    steps = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(extents, kernel, strides, dilations, strict=True)]
    if min(steps) < 1:
        refuse("has a kernel larger than its input")
    stream, kept = _spatial(x, kernel, extents, pads)
    inputs, places, found = "", "", ""
    for axis in kept:
        letter = _WINDOWS[axis]
        if kernel[axis] > 1 or strides[axis] > 1:
            position = len(inputs)
            stream = stream.windows(kernel[axis], strides[axis], dilations[axis], axis=position)
            inputs, places = inputs + letter + _PLACES[axis], places + _PLACES[axis]
        else:
            inputs += letter
        found += letter
    channel = "c" if channels > 1 or each_channel else ""
    result = "c" if each_channel else "o"
    form = f"{'' if each_channel else 'o'}{places}{channel},{inputs}{channel}->{found}{result}"
    # Kernel axes of length 1 have no letter, and the depth is last.
    ordered = np.moveaxis(w[:, 0], 0, -1) if each_channel else np.moveaxis(w, 1, -1)
    sizes = [kernel[a] for a in kept if kernel[a] > 1 or strides[a] > 1]
    shape = (*sizes, outputs) if each_channel else (outputs, *sizes, *((depth,) if channel else ()))
    axes = (0, *(2 + a for a in range(rank)), 1)
    whole = (1, outputs, *steps)
    moved = Quantised(stream, x.x.affine)
    return contraction(moved, form, weights, ordered.reshape(shape), bias, rounding, name, (whole, axes), refuse)


def _spatial(x: Held, kernel: list[int], extents: list[int], pads: list[int]) -> tuple[Stream[Any], list[int]]:
    """The stream with its padded spatial axes and then its channels, and which of those axes it has."""
    rank = len(kernel)
    stream = x.arranged((0, *(2 + a for a in range(rank)), 1)).values
    kept = [a for a in range(rank) if extents[a] > 1 or kernel[a] > 1]
    channels = [x.shape[1]] if x.shape[1] > 1 else []
    wanted = (*(x.shape[2 + a] for a in kept), *channels)
    if stream.shape != wanted:
        stream = stream.reshape(*wanted)
    for position, axis in enumerate(kept):
        before, after = (_padding(stream, n, position, x.x.affine) for n in (pads[axis], pads[rank + axis]))
        if before or after:
            stream = concat(*before, stream, *after, axis=position)
    return stream, kept


def _padding(stream: Stream[Any], count: int, axis: int, affine: Affine) -> list[Stream[Any]]:
    """``count`` elements along ``axis`` that stand for 0; nothing for none."""
    shape = (*stream.shape[:axis], count, *stream.shape[axis + 1 :])
    return [constant(np.full(shape, affine.zero_point), type=affine.kind, name="padding")] if count else []


def _ints(values: Any) -> list[int]:
    return [int(n) for n in values]

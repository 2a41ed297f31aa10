"""Layers that differ in training: batch normalisation and dropout.

    y, mean, variance = batch_norm(x, gain, shift)      statistics of the segment around the call
    y = normalised(x, gain, shift, mean, variance)      statistics that are given, for inference
    y = dropout(x, 0.2, seed, place)                    zeros in random places

Rule: a batch is a segment, and its instants are those at which ``x`` is present, so batches may have different lengths.
With sums from the first instant on, in their order,

    s1 = x + (0 fby s1);  s2 = x^2 + (0 fby s2);  n = 1 + (0 fby n)
    mean = mean post s1 / n;  variance = variance post (s2 / n - mean^2)

so that each instant knows the statistics of its whole batch: a pass forwards, one backwards, and as many again for the
derivative, which follows from these equations (Ioffe, Szegedy 2015). Masks of dropout (Srivastava et al. 2014) are
`random_bits` of a seed and a place, functions of both and no state.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from syncml.ir.types import Scalar, element, shape
from syncml.lang.functions import arange, maximum, sqrt, where
from syncml.lang.operations import value_of
from syncml.lang.registers import State, state, wire
from syncml.lang.segments import post
from syncml.lang.source import here
from syncml.lang.stream import Stream
from syncml.lang.types import Mat, Vec, f32, f64, u64
from syncml.learn.sums import number_like, zeros_like
from syncml.nodes.random import random_bits, uniform


class Normalised(NamedTuple):
    """A batch with mean 0 and variance 1, scaled and shifted, and what its mean and variance were."""

    y: Stream[Any]
    mean: Stream[Any]
    variance: Stream[Any]


def batch_norm(x: Stream[Any], gain: Any, shift: Any, epsilon: float = 1e-5) -> Normalised:
    """``x`` normalised over the instants of the segment around the call; written in a node that is called in one.

    Args:
        x: A number, a vector or a matrix of floats; each element is normalised by itself.
        gain: What the normalised value is multiplied by, of the shape of ``x``.
        shift: What is added then.
        epsilon: Is added to the variance.

    Returns:
        The result, and the mean and the variance (that of the batch, divided by its length), which are the same at all
        instants of a segment. All of these look ahead.
    """
    count: State[Any] = state(init=number_like(x, 0.0))
    total: State[Any] = state(init=zeros_like(x))
    squares: State[Any] = state(init=zeros_like(x))
    count.next = count + 1.0
    total.next = total + x
    squares.next = squares + x * x
    at_end: Stream[Any] = total.next / count.next
    mean = wire(_type_of(x))
    mean.define(post(mean, init=at_end))
    variance = wire(_type_of(x))
    # Rounding may leave a little less than nothing.
    variance.define(post(variance, init=maximum(squares.next / count.next - at_end * at_end, 0.0)))
    return Normalised(normalised(x, gain, shift, mean, variance, epsilon), mean, variance)


def normalised(x: Stream[Any], gain: Any, shift: Any, mean: Any, variance: Any, epsilon: float = 1e-5) -> Stream[Any]:
    """``gain (x - mean) / sqrt(variance + epsilon) + shift``: a batch normalisation with statistics that are given."""
    found: Stream[Any] = gain * ((x - mean) / sqrt(variance + epsilon)) + shift
    return found


def dropout(x: Stream[Any], share: float, seed: Stream[u64], place: Stream[u64]) -> Stream[Any]:
    """``x`` with a ``share`` of its elements 0, at random, and the others greater by ``1 / (1 - share)``.

    Args:
        x: A number or an array of floats.
        share: At least 0 and less than 1; 0, as for inference, leaves ``x`` as it is.
        seed: One for each layer.
        place: A number of the instant, such as a count.

    Raises:
        ValueError: the share is none.
    """
    if not 0.0 <= share < 1.0:
        raise ValueError(f"dropout(share={share}): a share is at least 0 and less than 1")
    extents: tuple[int, ...] = x.shape
    if not share:
        return x
    size = 1
    for extent in extents:
        size *= extent
    places: Any = place * size + arange(size, type=u64) if extents else place
    even: Any = uniform(random_bits(seed, places))
    kept: Any = even.reshape(*extents) >= share if len(extents) > 1 else even >= share
    return where(kept, x * (1.0 / (1.0 - share)), 0.0)


def _type_of(x: Stream[Any]) -> Any:
    """The annotation of a stream of the type of ``x``."""
    value = value_of(x, here())
    if value.atom is None:
        return f32
    kind: Any = f64 if element(value.type) is Scalar.F64 else f32
    match shape(value.type):
        case ():
            return kind
        case (n,):
            return Vec[Literal[n], kind]  # type: ignore[valid-type]
        case (n, m):
            return Mat[Literal[n], Literal[m], kind]  # type: ignore[valid-type]
        case extents:
            raise ValueError(f"batch_norm takes a number, a vector or a matrix, not an array of {len(extents)} axes")

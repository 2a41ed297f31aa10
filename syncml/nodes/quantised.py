"""Layers in integer arithmetic: streams of ``i8`` or ``i16`` that stand for real numbers.

Rule: an integer ``q`` of an affine quantisation stands for ``scale * (q - zero_point)`` (Jacob et al. 2018, eq. 1).
A layer computes with integers alone: products are summed in ``i32`` (``i64`` where 16-bit values need it), the sum is
brought to the scale of the result by `syncml.nodes.fixed_point`, and the result saturates. Weights are symmetric, with
one scale for each channel of the result; the zero point of the input is part of the bias, so the loops multiply plain
integers. No accumulator overflows: the largest magnitude that weights and bias allow is computed when the layer is
made. The order of additions is of no consequence, since sums of integers are exact.

The operators are those of the quantisation specification of TensorFlow Lite, with the roundings of its reference
kernels; ``docs/reference/quantisation.md`` says for each which one, and what it was compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import cast, clip, concat, constant, einsum, maximum, minimum
from syncml.lang.iterators import each
from syncml.lang.node import node
from syncml.lang.stream import Stream
from syncml.lang.types import f32, i8, i16, i32, i64, u8, u16
from syncml.nodes.fixed_point import Rounding, multiplier, times

Array: TypeAlias = NDArray[Any]
ACCUMULATOR = 2**31 - 1
"""The largest magnitude of an accumulator of 32 bits."""


@dataclass(frozen=True)
class Affine:
    """What the integers of a stream stand for: ``scale * (q - zero_point)``.

    Attributes:
        scale: Positive, in the unit of the real numbers.
        zero_point: The integer that stands for 0.
        bits: 8 or 16.
    """

    scale: float
    zero_point: int = 0
    bits: int = 8

    @property
    def low(self) -> int:
        """The least integer."""
        return -(1 << (self.bits - 1))

    @property
    def high(self) -> int:
        """The largest integer."""
        return (1 << (self.bits - 1)) - 1

    @property
    def kind(self) -> Any:
        """The type of the integers."""
        return i8 if self.bits == 8 else i16

    @property
    def reach(self) -> int:
        """The largest magnitude of ``q - zero_point``."""
        return max(self.high - self.zero_point, self.zero_point - self.low)

    def quantised(self, real: Any) -> NDArray[np.int64]:
        """The nearest integers, as constants: ties go upwards, what is out of range saturates."""
        nearest = np.floor(np.asarray(real, dtype=np.float64) / self.scale + 0.5)
        return np.clip(nearest + self.zero_point, self.low, self.high).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Quantised:
    """A stream of integers with what they stand for."""

    values: Stream[Any]
    affine: Affine

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the stream."""
        return self.values.shape

    def moved(self, values: Stream[Any]) -> Quantised:
        """``values``, integers of this stream in another order."""
        return Quantised(values, self.affine)


class OverflowingError(ValueError):
    """An accumulator of a layer could overflow; ``bound`` is the largest magnitude that its weights allow."""

    def __init__(self, name: str, bound: int) -> None:
        super().__init__(f"a sum of {name} can reach {bound}, and an accumulator of 32 bits {ACCUMULATOR}")
        self.name = name
        self.bound = bound


@dataclass(frozen=True, eq=False)
class Linear:
    """A contraction of constant weights with an input: dense layers and, of unfolded inputs, convolutions.

    Attributes:
        form: As of `einsum`, the weights first: ``oi,i->o`` is a dense layer. The last letter of the result is the
            channel; every other letter of the weights is summed.
        weight: Integers from -127 to 127.
        scale: Of the weights: one number, or one for each channel.
        bias: Integers in units of the input's scale times that of the weights, one for each channel, or None.
        output: What the result stands for.
        relu: Whether what is below 0 becomes 0.
        rounding: How the sum is brought to the scale of the result.
        name: Names the weights in generated code.
    """

    form: str
    weight: Array
    scale: Array
    bias: Array | None
    output: Affine
    relu: bool = False
    rounding: Rounding = Rounding.DOUBLE
    name: str = "linear"

    def bias_of(self, x: Affine) -> NDArray[np.int64]:
        """The bias with the zero point of the input in it, which is exact."""
        letters, _, result = self.form.replace(",", "->").split("->")
        sums = np.einsum(f"{letters}->{result[-1]}", self.weight.astype(np.int64))
        return (0 if self.bias is None else self.bias.astype(np.int64)) - x.zero_point * sums

    def bound(self, x: Affine) -> int:
        """The largest magnitude of the accumulator for any input of ``x``."""
        letters, _, result = self.form.replace(",", "->").split("->")
        weights = np.einsum(f"{letters}->{result[-1]}", abs(self.weight.astype(np.int64)))
        bias = 0 if self.bias is None else abs(self.bias.astype(np.int64))
        plain = weights * max(x.high, -x.low)
        return int(max((weights * x.reach + bias).max(), plain.max(), abs(self.bias_of(x)).max()))

    def __call__(self, x: Quantised) -> Quantised:
        """The layer's output.

        Raises:
            OverflowingError: a sum of 8-bit products could overflow 32 bits.
        """
        bound = self.bound(x.affine)
        if bound > ACCUMULATOR and x.affine.bits == 8:
            raise OverflowingError(self.name, bound)
        kind: Any = i32 if bound <= ACCUMULATOR else i64
        weight = constant(self.weight, type=i8, name=f"{self.name}_weight")
        products = einsum(self.form, cast(weight, kind), cast(x.values, kind))
        total = products + constant(self.bias_of(x.affine), type=kind, name=f"{self.name}_bias")
        real = x.affine.scale * self.scale.astype(np.float64) / self.output.scale
        scaled = times(total, multiplier(real, self.rounding, bound), bound, self.name)
        return saturated(scaled, self.output, self.relu)


def saturated(x: Stream[Any], affine: Affine, relu: bool = False) -> Quantised:
    """``x``, in units of the scale, with the zero point, saturated."""
    moved = x + affine.zero_point if affine.zero_point else x
    low = affine.zero_point if relu else affine.low
    return Quantised(cast(clip(moved, low, affine.high), affine.kind), affine)


def _wide(x: Stream[Any]) -> Stream[Any]:
    return cast(x, i32)


def centred(x: Quantised) -> Stream[Any]:
    """``q - zero_point`` as ``i32``."""
    wide = _wide(x.values)
    return wide - x.affine.zero_point if x.affine.zero_point else wide


def requantise(x: Quantised, output: Affine, rounding: Rounding = Rounding.DOUBLE) -> Quantised:
    """The same real numbers in another quantisation, rounded."""
    if x.affine == output:
        return x
    real = x.affine.scale / output.scale
    bound = x.affine.reach
    return saturated(times(centred(x), multiplier(real, rounding, bound), bound), output)


def add(a: Quantised, b: Quantised, output: Affine, subtract: bool = False, relu: bool = False) -> Quantised:
    """``a + b``, or ``a - b``.

    Both are brought to twice the larger scale with 20 more places (15 for 16 bits), and their sum to the result's.
    """
    places = 20 if output.bits == 8 else 15
    twice = 2 * max(a.affine.scale, b.affine.scale)

    def scaled(x: Quantised) -> Stream[Any]:
        bound = x.affine.reach << places
        return times(centred(x) << places, multiplier(x.affine.scale / twice, Rounding.DOUBLE, bound), bound)

    total = scaled(a) - scaled(b) if subtract else scaled(a) + scaled(b)
    bound = (a.affine.reach + b.affine.reach) << places
    real = twice / (output.scale * 2**places)
    return saturated(times(total, multiplier(real, Rounding.DOUBLE, bound), bound), output, relu)


def multiply(a: Quantised, b: Quantised, output: Affine) -> Quantised:
    """``a * b``, elementwise."""
    product = centred(a) * centred(b)
    real, bound = a.affine.scale * b.affine.scale / output.scale, a.affine.reach * b.affine.reach
    return saturated(times(product, multiplier(real, Rounding.DOUBLE, bound), bound), output)


def scaled(x: Quantised, factor: Array, output: Affine) -> Quantised:
    """``x`` times constants, which broadcast: the magnitude of each is part of its multiplier."""
    sign = np.sign(factor).astype(np.int64)
    signed = centred(x) * constant(sign, type=i32, name="sign") if (sign != 1).any() else centred(x)
    # What is multiplied by 0 has the sign 0, and any multiplier.
    magnitude = np.where(factor == 0, 1.0, abs(factor)) * x.affine.scale / output.scale
    bound = x.affine.reach
    return saturated(times(signed, multiplier(magnitude, Rounding.SINGLE, bound), bound), output)


def shifted(x: Quantised, offset: Array, output: Affine, negative: bool = False) -> Quantised:
    """``x`` plus constants, which broadcast, or the constants minus ``x``; rounded once, at the end."""
    largest = x.affine.reach + int(abs(offset).max() / x.affine.scale) + 1
    places = min(20, 30 - largest.bit_length())
    if places < 0:
        raise ValueError("a constant that is added is much larger than what it is added to")
    wide = -centred(x) if negative else centred(x)
    more = np.floor(offset / x.affine.scale * 2.0**places + 0.5).astype(np.int64)
    total = (wide << places) + constant(more, type=i32, name="offset")
    factor = multiplier(x.affine.scale / (output.scale * 2**places), Rounding.SINGLE, largest << places)
    return saturated(times(total, factor, largest << places), output)


def bounded(x: Quantised, limit: Array, upper: bool) -> Quantised:
    """``x`` where it is below (or above) constants, else these, in the quantisation of ``x``."""
    integers = constant(x.affine.quantised(limit), type=x.affine.kind, name="limit")
    return x.moved(minimum(x.values, integers) if upper else maximum(x.values, integers))


def divide(a: Quantised, b: Quantised, output: Affine) -> Quantised:
    """``a / b``, elementwise, rounded once, ties upwards; a quotient by 0 is 0.

    ``A / B * r`` with the integers A and B of both and ``r = scale_a / (scale_b * scale_y)`` as a number of 20 bits.

    Raises:
        ValueError: the scales are too far apart for integers of 64 bits.
    """
    fraction, exponent = np.frexp(a.affine.scale / (b.affine.scale * output.scale))
    mantissa, shift = round(float(fraction) * 2**20) << max(int(exponent) - 20, 0), max(20 - int(exponent), 0)
    if mantissa * a.affine.reach >= 2**61 or b.affine.reach << shift >= 2**61:
        raise ValueError("the scales of a quotient are too far apart")
    wide: Stream[Any] = cast(centred(b), i64)
    divisor = wide << shift if shift else wide
    numerator: Stream[Any] = cast(centred(a), i64) * mantissa
    quotient = (2 * numerator + divisor) // (2 * divisor)
    # What saturates is cut before it is narrowed.
    limit = 2 * output.reach
    return saturated(cast(clip(quotient, -limit, limit), i32), output)


def summed(x: Quantised, form: str, output: Affine) -> Quantised:
    """A contraction of one array: the sums over the axes that ``form`` leaves out, rounded once."""
    letters, _, kept = form.partition("->")
    count = int(np.prod([n for letter, n in zip(letters, x.shape, strict=True) if letter not in kept], dtype=np.int64))
    bound = count * x.affine.reach
    if bound > ACCUMULATOR:
        raise OverflowingError("the sum", bound)
    factor = multiplier(x.affine.scale / output.scale, Rounding.SINGLE, bound)
    return saturated(times(einsum(form, centred(x)), factor, bound), output)


def relu(x: Quantised) -> Quantised:
    """What is below 0 becomes 0."""
    return x.moved(maximum(x.values, x.affine.zero_point))


def join(parts: list[Quantised], output: Affine, axis: int = 0) -> Quantised:
    """Streams joined along ``axis``, each brought to one quantisation."""
    return Quantised(concat(*(requantise(p, output).values for p in parts), axis=axis), output)


def average(x: Quantised, axis: int, output: Affine | None = None) -> Quantised:
    """The mean along ``axis``, rounded once.

    In the quantisation of ``x`` the integers are divided, ties away from zero (`AVERAGE_POOL_2D` of TensorFlow Lite).
    In another one the sum is multiplied by the quotient of the scales and the count (`MEAN`).
    """
    count = x.shape[axis]
    if output in (None, x.affine):
        total = _wide(x.values).sum(axis)
        away = (abs(total) + count // 2) // count
        return x.moved(cast(away * ((total >> 31) | 1), x.affine.kind))
    assert output is not None
    total, bound = centred(x).sum(axis), count * x.affine.reach
    factor = multiplier(x.affine.scale / (count * output.scale), Rounding.DOUBLE, bound)
    return saturated(times(total, factor, bound), output)


@dataclass(frozen=True, eq=False)
class Table:
    """A function of one number by a table of its values.

    Of 8 bits there is an entry for each integer, the rounded value. Of 16 bits there are 513 entries, 128 apart, and
    between two of them a line, as in the 16-bit tables of TensorFlow Lite.

    Attributes:
        function: Of arrays of real numbers.
        input: What the argument stands for.
        output: What the value stands for.
        name: Names the table in generated code.
    """

    function: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    input: Affine
    output: Affine
    name: str = "table"

    @property
    def entries(self) -> NDArray[np.int64]:
        """The values, from the least argument on."""
        if self.input.bits == 8:
            q = np.arange(self.input.low, self.input.high + 1, dtype=np.float64)
        else:
            q = np.arange(self.input.low, self.input.high + 2, 128, dtype=np.float64)
        return self.output.quantised(self.function(self.input.scale * (q - self.input.zero_point)))

    @node
    def entry(self, q: Stream[Any]) -> Stream[Any]:
        """The value of one element."""
        if self.input.bits == 8:
            # The bits of q count from 0 to 127 and then from -128 to -1.
            table = constant(np.roll(self.entries, 128), type=self.output.kind, name=self.name)
            return table[cast(q, u8)]
        table = constant(self.entries, type=i16, name=self.name)
        place = cast(cast(q, i32) + 2**15, u16)
        index, offset = cast(place >> 7, i32), cast(place, i32) & 127
        base = cast(table[index], i32)
        slope = cast(table[index + 1], i32) - base
        return cast(base + ((slope * offset + 64) >> 7), i16)

    def __call__(self, x: Quantised) -> Quantised:
        """The function of each element."""
        size = int(np.prod(x.shape, dtype=np.int64))
        values: Stream[Any] = each(self.entry)(x.values.reshape(size)) if x.shape else self.entry(x.values)
        return Quantised(values.reshape(*x.shape) if x.shape else values, self.output)


SOFTMAX = Affine(1 / 256, -128)
"""What the values of `softmax` stand for."""


@dataclass(frozen=True, eq=False)
class Softmax:
    """``exp(x[i]) / sum exp(x[j])`` of a vector of 8 bits, by a table of the exponential below the largest element.

    With ``E(d) = round(2**22 * exp(-scale * d))`` the value is ``256 * E(m - q[i]) / sum E(m - q[j])``, rounded to
    nearest with ties upwards, where m is the largest q. At most 256 elements, so that the sum fits 31 bits.
    """

    input: Affine
    name: str = "exponential"

    @node
    def entry(self, distance: Stream[i32]) -> Stream[i32]:
        """The exponential at one distance from the largest element."""
        d = np.arange(256, dtype=np.float64)
        values = np.floor(np.exp(-self.input.scale * d) * 2**22 + 0.5).astype(np.int64)
        return constant(values, type=i32, name=self.name)[cast(distance, u8)]

    def __call__(self, x: Quantised) -> Quantised:
        """The shares of the elements of a vector."""
        wide = _wide(x.values)
        powers: Stream[Any] = each(self.entry)(wide.max() - wide)
        total = cast(powers.sum(), i64)
        shares = (cast(powers, i64) * 512 + total) // (2 * total)
        return saturated(cast(shares, i32), SOFTMAX)


def quantise(x: Stream[Any], affine: Affine) -> Quantised:
    """The integers of a stream of real numbers: rounded to nearest, saturated; a NaN is the least one.

    With ``a`` the least ``q - zero_point``, ``q = floor(clip(x / scale) - a + 1/2) + low``, each operation in ``f32``.
    """
    least, most = float(affine.low - affine.zero_point), float(affine.high - affine.zero_point)
    place = clip(x / affine.scale, least, most) - least
    return Quantised(cast(cast(place + 0.5, i32) + affine.low, affine.kind), affine)


def real(x: Quantised) -> Stream[Any]:
    """The real numbers that the integers stand for."""
    return cast(centred(x), f32) * x.affine.scale

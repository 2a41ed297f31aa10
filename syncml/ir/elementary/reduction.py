"""Reduction of angles: which quarter turn is nearest, and the angle from there, for every finite argument.

Payne and Hanek's method in integers. abs(x) = m 2^e with an integer m. Of the bits of 2/pi only a window matters: those
further left add whole turns to x 2/pi, those further right add less than the precision wanted. So m times
the window, modulo a power of two, is the angle in quarter turns as a fixed-point number with 2 bits before the point,
however large x is. The nearest integer is the quarter, the rest times pi/2 is the angle.

The window is cut out of constants by selections on the exponent; there is no table and no branch. Arguments of at most
pi/4 are their own reduction and bypass all this, so tiny angles are exact.

Precision: the fixed-point angle has an error below 2^-61 (f32) or 2^-124 (f64) quarter turns. By the continued
fractions of 2^e 2/pi for all exponents e, no binary32 number from pi/4 on comes nearer to a whole number of quarter
turns than 2^-29.9, no binary64 number nearer than 2^-61.6; so at least 31 (f32) or 62 (f64) significant bits remain.
"""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.ir.elementary.builder import Value, literal, select
from syncml.ir.elementary.coefficients import TWO_OVER_PI, TWO_OVER_PI_BITS
from syncml.ir.elementary.kernels import Context, Pair, constant_pair, fast_two_sum, pair_product
from syncml.ir.types import Scalar

U64 = Scalar.U64
MASK_32 = (1 << 32) - 1
MASK_64 = (1 << 64) - 1
QUARTER_PI_BITS = {32: 0x3F490FDA, 64: 0x3FE921FB54442D18}


@dataclass(frozen=True, slots=True)
class Angle:
    """``abs(x) = quarter * pi/2 + (-1)**negative * remainder`` modulo whole turns; the remainder is not negative."""

    quarter: Value
    """A ``u64`` whose two low bits count."""
    negative: Value
    """A ``u64``, 0 or 1."""
    remainder: Pair


def _u64(value: int) -> Value:
    return Value(literal(value, U64))


def _word(position: int, lead: int) -> int:
    """Word ``position`` of ``lead`` zero bits followed by the fraction bits of 2/pi."""
    return TWO_OVER_PI >> lead >> (TWO_OVER_PI_BITS - 64 * (position + 1)) & MASK_64


def _window(c: Context, biased_exponent: Value, words: int, last_offset: int) -> list[Value]:
    """The words of 2/pi that matter for an argument with this exponent, at least that of 1/2.

    ``last_offset`` is the first word of the window for the largest exponent.
    """
    f = c.format
    half_exponent = f.bias - 1
    lead = f.fraction + 3
    above = c.let("above", biased_exponent - half_exponent)
    start = c.let("start", select(biased_exponent > half_exponent, above, 0))
    row = [_u64(_word(i, lead)) for i in range(last_offset + words + 1)]
    step = 1 << (last_offset.bit_length() - 1)
    while step:
        # The row moves left by `step` words where the exponent says so; what no later step can reach is dropped.
        moved = c.let("far", (start & (64 * step)).differs(0))
        row = [
            c.let("word", select(moved, row[i + step], row[i])) if i + step < len(row) else row[i]
            for i in range(min(words + step, len(row)))
        ]
        step //= 2
    shift = c.let("shift", start & 63)
    complement = c.let("complement", 63 - shift)
    return [
        c.let("window", (row[i] << shift) | ((row[i + 1] >> 1) >> complement))
        for i in range(words)
    ]  # fmt: skip


def _multiply_small(c: Context, m: Value, window: list[Value]) -> tuple[Value, Value]:
    """The angle of f32 as quarter turns (64 bits, 2 before the point): the quarter, and the rest times 2**64."""
    low = (m * (window[1] >> 32)) >> 32
    product = c.let("quarters", m * window[0] + low)
    return (product + (1 << 61)) >> 62, product << 2


def _row_of_products(c: Context, factor: Value, limbs: list[Value]) -> list[Value]:
    """``factor * limbs`` (32 bits each, least first) as columns: a limb, and above it the carry into the next."""
    columns: list[Value] = []
    for limb in limbs:
        product = factor * limb
        columns.append(c.let("column", product + (columns[-1] >> 32) if columns else product))
    return columns


def _multiply_wide(c: Context, m: Value, window: list[Value]) -> tuple[Value, Value, Value]:
    """The angle of f64 as quarter turns (128 bits, 2 before the point): the quarter, the two words of the rest."""
    limbs = [half for word in reversed(window) for half in (word & MASK_32, word >> 32)]
    limbs = [c.let("limb", limb) for limb in limbs]
    a = _row_of_products(c, c.let("m_low", m & MASK_32), limbs)
    b = _row_of_products(c, c.let("m_high", m >> 32), limbs[:-1])
    a_low = c.let("a_low", (a[3] << 32) + (a[2] & MASK_32))
    low = c.let("quarters_low", a_low + ((b[2] << 32) + (b[1] & MASK_32)))
    carry = select(low < a_low, _u64(1), 0)
    sums = ((a[5] << 32) + (a[4] & MASK_32)) + ((b[4] << 32) + (b[3] & MASK_32))
    high = c.let("quarters", sums + carry)
    return (high + (1 << 61)) >> 62, (high << 2) | (low >> 62), low << 2


def _magnitude(c: Context, rest: Value, negative: Value) -> Value:
    """``abs(rest)`` of a two's complement word, but for one unit: complementing is exact enough."""
    return rest ^ (0 - negative)


def _sum_of_pieces(c: Context, pieces: tuple[tuple[Value, int], ...]) -> Pair:
    """The sum of integers times powers of two, largest first, each integer short enough to be exact."""
    f = c.format
    first, second, third = (
        c.let("piece", f.scaled_integer(piece.convert(f.bits) if f.width == 32 else piece, unit))
        for piece, unit in pieces
    )
    return fast_two_sum(c, "angle", first, c.let("lower", second + third))


def _remainder_small(c: Context, rest: Value, negative: Value) -> Pair:
    """pi/2 times the rest of f32, multiplied as integers (pi/2 to 32 bits)."""
    half_pi = 0xC90FDAA2  # floor(pi/2 * 2**31)
    magnitude = c.let("magnitude", _magnitude(c, rest, negative))
    fixed = c.let("fixed", (magnitude >> 32) * half_pi + (((magnitude & MASK_32) * half_pi) >> 32))
    return _sum_of_pieces(
        c,
        ((fixed >> 40, -23), ((fixed >> 17) & ((1 << 23) - 1), -46), (fixed & ((1 << 17) - 1), -63)),
    )


def _remainder_wide(c: Context, rest: Value, rest_low: Value, negative: Value) -> Pair:
    """pi/2 times the rest of f64, multiplied in pairs."""
    high = c.let("magnitude", _magnitude(c, rest, negative))
    low = c.let("magnitude_low", _magnitude(c, rest_low, negative))
    middle = ((high & ((1 << 11) - 1)) << 41) | (low >> 23)
    turns = _sum_of_pieces(c, ((high >> 11, -53), (middle, -105), (low & ((1 << 23) - 1), -128)))
    product = pair_product(c, "product", turns, constant_pair(c, "half_pi", c.coefficients.half_pi))
    return fast_two_sum(c, "remainder", product.high, product.low)


def reduce_angle(c: Context, x: Value) -> Angle:
    """The reduction of ``abs(x)``; any angle for infinities and NaN."""
    f = c.format
    bits = c.let("bits", f.magnitude_bits(x))
    exponent = c.let("exponent", (bits >> f.fraction).convert(U64))
    m = c.let("m", ((bits & f.fraction_mask) | (1 << f.fraction)).convert(U64))
    if f.width == 32:
        quarter, rest = _multiply_small(c, m, _window(c, exponent, 2, 2))
        rest = c.let("rest", rest)
        negative = c.let("negative", rest >> 63)
        remainder = _remainder_small(c, rest, negative)
    else:
        quarter, rest, rest_low = _multiply_wide(c, m, _window(c, exponent, 3, 16))
        rest = c.let("rest", rest)
        negative = c.let("negative", rest >> 63)
        remainder = _remainder_wide(c, rest, rest_low, negative)
    direct = c.let("direct", bits <= QUARTER_PI_BITS[f.width])
    return Angle(
        c.let("quarter", select(direct, 0, c.let("nearest", quarter))),
        c.let("mirrored", select(direct, 0, negative)),
        Pair(
            c.let("r", select(direct, f.from_bits(bits), remainder.high)),
            c.let("r_low", select(direct, 0.0, remainder.low)),
        ),
    )

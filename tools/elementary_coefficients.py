"""Recomputes syncml/ir/elementary/coefficients.py: weighted minimax polynomials with representable coefficients.

Rule: a polynomial is fitted by Remez exchange so that the *relative error of the function's result* is equally
large at its extrema. Coefficients are rounded to the format one by one, from the constant term on, and the rest is
fitted again after each, so that later coefficients absorb the rounding of the earlier ones.

Usage: python tools/elementary_coefficients.py > syncml/ir/elementary/coefficients.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mpmath import atan, cos, exp, log, lu_solve, matrix, mp, mpf, pi, sin, sqrt, tanh

mp.dps = 90

Real = Callable[[mpf], mpf]
Precision = int | tuple[int, int]
"""Bits of one coefficient, or of the two words of a double-word coefficient."""

GRID = 300
NEAR_ZERO = mpf(10) ** -25


def rounded(x: mpf, bits: int) -> mpf:
    with mp.workprec(bits):
        return +x


def words(x: mpf, bits: Precision) -> tuple[mpf, ...]:
    """``x`` as one number, or as the sum of two."""
    if isinstance(bits, int):
        return (rounded(x, bits),)
    high = rounded(x, bits[0])
    return (high, rounded(x - high, bits[1]))


def horner(coefficients: Sequence[mpf], x: mpf) -> mpf:
    result = mpf(0)
    for coefficient in reversed(coefficients):
        result = result * x + coefficient
    return result


def alternation(errors: list[mpf], wanted: int) -> list[int]:
    """Positions of the largest errors of alternating sign, at most ``wanted`` of them."""
    chosen: list[int] = []
    for i, error in enumerate(errors):
        if chosen and (error > 0) == (errors[chosen[-1]] > 0):
            if abs(error) > abs(errors[chosen[-1]]):
                chosen[-1] = i
        else:
            chosen.append(i)

    def size(position: int) -> mpf:
        return abs(errors[chosen[position]])

    while len(chosen) > wanted:
        least = min(range(len(chosen)), key=size)
        if len(chosen) == wanted + 1 or least in (0, len(chosen) - 1):
            chosen.pop(0 if size(0) < size(-1) else -1)
        else:  # an inner point goes together with its smaller neighbour, so that signs still alternate
            neighbour = least - 1 if size(least - 1) < size(least + 1) else least + 1
            for position in sorted((least, neighbour), reverse=True):
                chosen.pop(position)
    return chosen


def minimax(f: Real, weight: Real, count: int, low: mpf, high: mpf) -> list[mpf]:
    """The ``count`` coefficients that minimise the largest ``weight * |f - p|`` on [low, high] (Remez)."""
    xs = [(low + high) / 2 - (high - low) / 2 * cos(pi * k / GRID) for k in range(GRID + 1)]
    weights = [weight(x) for x in xs]
    values = [w * f(x) for w, x in zip(weights, xs, strict=True)]
    chosen = [round(GRID * (k + 0.3) / (count + 1)) for k in range(count + 1)]
    coefficients: list[mpf] = []
    for _ in range(15):
        system, right = matrix(count + 1, count + 1), matrix(count + 1, 1)
        for row, i in enumerate(chosen):
            for column in range(count):
                system[row, column] = weights[i] * xs[i] ** column
            system[row, count] = (-1) ** row
            right[row] = values[i]
        solution = lu_solve(system, right)
        coefficients = [solution[j] for j in range(count)]
        errors = [v - w * horner(coefficients, x) for v, w, x in zip(values, weights, xs, strict=True)]
        moved = alternation(errors, count + 1)
        if moved == chosen or len(moved) <= count:
            break
        chosen = moved
    return coefficients


@dataclass(frozen=True)
class Target:
    """A function to fit: the result's relative error is ``weight * (f - p)``."""

    f: Real
    weight: Real
    low: mpf
    high: mpf

    def fit(self, precisions: Sequence[Precision]) -> list[tuple[mpf, ...]]:
        fitted: list[tuple[mpf, ...]] = []
        for i, bits in enumerate(precisions):
            sums = [mp.fsum(c) for c in fitted]
            first = minimax(
                lambda x, sums=sums, i=i: (self.f(x) - horner(sums, x)) / x**i,
                lambda x, i=i: abs(self.weight(x) * x**i),
                len(precisions) - i,
                self.low,
                self.high,
            )[0]
            fitted.append(words(first, bits))
        return fitted

    def error(self, fitted: list[tuple[mpf, ...]]) -> mpf:
        sums = [mp.fsum(c) for c in fitted]
        xs = [self.low + (self.high - self.low) * k / 1001 for k in range(1, 1001)]
        return max(abs(self.weight(x) * (self.f(x) - horner(sums, x))) for x in xs)


def odd(g: Real, limit: mpf) -> Target:
    """``g(x) = x + x**3 * p(x**2)`` for 0 <= x <= limit."""

    def f(z: mpf) -> mpf:
        return (g(sqrt(z)) / sqrt(z) - 1) / z

    return Target(f, lambda z: z * sqrt(z) / g(sqrt(z)), NEAR_ZERO, limit**2)


def atanh_twice(s: mpf) -> mpf:
    """log((1 + s) / (1 - s))."""
    return log(1 + s) - log(1 - s)


LN2 = log(2)
# A little more than the reduced ranges, as the reductions round.
HALF_LN2 = LN2 / 2 * mpf("1.001")
EIGHTH_TURN = pi / 4 * mpf("1.0001")
LARGEST_S = (sqrt(2) - 1) / (sqrt(2) + 1) * mpf("1.0001")

EXP = Target(lambda r: (exp(r) - 1 - r) / r**2, lambda r: r**2 / exp(r), -HALF_LN2, HALF_LN2)
LOG = Target(
    lambda z: (atanh_twice(sqrt(z)) / sqrt(z) - 2) / z,
    lambda z: z * sqrt(z) / atanh_twice(sqrt(z)),
    NEAR_ZERO,
    LARGEST_S**2,
)
LOG2 = Target(
    lambda z: atanh_twice(sqrt(z)) / sqrt(z) / LN2,
    lambda z: sqrt(z) * LN2 / atanh_twice(sqrt(z)),
    NEAR_ZERO,
    LARGEST_S**2,
)
COS = Target(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2 / cos(sqrt(z)), NEAR_ZERO, EIGHTH_TURN**2)
SIN = odd(sin, EIGHTH_TURN)
ATAN = odd(atan, mpf(1))


@dataclass(frozen=True)
class Format:
    name: str
    precision: int
    exponent_bits: int
    tanh_threshold: str
    counts: dict[str, int]


FORMATS = (
    Format("F32", 24, 9, "0.9", {"exp": 5, "log": 3, "log2": 3, "tanh": 7, "sin": 4, "cos": 3, "atan": 9}),
    Format("F64", 53, 12, "0.7", {"exp": 10, "log": 7, "log2": 7, "tanh": 12, "sin": 6, "cos": 6, "atan": 20}),
)


def hexadecimal(x: mpf) -> str:
    mantissa, _, exponent = float(x).hex().partition("p")
    return f'_h("{mantissa.rstrip("0").rstrip(".")}p{exponent}")'


def emit(name: str, values: Sequence[mpf], comment: str = "") -> None:
    if len(values) == 1:
        print(f"    {name}={hexadecimal(values[0])},")
        return
    print(f"    {name}=(" + (f"  # relative error {comment}" if comment else ""))
    for value in values:
        print(f"        {hexadecimal(value)},")
    print("    ),")


def emit_fit(name: str, target: Target, precisions: Sequence[Precision]) -> None:
    fitted = target.fit(precisions)
    comment = f"2**{float(log(target.error(fitted), 2)):.1f}"
    leading = [c for c in fitted if len(c) == 2]
    if leading:
        print(f"    {name}_leading=(")
        for high, low in leading:
            print(f"        ({hexadecimal(high)}, {hexadecimal(low)}),")
        print("    ),")
    emit(name, [c[0] for c in fitted if len(c) == 1], comment)


def emit_format(form: Format) -> None:
    p = form.precision
    print(f"\n{form.name} = Coefficients(")
    emit("inverse_ln2", words(1 / LN2, p))
    emit("ln2_split", words(LN2, (p - form.exponent_bits, p)))
    emit("ln2", words(LN2, (p, p)))
    emit("half_pi", words(pi / 2, (p, p)))
    emit("three_quarter_pi", words(3 * pi / 4, (p, p)))
    emit("pi", words(pi, (p, p)))
    print(f"    tanh_threshold={hexadecimal(rounded(mpf(form.tanh_threshold), p))},")
    tanh_target = odd(tanh, mpf(form.tanh_threshold))
    targets = {"exp": EXP, "log": LOG, "tanh": tanh_target, "sin": SIN, "cos": COS, "atan": ATAN}
    for name, target in targets.items():
        emit_fit(name, target, [p] * form.counts[name])
    emit_fit("log2", LOG2, [(p, p), (p, p)] + [p] * form.counts["log2"])
    print(")")


def emit_two_over_pi() -> None:
    bits = 1280
    number = int(mp.floor(2 / pi * mpf(2) ** bits)) if mp.prec >= bits else exact_two_over_pi(bits)
    print(f"\nTWO_OVER_PI_BITS = {bits}")
    print("TWO_OVER_PI = int(  # floor(2 / pi * 2**TWO_OVER_PI_BITS)")
    digits = f"{number:0{bits // 4}x}"
    for start in range(0, len(digits), 80):
        print(f'    "{digits[start : start + 80]}"')
    print("    , 16)")


def exact_two_over_pi(bits: int) -> int:
    with mp.workprec(bits + 64):
        return int(mp.floor(2 / +pi * mpf(2) ** bits))


HEADER = '''"""Polynomials and constants of the elementary functions, for each format.

Rule: these numbers are computed, never edited: ``tools/elementary_coefficients.py`` prints this file. A pair is the
sum of two numbers, the larger first. The comments state the relative error of a function's result that is due to
the polynomial alone, evaluated without rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

_h = float.fromhex


@dataclass(frozen=True, slots=True)
class Coefficients:
    """What differs between the formats. Polynomials have the constant term first.

    With z = x * x: exp(x) = 1 + x + z * exp(x); tanh, sin, atan: f(x) = x + x * z * f(z); cos(x) = 1 - z / 2
    + z * z * cos(z). With s = (m - 1) / (m + 1), z = s * s: log(m) = 2 * s + s * z * log(z); log2(m) = s * log2(z),
    whose first two coefficients are pairs.
    """

    inverse_ln2: float
    ln2_split: tuple[float, float]
    """The first word is short, so that its product with any exponent is exact."""
    ln2: tuple[float, float]
    half_pi: tuple[float, float]
    three_quarter_pi: tuple[float, float]
    pi: tuple[float, float]
    tanh_threshold: float
    """The tanh polynomial is valid up to here."""
    exp: tuple[float, ...]
    log: tuple[float, ...]
    tanh: tuple[float, ...]
    sin: tuple[float, ...]
    cos: tuple[float, ...]
    atan: tuple[float, ...]
    log2_leading: tuple[tuple[float, float], ...]
    log2: tuple[float, ...]
'''


def main() -> None:
    print(HEADER)
    for form in FORMATS:
        emit_format(form)
    emit_two_over_pi()


if __name__ == "__main__":
    main()

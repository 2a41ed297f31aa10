"""Units of measurement: exponents of the seven base units of the SI, a scale, and the zero of a temperature's scale.

    unit   ::= "1" | factor (("*" | "/" | "·") factor)*
    factor ::= symbol (("**" | "^") exponent | superscript)?        exponent: an integer, or a fraction in parentheses
    symbol ::= a base or derived unit, with a prefix if it is one of the SI: ``m``, ``km``, ``kN``, ``h``, ``%``

Rule: two units are equal iff their exponents and scales are, so ``N`` is ``kg*m/s**2`` and ``km/h`` is no ``m/s``, to
which a factor of 1000/3600 leads. An angle in radians and a ratio are numbers without a unit. A temperature in °C is a
point on a scale and no multiple of anything: such a unit is in no product, and differences are in K.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from math import isqrt, pi

from syncml.dataclass import dataclass
from syncml.ir.operators import Op

BASES = ("m", "kg", "s", "A", "K", "mol", "cd")
_QUANTITIES = ("length", "mass", "time", "current", "temperature", "amount", "luminous intensity")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


@dataclass(frozen=True, slots=True)
class SiUnit:
    """``scale`` times the product of the base units to the powers ``exponents``, counted from ``zero`` base units."""

    exponents: tuple[Fraction, ...]
    scale: Fraction = Fraction(1)
    zero: Fraction = Fraction(0)

    def __mul__(self, other: SiUnit) -> SiUnit:
        return SiUnit(
            tuple(a + b for a, b in zip(self.exponents, other.exponents, strict=True)), self.scale * other.scale
        )

    def __truediv__(self, other: SiUnit) -> SiUnit:
        return SiUnit(
            tuple(a - b for a, b in zip(self.exponents, other.exponents, strict=True)), self.scale / other.scale
        )

    def power(self, exponent: Fraction) -> SiUnit | None:
        """The unit to a power; None if its scale is then no fraction."""
        raised = tuple(e * exponent for e in self.exponents)
        if exponent.denominator == 1:
            return SiUnit(raised, self.scale**exponent.numerator)
        if exponent.denominator == 2:
            top, bottom = isqrt(self.scale.numerator), isqrt(self.scale.denominator)
            if (top * top, bottom * bottom) == (self.scale.numerator, self.scale.denominator):
                return SiUnit(raised, Fraction(top, bottom) ** exponent.numerator)
        return SiUnit(raised) if self.scale == 1 else None

    def converts_to(self, other: SiUnit) -> bool:
        """Whether both measure the same quantity, so that a factor, and a shift, lead from one to the other."""
        return self.exponents == other.exponents

    def __str__(self) -> str:
        name = _NAMES.get(self)
        if name is not None:
            return name
        top = [_factor(b, e) for b, e in zip(BASES, self.exponents, strict=True) if e > 0]
        bottom = [_factor(b, -e) for b, e in zip(BASES, self.exponents, strict=True) if e < 0]
        text = "*".join(top) or "1"
        text = "/".join([text, *bottom])
        return text if self.scale == 1 else f"{self.scale} {text}"


def _factor(symbol: str, exponent: Fraction) -> str:
    if exponent == 1:
        return symbol
    return f"{symbol}**{exponent}" if exponent.denominator == 1 else f"{symbol}**({exponent})"


def _unit(scale: Fraction | int = 1, **exponents: int) -> SiUnit:
    return SiUnit(tuple(Fraction(exponents.get(base, 0)) for base in BASES), Fraction(scale))


ONE = _unit()
"""A number without a unit."""

_DEGREE = _unit(Fraction(pi) / 180)
_CELSIUS = replace(_unit(K=1), zero=Fraction(27315, 100))
_FAHRENHEIT = replace(_unit(Fraction(5, 9), K=1), zero=Fraction(45967, 180))
_PREFIXED = {
    "m": _unit(m=1), "g": _unit(Fraction(1, 1000), kg=1), "s": _unit(s=1), "A": _unit(A=1), "K": _unit(K=1),
    "mol": _unit(mol=1), "cd": _unit(cd=1), "Hz": _unit(s=-1), "N": _unit(kg=1, m=1, s=-2),
    "Pa": _unit(kg=1, m=-1, s=-2), "J": _unit(kg=1, m=2, s=-2), "W": _unit(kg=1, m=2, s=-3), "C": _unit(A=1, s=1),
    "V": _unit(kg=1, m=2, s=-3, A=-1), "F": _unit(kg=-1, m=-2, s=4, A=2), "Ω": _unit(kg=1, m=2, s=-3, A=-2),
    "ohm": _unit(kg=1, m=2, s=-3, A=-2), "Wb": _unit(kg=1, m=2, s=-2, A=-1), "T": _unit(kg=1, s=-2, A=-1),
    "H": _unit(kg=1, m=2, s=-2, A=-2), "L": _unit(Fraction(1, 1000), m=3), "bar": _unit(100_000, kg=1, m=-1, s=-2),
    "rad": ONE,
}  # fmt: skip
_PLAIN = {
    "1": ONE, "%": _unit(Fraction(1, 100)), "min": _unit(60, s=1), "h": _unit(3600, s=1), "d": _unit(86400, s=1),
    "t": _unit(1000, kg=1), "deg": _DEGREE, "°": _DEGREE, "degC": _CELSIUS, "°C": _CELSIUS, "degF": _FAHRENHEIT,
    "°F": _FAHRENHEIT,
}  # fmt: skip
_PREFIXES = {
    "p": -12, "n": -9, "µ": -6, "μ": -6, "u": -6, "m": -3, "c": -2, "d": -1, "": 0, "da": 1, "h": 2, "k": 3,
    "M": 6, "G": 9,
}  # fmt: skip
_SYMBOLS = (
    {
        prefix + symbol: SiUnit(unit.exponents, unit.scale * Fraction(10) ** power)
        for prefix, power in _PREFIXES.items()
        for symbol, unit in _PREFIXED.items()
    }
    | _PLAIN
    | _PREFIXED
)
_NAMES = {
    _unit(kg=1, m=1, s=-2): "N", _unit(kg=1, m=2, s=-2): "J", _unit(kg=1, m=2, s=-3): "W",
    _unit(kg=1, m=-1, s=-2): "Pa", _unit(kg=1, m=2, s=-3, A=-1): "V", _unit(Fraction(1000, 3600), m=1, s=-1): "km/h",
    _unit(1000, m=1): "km", _unit(Fraction(1, 1000), m=1): "mm", _unit(Fraction(1, 1000), s=1): "ms",
    _unit(3600, s=1): "h", _unit(60, s=1): "min", _unit(Fraction(1, 100)): "%",
    _DEGREE: "deg", _CELSIUS: "°C", _FAHRENHEIT: "°F",
}  # fmt: skip
KEPT = frozenset({
    Op.COPY, Op.ADD, Op.SUB, Op.NEG, Op.ABS, Op.MIN, Op.MAX, Op.MOD, Op.RESHAPE, Op.TRANSPOSE, Op.SUM, Op.LEAST,
    Op.GREATEST, Op.CAST, Op.UNFOLD,
})  # fmt: skip
"""The operators of which the result and all operands have one unit."""
_TOKEN = re.compile(
    r"\s*(?P<symbol>1|%|[A-Za-zµμΩ°]+)\s*"
    r"(?:(?:\*\*|\^)\s*(?P<power>[-+]?\d+|\(\s*[-+]?\d+(?:/\d+)?\s*\))|(?P<super>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?\s*"
)


class UnitFault(Exception):
    """A text is no unit; ``help`` says what to write."""

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.help = help_


def unit_of(text: str) -> SiUnit:
    """The unit that ``text`` names.

    Raises:
        UnitFault: it names none.
    """
    result, position, sign = ONE, 0, 1
    while True:
        found = _TOKEN.match(text, position)
        if found is None:
            raise UnitFault(f"`{text}` is no unit", "write one such as m, m/s, m/s**2, km/h, rad, N*m, 1 or %")
        factor = _power(found, text, sign)
        alone = (position, found.end()) == (0, len(text))
        if factor.zero and not alone:
            raise UnitFault(
                f"`{found['symbol']}` is the unit of a point on a scale, and `{text}` is a product",
                "write K: a difference of temperatures is in K",
            )
        result = factor if alone else result * factor
        position = found.end()
        if position == len(text):
            return result
        if text[position] not in "*/·":
            raise UnitFault(f"`{text}` is no unit", "join units by * and /")
        sign = -1 if text[position] == "/" else 1
        position += 1


def _power(found: re.Match[str], text: str, sign: int) -> SiUnit:
    symbol = found["symbol"]
    if symbol not in _SYMBOLS:
        # Loaded where it is needed.
        from difflib import get_close_matches

        close = get_close_matches(symbol, _SYMBOLS, 1, 0.5)
        raise UnitFault(
            f"`{symbol}` in the unit `{text}` is not known",
            f"did you mean `{close[0]}`?" if close else "use a unit of the SI",
        )
    written = (found["power"] or "").strip("() ") or (found["super"] or "1").translate(_DIGITS)
    try:
        exponent = Fraction(written) * sign
    except (ValueError, ZeroDivisionError):
        raise UnitFault(f"`{text}` has the exponent `{written}`", "write a whole number") from None
    if exponent == 1:
        return _SYMBOLS[symbol]
    if _SYMBOLS[symbol].zero:
        raise UnitFault(f"`{symbol}` is the unit of a point on a scale, which has no powers", "write K")
    raised = _SYMBOLS[symbol].power(exponent)
    if raised is None:
        raise UnitFault(f"`{text}` has a root of a scaled unit", "write it in base units")
    return raised


def quantity(unit: SiUnit) -> str:
    """What a unit measures, where it is a power of one base unit; else nothing."""
    if unit.exponents == ONE.exponents:
        return "a number"
    found = [name for name, e in zip(_QUANTITIES, unit.exponents, strict=True) if e]
    return f"a {found[0]}" if len(found) == 1 and set(unit.exponents) <= {Fraction(0), Fraction(1)} else ""

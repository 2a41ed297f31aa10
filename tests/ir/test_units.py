"""Texts of units, and the algebra of units."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncml.ir.units import BASES, ONE, SiUnit, UnitFault, quantity, unit_of

UNITS = st.builds(
    SiUnit,
    st.tuples(*(st.fractions(-4, 4, max_denominator=2) for _ in BASES)),
    st.fractions(Fraction(1, 1000), 1000, max_denominator=1000),
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("N", "kg*m/s**2"),
        ("m/s²", "m/s^2"),
        ("m·s", "m*s"),
        ("Hz", "1/s"),
        ("Hz", "s**-1"),
        ("J", "N*m"),
        ("W", "V*A"),
        ("Pa", "N/m**2"),
        ("rad", "1"),
        ("m/m", "1"),
        ("m**(1/2)*m**(1/2)", "m"),
        ("ohm", "Ω"),
        ("µs", "us"),
        ("kg⁻¹", "1/kg"),
        ("m / s", "m/s"),
    ],
)
def test_two_texts_of_one_unit(one: str, other: str) -> None:
    assert unit_of(one) == unit_of(other)


def test_scales() -> None:
    assert unit_of("km/h").scale / unit_of("m/s").scale == Fraction(1000, 3600)
    assert unit_of("km/h").converts_to(unit_of("m/s")) and unit_of("km/h") != unit_of("m/s")
    assert unit_of("km**2").scale == 10**6
    assert unit_of("h").scale == 60 * unit_of("min").scale == 3600
    assert unit_of("mm").scale == Fraction(1, 1000) and unit_of("kN").scale == 1000
    assert unit_of("g").scale == Fraction(1, 1000) and unit_of("kg").scale == 1 and unit_of("t").scale == 1000
    assert unit_of("%").scale == Fraction(1, 100)


@pytest.mark.parametrize(
    "text", ["", "metre", "m//s", "m/", "*m", "m s", "m**", "m**x", "kkm", "m**(1/0)", "2*m", "km**(1/2)"]
)
def test_texts_of_no_unit(text: str) -> None:
    with pytest.raises(UnitFault):
        unit_of(text)


def test_a_close_symbol_is_proposed() -> None:
    with pytest.raises(UnitFault) as caught:
        unit_of("m/sec")
    assert caught.value.help
    assert quantity(unit_of("km")) == "a length" and quantity(ONE) == "a number" and quantity(unit_of("N")) == ""


@given(UNITS, UNITS)
def test_products_and_quotients_are_inverse(a: SiUnit, b: SiUnit) -> None:
    assert (a * b) / b == a
    assert a * b == b * a and a / a == ONE and a * ONE == a


@given(UNITS, st.integers(1, 5))
def test_a_power_is_a_repeated_product(a: SiUnit, n: int) -> None:
    product = ONE
    for _ in range(n):
        product = product * a
    assert a.power(Fraction(n)) == product
    assert product.power(Fraction(1)) == product
    assert (a * a).power(Fraction(1, 2)) == a


@given(UNITS)
def test_the_text_of_an_unscaled_unit_reads_back(a: SiUnit) -> None:
    plain = SiUnit(a.exponents)
    assert unit_of(str(plain)) == plain

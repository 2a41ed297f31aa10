"""The laws of rounding and of products hold for the machine's numbers, and refute what breaks them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncml.ir.constants import dtype
from syncml.ir.types import F32, F64, Scalar
from syncml.verify.floats.formats import FORMATS
from syncml.verify.laws import Laws, Rounding
from syncml.verify.products import Product
from syncml.verify.smt import z3
from syncml.verify.system import Nearest

NUMBERS = st.one_of(
    st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6),
    st.sampled_from([0.0, 2.0, 1.9999998807907104, 2.000000238418579, -2.0, 0.1, 1e-40]),
)


def number(value: Fraction) -> Any:
    return z3.RealVal(f"{value.numerator}/{value.denominator}")


def model_of(values: dict[str, Fraction]) -> Any:
    solver = z3.Solver()
    solver.add(*(z3.Real(name) == number(value) for name, value in values.items()))
    assert solver.check() == z3.sat
    return solver.model()


def true_in(lemmas: list[Any], values: dict[str, Fraction]) -> bool:
    pairs = [(z3.Real(n), number(v)) for n, v in values.items()]
    return all(z3.is_true(z3.simplify(z3.substitute(lemma, *pairs))) for lemma in lemmas)


def points(kind: Scalar, count: int) -> list[Rounding]:
    held = FORMATS[kind]
    sums = Nearest(str(kind), "", "", "add(_, _)", str(held.relative), "0")
    literal = Nearest(str(kind), "", "", "", str(held.relative))
    two = number(Fraction(2))
    return [*(Rounding(sums, z3.Real(f"e{i}"), z3.Real(f"r{i}")) for i in range(count)), Rounding(literal, two, two)]


@pytest.mark.parametrize("kind", [F32, F64])
@settings(max_examples=60, deadline=None)
@given(guess=st.lists(st.fractions(-100, 100), min_size=6, max_size=6), run=st.lists(NUMBERS, min_size=6, max_size=6))
def test_what_a_wrong_model_asks_for_is_true_of_the_machine(
    kind: Scalar, guess: list[Fraction], run: list[float]
) -> None:
    """Any model may ask; what it gets must hold for sums that the machine rounds."""
    wrong = {f"{'er'[i % 2]}{i // 2}": value for i, value in enumerate(guess)}
    laws, rounded = Laws(), points(kind, 3)
    lemmas = [
        *laws.roundings(model_of(wrong), rounded, twins=False),
        *laws.roundings(model_of(wrong), rounded, twins=True),
    ]
    machine = dtype(kind).type
    true: dict[str, Fraction] = {}
    for i in range(3):
        a, b = machine(run[2 * i]), machine(run[2 * i + 1])
        true |= {f"e{i}": Fraction(float(a)) + Fraction(float(b)), f"r{i}": Fraction(float(np.add(a, b)))}
    assert true_in(lemmas, true)


@settings(max_examples=60, deadline=None)
@given(
    guess=st.lists(st.fractions(-9, 9), min_size=7, max_size=7),
    run=st.lists(st.fractions(-9, 9), min_size=4, max_size=4),
)
def test_laws_of_products_hold_for_products(guess: list[Fraction], run: list[Fraction]) -> None:
    x, y, u, v, p, q, s = map(z3.Real, "xyuvpqs")
    products = [Product(p, x, y), Product(q, u, v), Product(s, x, x)]
    wrong = model_of(dict(zip("xyuvpqs", guess, strict=True)))
    laws = Laws()
    lemmas = [*laws.products(wrong, products), *laws.tangents(wrong, products), *laws.tangents(wrong, products)]
    a, b, c, d = run
    assert true_in(lemmas, dict(zip("xyuvpqs", (a, b, c, d, a * b, c * d, a * a), strict=True)))


def test_a_number_next_to_a_literal_is_none_of_its_format() -> None:
    near = Fraction(2) - Fraction(1, 2**30)
    lemmas = Laws().roundings(model_of({"e0": near, "r0": near}), points(F32, 1), twins=False)
    assert not true_in(lemmas, {"e0": near, "r0": near})
    assert true_in(lemmas, {"e0": near, "r0": Fraction(2)})

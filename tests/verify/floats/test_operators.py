"""The model of rounding against the machine: ranges contain results, errors are at most what is said of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from syncml.ir.constants import Const, dtype
from syncml.ir.elementary import evaluate, function
from syncml.ir.equations.syntax import Apply, Var
from syncml.ir.operators import Op
from syncml.ir.types import F32, F64, I32, Scalar, TensorType
from syncml.verify.floats.domain import Range, of_ends
from syncml.verify.floats.formats import FORMATS
from syncml.verify.floats.transfer import transfer
from tests.verify.build import SPAN

KINDS = (F32, F64)
ARITHMETIC = (Op.ADD, Op.SUB, Op.MUL, Op.DIV)


def floats(kind: Scalar) -> Any:
    """All finite floats, the subnormal and the largest ones among them; small integers and tenths often."""
    width = 32 if kind is F32 else 64
    most = float(np.finfo(dtype(kind)).max)
    tiny = float(np.finfo(dtype(kind)).smallest_subnormal)
    wide = st.floats(width=width, allow_nan=False, allow_infinity=False)
    near = st.sampled_from([0.0, 1.0, -1.0, 0.5, 3.0, most, -most, tiny, -tiny, 1000 * tiny, most / 3])
    plain = st.integers(-40, 40).map(lambda n: float(dtype(kind).type(n / 10)))
    return st.one_of(wide, near, plain, st.integers(-(2**24), 2**24).map(float))


def exact(op: Op, x: float, y: float) -> Fraction:
    a, b = Fraction(x), Fraction(y)
    return {Op.ADD: a + b, Op.SUB: a - b, Op.MUL: a * b}[op] if op is not Op.DIV else a / b


def machine(op: Op, x: float, y: float, kind: Scalar) -> Any:
    a, b = dtype(kind).type(x), dtype(kind).type(y)
    with np.errstate(all="ignore"):
        return {Op.ADD: np.add, Op.SUB: np.subtract, Op.MUL: np.multiply, Op.DIV: np.divide}[op](a, b)


def var(name: str, type_: Any) -> Var:
    return Var(name, type_, SPAN)


def applied(op: Op, ranges: list[Range], kind: Scalar) -> Any:
    arguments = tuple(var(f"x{i}", kind) for i in range(len(ranges)))
    return transfer(Apply(op, arguments), ranges, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("op", ARITHMETIC)
def test_a_result_is_in_its_range_and_as_far_from_exact_as_said(op: Op, kind: Scalar) -> None:
    @seed(4)
    @settings(max_examples=150, deadline=None)
    @given(st.lists(floats(kind), min_size=4, max_size=4), st.data())
    def check(ends: list[float], data: st.DataObject) -> None:
        a, b = of_ends(min(ends[:2]), max(ends[:2]), kind), of_ends(min(ends[2:]), max(ends[2:]), kind)
        result = applied(op, [a, b], kind)
        x = data.draw(st.sampled_from(ends[:2]))
        y = data.draw(st.sampled_from(ends[2:]))
        value = machine(op, x, y, kind)
        if np.isnan(value):
            assert bool(result.range.nan)
            return
        assert float(result.range.low) <= value <= float(result.range.high)
        if np.isfinite(value) and (op is not Op.DIV or y):
            error = abs(Fraction(float(value)) - exact(op, x, y))
            format_ = FORMATS[kind]
            if np.isfinite(result.error):
                assert error <= Fraction(float(result.error))
            tiny = Fraction(0) if op in (Op.ADD, Op.SUB) else format_.tiny
            assert error <= format_.relative * abs(exact(op, x, y)) + tiny

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_called_exact_is_exact(kind: Scalar) -> None:
    """Numbers on a grid: sums and products that the analysis does not round are not rounded."""

    @seed(5)
    @settings(max_examples=150, deadline=None)
    @given(
        st.tuples(*[st.integers(-(2**14), 2**14)] * 2), st.tuples(*[st.integers(-30, 8)] * 2),
        st.sampled_from((Op.ADD, Op.SUB, Op.MUL)),
    )  # fmt: skip
    def check(numbers: tuple[int, int], places: tuple[int, int], op: Op) -> None:
        x, y = (float(n * 2.0**p) for n, p in zip(numbers, places, strict=True))
        wide = [of_ends(-abs(v), abs(v), kind, grid=p) for v, p in zip((x, y), places, strict=True)]
        result = applied(op, wide, kind)
        value = Fraction(float(machine(op, x, y, kind)))
        if result.error == 0:
            assert value == exact(op, x, y)
        assert (value / Fraction(2) ** int(result.range.grid)).denominator == 1

    check()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("op", [Op.SQRT, Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS])
def test_elementary_functions_are_in_their_range(op: Op, kind: Scalar) -> None:
    source = np.random.default_rng(7)
    for _ in range(25):
        low, high = sorted(float(dtype(kind).type(x)) for x in source.uniform(-20, 20, 2))
        result = applied(op, [of_ends(low, high, kind)], kind)
        points = np.clip(source.uniform(low, high, 200).astype(dtype(kind)), low, high).astype(dtype(kind))
        with np.errstate(all="ignore"):
            values = np.sqrt(points) if op is Op.SQRT else evaluate(function(op, kind), points)
        if np.any(np.isnan(values)):
            assert bool(result.range.nan)
        numbers = values[~np.isnan(values)]
        assert np.all(numbers >= float(result.range.low))
        assert np.all(numbers <= float(result.range.high))


@pytest.mark.parametrize("kind", KINDS)
def test_contractions_keep_to_their_error(kind: Scalar) -> None:
    source = np.random.default_rng(11)
    machine_ = dtype(kind).type
    a, b = var("a", TensorType(kind, (3, 7))), var("b", TensorType(kind, (7,)))
    for scale in (1.0, 1e-30, 1e18):
        weights = (source.normal(size=(3, 7)) * scale).astype(machine_)
        bound = source.uniform(0, 3, size=7).astype(machine_)
        box = [of_ends(weights, weights, kind), of_ends(-bound, bound, kind)]
        result = transfer(Apply(Op.MATMUL, (a, b)), box, TensorType(kind, (3,)))
        for _ in range(20):
            x = (bound * source.uniform(-1, 1, size=7)).astype(machine_)
            total = np.zeros(3, dtype=machine_)
            for k in range(7):
                total = total + weights[:, k] * x[k]
            for row in range(3):
                real = sum(Fraction(float(w)) * Fraction(float(v)) for w, v in zip(weights[row], x, strict=True))
                assert abs(Fraction(float(total[row])) - real) <= Fraction(float(result.error[row]))
                assert result.range.low[row] <= total[row] <= result.range.high[row]


@pytest.mark.parametrize("form", ["ii->i", "ii->", "iji->ij", "iji,ii->j"])
def test_an_index_of_an_operand_twice_is_its_diagonal(form: str) -> None:
    source = np.random.default_rng(5)
    operands, _, result = form.partition("->")
    values = [source.integers(-9, 9, size=(3,) * len(own)).astype(np.float64) for own in operands.split(",")]
    variables = tuple(var(f"v{i}", TensorType(F64, x.shape)) for i, x in enumerate(values))
    found = transfer(
        Apply(Op.EINSUM, variables, form), [of_ends(x, x, F64) for x in values], TensorType(F64, (3,) * len(result))
    )
    # Small whole numbers: nothing rounds but the bound of the rounding.
    exact = np.einsum(form, *values)
    assert np.all(found.range.low <= exact)
    assert np.all(exact <= found.range.high)
    assert np.all(found.range.high - found.range.low <= 1e-9)


def test_conversions() -> None:
    small, large = of_ends(-100, 100, I32), of_ends(-(2**31), 2**31 - 1, I32)
    for numbers, exact_ in ((small, True), (large, False)):
        result = transfer(Apply(Op.CAST, (var("n", I32),), F32), [numbers], F32)
        assert (float(result.error) == 0.0) is exact_
        for n in (int(numbers.low), int(numbers.high), 7):
            value = np.float32(n)
            assert result.range.low <= value <= result.range.high
            assert abs(Fraction(float(value)) - n) <= Fraction(float(result.error))
    back = transfer(Apply(Op.CAST, (var("x", F32),), I32), [of_ends(-np.inf, 7.9, F32)], I32)
    assert (int(back.range.low), int(back.range.high)) == (-(2**31), 7)


def test_a_constant_is_the_number_that_the_machine_holds() -> None:
    from syncml.verify.floats.formats import machine_number

    tenth = machine_number(Const(0.1, F32))
    assert tenth == Fraction(13421773, 2**27)
    assert tenth != Fraction(1, 10)

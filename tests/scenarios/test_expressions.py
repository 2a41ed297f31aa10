"""Expressions and quantities: values against Python, faults, depth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncml.diagnostics.model import DiagnosticError
from syncml.scenario.expressions import parse, plus, spliced
from syncml.scenario.quantities import in_unit, read

A = {"a": np.float64(3.0), "b": np.array([1.0, 2.0])}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("-$a * -2", 6.0),
        ("10 - 4 - 3", 3.0),
        ("${2 * -$a}", -6.0),
        ("7 % 4 + abs(-(2))", 5.0),
        ("min(a, max(1, 2)) - 1", 1.0),
        ("not a > 2 or 1 == 1", 1.0),
        ("a > 2 and a >= 4", 0.0),
        ("sign(-a) + round(2.5) + floor(1.9) + ceil(1.1) + pow(2, 3) + sqrt(9)", 16.0),
    ],
)
def test_an_expression_has_the_value_that_arithmetic_gives(text: str, value: float) -> None:
    assert parse(text).value({"a": A["a"]}) == value


def test_an_expression_is_evaluated_for_many_runs_at_once() -> None:
    assert parse("${sqrt($a * $a) / ($b / 3.6)}").value(A).tolist() == [3.0 / (1.0 / 3.6), 3.0 / (2.0 / 3.6)]


@st.composite
def texts(draw: st.DrawFn, depth: int = 4) -> str:
    if depth == 0 or draw(st.booleans()):
        return draw(st.one_of(st.integers(0, 9).map(str), st.floats(0.1, 9.0).map(repr), st.just("a")))
    form = draw(st.sampled_from(["({} {o} {})", "{} {o} {}", "-{}", "abs({})", "min({}, {})"]))
    parts = [draw(texts(depth - 1)) for _ in range(form.count("{}"))]
    return form.format(*parts, o=draw(st.sampled_from(["+", "-", "*"])))


@given(texts())
def test_python_agrees(text: str) -> None:
    assert parse(text).value({"a": np.float64(3.0)}) == pytest.approx(eval(text, {"abs": abs, "min": min}, {"a": 3.0}))


@pytest.mark.parametrize(
    "text", ["", "1 +", "(1", "1)", "a b", "f(2)", "min(1)", "min(1, 2, 3)", "1 ~ 2", "* 2", "a.", "${", "3 4"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(DiagnosticError, match="S007"):
        parse(text).value(A)


@pytest.mark.parametrize("text", ["1 / 0", "sqrt(-1)", "pow(10, 400)", "c", "1 / (a - 3)", "1 / (b - 2)"])
def test_a_value_that_is_not_there_is_refused(text: str) -> None:
    with pytest.raises(DiagnosticError, match="S007"):
        parse(text).value(A)


def test_depth_costs_no_stack() -> None:
    deep = "(" * 20_000 + "1" + ")" * 20_000
    assert parse(deep).value({}) == 1.0
    assert parse("-" * 20_001 + "1").value({}) == -1.0


def test_definitions_are_spliced_in() -> None:
    inner = parse("b + 1")
    assert spliced(parse("2 * a - a"), {"a": inner}).value({"b": np.float64(4.0)}) == 5.0
    assert plus(read("${a} km/h", "m/s"), 1.0).value(A) == pytest.approx(3.0 / 3.6 + 1.0)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("50 km/h", "m/s", 50 / 3.6),
        (7, "m", 7.0),
        ("30 ms", "s", 0.03),
        ("90 deg", "rad", math.pi / 2),
        ("-2e1", "m", -20),
    ],
)
def test_a_quantity_counts_in_the_unit_of_its_field(text: float | str, unit: str, value: float) -> None:
    assert float(read(text, unit).value({})) == pytest.approx(value, rel=1e-15)


def test_a_quantity_of_a_stream_without_a_unit_counts_in_the_si() -> None:
    assert in_unit("36 km/h", "").value({}) == pytest.approx(10.0)
    assert in_unit("36 km/h", "km/h").value({}) == 36.0


@pytest.mark.parametrize("text", ["5 kg", "x", "5 5", "5 km/hh", "nan", "inf", "20 °C", float("nan"), float("inf")])
def test_what_is_no_speed_is_refused(text: float | str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(text, "m/s")

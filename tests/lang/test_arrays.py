"""Arrays are those of NumPy: the same expression, of streams and of arrays, has the same shape and values."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from syncml.diagnostics import DiagnosticError
from syncml.pipeline import check_file
from syncml.sim.interpreter import interpret

HEAD = """
import numpy as np
from typing import Any
from typing import Literal as L
from syncml import *

@node
def main({inputs}) -> Stream[{result}]:
    return {expression}
"""

NUMPY: dict[str, Any] = {
    "where": np.where,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "clip": lambda x, lo, hi: np.minimum(hi, np.maximum(lo, x)),
    "stack": lambda *parts: np.stack(parts),
    "concat": lambda *parts, axis=0: np.concatenate(parts, axis=axis),
    "einsum": np.einsum,
    "arange": np.arange,
}
"""What the functions of the language are in NumPy; the methods have its names."""


def type_of(value: NDArray[Any], any_size: bool) -> str:
    """The type of a stream of arrays like this one."""
    kind = "bool" if value.dtype == np.bool_ else "f64"
    sizes = ["Any" if any_size else f"L[{n}]" for n in value.shape]
    return {0: kind, 1: f"Vec[{', '.join([*sizes, kind])}]", 2: f"Mat[{', '.join([*sizes, kind])}]"}[value.ndim]


def run(expression: str, arrays: Mapping[str, NDArray[Any]], like: NDArray[Any]) -> NDArray[Any]:
    """The value of an expression of streams that have the values of `arrays`."""
    inputs = ", ".join(f"{name}: Stream[{type_of(value, False)}]" for name, value in arrays.items())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.py"
        path.write_text(HEAD.format(inputs=inputs, result=type_of(like, True), expression=expression))
        program = check_file(str(path)).program
    found = interpret(program, {name: value[None] for name, value in arrays.items()}, 1)
    return next(c for c in found.trace.columns if c.name == program.node(program.main).outputs[0].name).values[0]


@st.composite
def index(draw: st.DrawFn, extent: int) -> str:
    """An index or a slice of an axis that selects something."""
    if draw(st.booleans()):
        return str(draw(st.integers(-extent, extent - 1)))
    bound = st.one_of(st.none(), st.integers(-extent, extent))
    parts = [draw(bound), draw(bound), draw(st.sampled_from([None, 1, 2, -1, -2]))]
    if len(range(extent)[slice(*parts)]) == 0:
        return ":"
    return ":".join("" if part is None else str(part) for part in parts)


@st.composite
def step(draw: st.DrawFn, value: NDArray[Any], other: NDArray[Any]) -> str:
    """An operation on ``({})`` that has the value `value`, with another array ``b``."""
    axis = draw(st.sampled_from(["", *(f"axis={n}" for n in range(-value.ndim, value.ndim))]))
    forms = ["abs({0})", "-({0})", "({0}) * 2.0 - 3.0", "1.0 - ({0})"]
    try:
        np.broadcast_shapes(value.shape, other.shape)
    except ValueError:
        pass
    else:
        forms += [f"({{0}}) {op} b" for op in "+-*"] + ["minimum({0}, b)", "where(({0}) < b, {0}, b)", "b - ({0})"]
    if value.ndim:
        taken = ", ".join([draw(index(n)) for n in value.shape[: draw(st.integers(1, value.ndim))]])
        forms += [f"({{0}}).{name}({axis})" for name in ("sum", "min", "max", "mean")]
        forms += [f"(({{0}}) > 0.0).{name}({axis}) & True" for name in ("all", "any")]
        forms += [f"({{0}})[{taken}]", "({0}).T", f"({{0}}).reshape(-1, {value.shape[-1]})", "({0}).reshape(-1)"]
        forms += ["clip({0}, -2.0, 2.0)"]
        if value.ndim == 1:
            forms += ["stack({0}, ({0}) * 2.0)", f"({{0}}) * arange({value.shape[0]})", "({0}) @ ({0})"]
            forms += ['einsum("i,j->ij", {0}, {0})']
        else:
            forms += ["({0}) @ ({0}).T", 'einsum("ij->j", {0})', "concat({0}, {0}, axis=1)", "concat({0}, {0})"]
        if value.shape[-1:] == other.shape[:1]:
            forms.append("({0}) @ b")
    return draw(st.sampled_from(forms))


SHAPE = st.lists(st.integers(1, 4), min_size=0, max_size=2).map(tuple)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_expression_has_the_value_that_it_has_in_numpy(data: st.DataObject) -> None:
    draw = np.random.default_rng(data.draw(st.integers(0, 1 << 30)))
    arrays = {name: draw.integers(-5, 6, data.draw(SHAPE)).astype(np.float64) for name in ("a", "b")}
    expression, expected = "a", np.asarray(arrays["a"])
    for _ in range(data.draw(st.integers(1, 4))):
        if expected.dtype == np.bool_:
            break
        expression = data.draw(step(expected, arrays["b"])).format(expression)
        expected = np.asarray(eval(expression, NUMPY, dict(arrays)))
    found = run(expression, arrays, expected)
    assert found.shape == expected.shape, expression
    assert np.array_equal(found, expected), expression


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("a.sum(axis=2)", "T005"),
        ("a.any(axis=(0, 1))", "T005"),
        ("a.mean(axis=-3)", "T005"),
        ("cast(a, i32).mean()", "T006"),
        ("a.sum().mean()", "T002"),
        ("a.all()", "T006"),
    ],
)
def test_a_reduction_that_numpy_would_not_do_or_that_is_not_exact_is_refused(expression: str, code: str) -> None:
    with pytest.raises(DiagnosticError) as failed:
        run(expression, {"a": np.ones((2, 3))}, np.ones(()))
    assert [d.code for d in failed.value.diagnostics] == [code]


def test_an_array_that_only_f64_holds_meets_streams_of_f64() -> None:
    v = np.array([1.0, -2.0])
    found = run("np.array([[1e200, 2.0], [-3e300, 0.5]]) @ v", {"v": v}, v)
    assert found.tolist() == [1e200 - 4.0, -3e300 - 1.0]


def test_an_array_that_f32_does_not_hold_is_refused_beside_streams_of_f32() -> None:
    source = HEAD.format(inputs="v: Stream[Vec[L[2], f32]]", result="f32", expression="np.array([1e200, 2.0]) @ v")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.py"
        path.write_text(source)
        with pytest.raises(DiagnosticError) as fault:
            check_file(str(path))
    assert [d.code for d in fault.value.diagnostics] == ["T003"]

"""The derivative of each operator against central differences, and both directions against each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from numpy.typing import NDArray

from syncml import (
    Mat,
    Stream,
    Vec,
    atan2,
    clip,
    concat,
    constant,
    cos,
    einsum,
    exp,
    f32,
    f64,
    i32,
    log,
    maximum,
    minimum,
    node,
    sigmoid,
    sin,
    sqrt,
    stack,
    tanh,
    vec,
    where,
)
from syncml.ir.operators import Op
from syncml.lang.functions import cast
from syncml.lang.load import program_of
from syncml.learn import jvp, stop_gradient, vjp
from syncml.learn.elementwise import CHOICES, FACTORS, WITHOUT
from syncml.learn.structure import STRUCTURE
from syncml.pipeline import check
from syncml.sim.interpreter import replay

Array = NDArray[Any]
Case = Callable[[Any, Any, Any, Any], Any]

CASES: dict[str, Case] = {
    "add": lambda x, y, m, n: x + y,
    "add spread": lambda x, y, m, n: m + x,
    "sub": lambda x, y, m, n: x - m,
    "neg": lambda x, y, m, n: -x,
    "mul": lambda x, y, m, n: m * y,
    "square": lambda x, y, m, n: x * x,
    "div": lambda x, y, m, n: m / (2.0 + x * x),
    "div of one": lambda x, y, m, n: 1.0 / (3.0 + x),
    "abs": lambda x, y, m, n: abs(x),
    "min": lambda x, y, m, n: minimum(x, m),
    "max": lambda x, y, m, n: maximum(m, y),
    "clip": lambda x, y, m, n: clip(x, -0.4, 0.4),
    "where": lambda x, y, m, n: where(x < y, x * y, m),
    "where of one": lambda x, y, m, n: where(n > 0, x, y),
    "cast": lambda x, y, m, n: cast(cast(x * y, f32), f64) * 0.0 + x,
    "sqrt": lambda x, y, m, n: sqrt(2.0 + x),
    "exp": lambda x, y, m, n: exp(x),
    "log": lambda x, y, m, n: log(3.0 + x),
    "tanh": lambda x, y, m, n: tanh(m),
    "sigmoid": lambda x, y, m, n: sigmoid(x),
    "sin": lambda x, y, m, n: sin(x),
    "cos": lambda x, y, m, n: cos(y),
    "atan2": lambda x, y, m, n: atan2(x, y),
    "pow": lambda x, y, m, n: (3.0 + x) ** y,
    "cube": lambda x, y, m, n: x**3,
    "stack": lambda x, y, m, n: stack(x, y),
    "concat": lambda x, y, m, n: concat(m, stack(x), axis=0),
    "vec": lambda x, y, m, n: vec(x[1], y[2], x[1]),
    "index": lambda x, y, m, n: m[1] * x[0],
    "element": lambda x, y, m, n: m[1, 2] * m[0, 1],
    "slice": lambda x, y, m, n: x[1:] * y[:2],
    "steps": lambda x, y, m, n: x[::2],
    "backwards": lambda x, y, m, n: x[::-1] * y,
    "backwards in steps": lambda x, y, m, n: x[::-2] * y[:2],
    "at": lambda x, y, m, n: x[n],
    "row at": lambda x, y, m, n: m[n] * x,
    "at, clamped": lambda x, y, m, n: x[n + 9],
    "window": lambda x, y, m, n: x.window(n, 2),
    "window, clamped": lambda x, y, m, n: x.window(n - 9, 2) * y[:2],
    "update": lambda x, y, m, n: x.at[n].set(y[0]),
    "update of a row": lambda x, y, m, n: m.at[n].set(x),
    "update outside": lambda x, y, m, n: x.at[n + 9].set(y[0]),
    "get": lambda x, y, m, n: x.at[n + 9].get(2.0) * y,
    "reshape": lambda x, y, m, n: m.reshape(3, 2)[2] * x[:2],
    "transpose": lambda x, y, m, n: m.T @ x[:2],
    "windows": lambda x, y, m, n: m.windows(2, axis=1),
    "windows in steps": lambda x, y, m, n: m.reshape(6).windows(2, stride=2, dilation=3),
    "dot": lambda x, y, m, n: x @ y,
    "matrix and vector": lambda x, y, m, n: m @ x,
    "vector and matrix": lambda x, y, m, n: y[:2] @ m,
    "matrices": lambda x, y, m, n: m @ stack(x, y, x),
    "outer": lambda x, y, m, n: einsum("i,j->ij", x, y),
    "three operands": lambda x, y, m, n: einsum("i,ij,j->", y[:2], m, x),
    "diagonal": lambda x, y, m, n: einsum("ii->i", einsum("i,j->ij", x, y)),
    "trace": lambda x, y, m, n: einsum("ii->", einsum("i,j->ij", x, y)) * x,
    "sum of one axis": lambda x, y, m, n: einsum("ij->j", m),
    "sum": lambda x, y, m, n: m.sum(axis=0) * x,
    "total": lambda x, y, m, n: m.sum() * x,
    "mean": lambda x, y, m, n: m.mean(axis=1),
    "least": lambda x, y, m, n: m.min(axis=1),
    "greatest": lambda x, y, m, n: m.max(axis=0) * x,
    "copy": lambda x, y, m, n: stop_gradient(x) * y + constant([1.0, 2.0, 3.0], type=f64) * x,
}  # fmt: skip


def total(result: Stream[Any]) -> Stream[f64]:
    """A number that depends on each element in its own way."""
    weights = np.cos(1.0 + np.arange(max(1, int(np.prod(result.shape))))).reshape(result.shape)
    weighted: Any = result * (constant(weights, type=f64) if result.shape else float(weights))
    return weighted.sum() if result.shape else weighted


@node
def objective(
    case: Case, x: Stream[Vec[L[3], f64]], y: Stream[Vec[L[3], f64]], m: Stream[Mat[L[2], L[3], f64]], n: Stream[i32]
) -> Stream[f64]:
    return total(case(x, y, m, n))


@node
def gradients(
    case: Case, x: Stream[Vec[L[3], f64]], y: Stream[Vec[L[3], f64]], m: Stream[Mat[L[2], L[3], f64]], n: Stream[i32]
) -> tuple[Stream[f64], Stream[Vec[L[3], f64]], Stream[Vec[L[3], f64]], Stream[Mat[L[2], L[3], f64]]]:
    value, (dx, dy, dm) = vjp(objective, wrt=("x", "y", "m"))(1.0, case, x, y, m, n)
    return value, dx, dy, dm


@node
def change(
    case: Case, x: Stream[Vec[L[3], f64]], y: Stream[Vec[L[3], f64]], m: Stream[Mat[L[2], L[3], f64]], n: Stream[i32]
) -> tuple[Stream[f64], Stream[f64]]:
    along = tuple(constant(part, type=f64) for part in DIRECTION)
    value, d = jvp(objective, wrt=("x", "y", "m"))(along, case, x, y, m, n)
    return value, d


SHAPES = ((3,), (3,), (2, 3))
RNG = np.random.default_rng(3)
DIRECTION = tuple(RNG.normal(size=shape) for shape in SHAPES)
POINT = tuple(RNG.uniform(-1.0, 1.0, size=shape) for shape in SHAPES)


def run(of: Any, case: Case, points: list[tuple[Array, ...]]) -> list[Array]:
    checked = check(program_of(of, case=case))
    inputs: dict[str, Array] = {
        name: np.array(column) for name, column in zip("xym", zip(*points, strict=True), strict=True)
    }
    inputs["n"] = np.ones(len(points), dtype=np.int32)
    trace = replay(checked.program, inputs, len(points))
    return [np.asarray(trace.column(v.name).values) for v in checked.main.outputs]


def differences(case: Case) -> list[Array]:
    """The gradient by central differences."""
    step = 1e-6
    points: list[tuple[Array, ...]] = []
    for which, part in enumerate(POINT):
        for place in np.ndindex(part.shape):
            for sign in (1.0, -1.0):
                moved = part.copy()
                moved[place] += sign * step
                points.append((*POINT[:which], moved, *POINT[which + 1 :]))
    values = run(objective, case, points)[0]
    slopes = (values[::2] - values[1::2]) / (2 * step)
    cuts = np.cumsum([part.size for part in POINT])[:-1]
    return [found.reshape(part.shape) for found, part in zip(np.split(slopes, cuts), POINT, strict=True)]


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_slopes(name: str) -> None:
    value, *found = run(gradients, CASES[name], [POINT])
    assert value == run(objective, CASES[name], [POINT])[0]
    expected = differences(CASES[name])
    if name == "copy":
        # By x as if the first x were a constant.
        expected[0] = np.cos(1.0 + np.arange(3)) * [1.0, 2.0, 3.0]
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_allclose(got[0], want, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_both_directions_agree(name: str) -> None:
    _, *adjoints = run(gradients, CASES[name], [POINT])
    _, along = run(change, CASES[name], [POINT])
    product = sum(float((a[0] * d).sum()) for a, d in zip(adjoints, DIRECTION, strict=True))
    assert along[0] == pytest.approx(product, rel=1e-12, abs=1e-12)


def test_each_operator_has_a_rule() -> None:
    kinds = [FACTORS, CHOICES, STRUCTURE, WITHOUT]
    assert frozenset().union(*kinds) == set(Op)
    assert sum(map(len, kinds)) == len(Op)

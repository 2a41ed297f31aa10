"""Each operator of the table in an exported file, in the runtimes that are there, against the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import (
    Stream,
    Vec,
    atan2,
    cast,
    concat,
    constant,
    cos,
    einsum,
    exp,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    log,
    maximum,
    minimum,
    node,
    sigmoid,
    sin,
    sqrt,
    stack,
    tanh,
    u8,
    u16,
    u32,
    u64,
    vec,
    where,
)
from syncml.diagnostics.model import DiagnosticError
from syncml.ir.equations.syntax import Apply
from syncml.ir.operators import Op
from tests.export_onnx.running import RUNTIMES, agrees, checked_of, exported, interpreted, streamed

INTEGERS = (i8, i16, i32, i64, u8, u16, u32, u64)
W = np.arange(12, dtype=np.float32).reshape(4, 3) / 7 - 0.6
Expression = Callable[..., Any]

REAL: dict[str, Expression] = {
    "arithmetic": lambda x, y, a, b, i: (a + x) * b - y / (1.0 + x * x),
    "signs": lambda x, y, a, b, i: -abs(a) + abs(y),
    "extremes": lambda x, y, a, b, i: maximum(minimum(a, x), -0.5) + b.max(axis=0) - b.min(axis=0),
    "order": lambda x, y, a, b, i: where((a < b) | (x <= y), a, where((a >= 0.0) & ~(b > x), b, y)),
    "equality": lambda x, y, a, b, i: where((a == a) ^ (a != b), 1.0, a),
    "elementary": lambda x, y, a, b, i: exp(a) + log(1.0 + a * a) + tanh(b) * sigmoid(a) + sin(x) * cos(b),
    "roots": lambda x, y, a, b, i: sqrt(b * b + y * y),
    "not a number": lambda x, y, a, b, i: sqrt(a) + where(b > 0.5, a, x / 0.0),
    "powers": lambda x, y, a, b, i: (abs(a) + 0.1) ** b,
    "parts": lambda x, y, a, b, i: concat(stack(x, y), a[1:], b[::-2], vec(a[0], 2.0, x)),
    "constants among parts": lambda x, y, a, b, i: concat(a, constant([1.0, 2.0])) * x,
    "at": lambda x, y, a, b, i: a[i] + constant(W)[i].sum(axis=0) + a[constant(2, i32)],
    "window": lambda x, y, a, b, i: concat(a.window(i, 2) * x, constant(W).window(i, 2)[0]),
    "set": lambda x, y, a, b, i: a.at[i].set(x),
    "set in a matrix": lambda x, y, a, b, i: (a.reshape(2, 2).at[i % 2, constant(1, i32)].set(y)) @ vec(x, 1.0),
    "vectors": lambda x, y, a, b, i: (a @ b) * constant(W[:, 0]) + a @ constant(W[:, 1]),
    "matrices": lambda x, y, a, b, i: concat(
        a.reshape(2, 2) @ b.reshape(2, 2) @ b[:2],
        constant(W.T) @ a,
        a @ constant(W),
        a[:2] @ b.reshape(2, 2),
        (constant(W.T[:2]) @ stack(a, b, a, b)).reshape(8),
    ),
    "contraction": lambda x, y, a, b, i: einsum("ij,jk,k->i", a.reshape(2, 2), constant(W[:2]), vec(x, y, 1.0)),
    "windows": lambda x, y, a, b, i: a.windows(2, stride=1).reshape(6).windows(3, stride=2, dilation=1).sum(axis=1),
    "axes": lambda x, y, a, b, i: einsum("kij->ik", stack(a, b).reshape(2, 2, 2).transpose(2, 0, 1)).reshape(4),
    "sums": lambda x, y, a, b, i: stack(a, b).sum(axis=0) + stack(a, b).sum(axis=1).max(axis=0),
    "all and any": lambda x, y, a, b, i: where((a > 0.0).all() | (b > 1.0).any(), x, y),
    "conversions": lambda x, y, a, b, i: cast(cast(a, f64) * 1e3, f32) + cast(a > b, f32) + cast(i, f32),
}  # fmt: skip
"""Two numbers, two vectors and an index."""


def real(body: Expression, kind: Any) -> Any:
    @node
    def top(
        x: Stream[kind], y: Stream[kind], a: Stream[Vec[L[4], kind]], b: Stream[Vec[L[4], kind]], i: Stream[i32]
    ) -> Stream[Any]:
        return body(x, y, a, b, i)

    return top


def whole(body: Expression, kind: Any) -> Any:
    @node
    def top(x: Stream[kind], y: Stream[kind], a: Stream[Vec[L[4], kind]], b: Stream[Vec[L[4], kind]]) -> Stream[Any]:
        return body(x, y, a, b)

    return top


WHOLE: dict[str, Expression] = {
    "arithmetic": lambda x, y, a, b: (a + x) * b - y * -a,
    "magnitude": lambda x, y, a, b: abs(a),
    "extremes": lambda x, y, a, b: concat(maximum(minimum(a, x), b), stack(a, b, a).max(axis=1), vec(b.min(axis=0))),
    "order": lambda x, y, a, b: where((a < b) & (x <= y), a, where((a >= b) | (b > x), b, y)),
    "bits": lambda x, y, a, b: (a & b) ^ (~a | x),
    "sums": lambda x, y, a, b: a.sum(axis=0) + a @ b + einsum("i,j->ij", a, b).sum(axis=0),
    "products": lambda x, y, a, b: einsum("ij,j->i", stack(a, b, a), b) + stack(a, b, b) @ a,
    "parts": lambda x, y, a, b: concat(stack(x, y), a[1:], where(a == b, a, x)),
    "set": lambda x, y, a, b: a.at[cast(y, i32)].set(x),
}


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("case", REAL)
def test_operators_on_floats(case: str, runtime: str) -> None:
    agrees(real(REAL[case], f32), runtime, tolerance=3e-6)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("case", ["arithmetic", "elementary", "extremes", "matrices", "at"])
def test_operators_on_doubles(case: str, runtime: str) -> None:
    if case == "at":
        agrees(real(lambda x, y, a, b, i: a[i] + x, f64), runtime, tolerance=1e-15)
    else:
        weights = W.astype(np.float64)
        bodies: dict[str, Expression] = {**REAL, "matrices": lambda x, y, a, b, i: constant(weights.T, f64) @ a}
        agrees(real(bodies[case], f64), runtime, tolerance=1e-14)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_operators_on_integers(kind: Any, runtime: str) -> None:
    for body in WHOLE.values():
        agrees(whole(body, kind), runtime, ticks=40)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("kind", INTEGERS[:-1], ids=str)
def test_quotients_never_trap(kind: Any, runtime: str) -> None:
    agrees(whole(lambda x, y, a, b: concat(a // b, a % b, a // y, x % b), kind), runtime, ticks=200)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("source", [*INTEGERS, f32, f64, bool], ids=str)
def test_conversions(source: Any, runtime: str) -> None:
    for target in (*INTEGERS, f32, f64, bool):

        def body(a: Any, target: Any = target) -> Any:
            return cast(a, target)

        @node
        def top(a: Stream[Vec[L[4], source]]) -> Stream[Any]:
            return body(a)

        agrees(top, runtime, ticks=20)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("target", INTEGERS, ids=str)
def test_conversions_saturate_and_a_nan_is_0(target: Any, runtime: str) -> None:
    edges = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 127.5, 128.0, 2.0**31, 2.0**63, 2.0**64, -(2.0**31), -0.9])

    @node
    def top(a: Stream[f32], b: Stream[f64]) -> Stream[Any]:
        return vec(cast(a, target), cast(b, target))

    checked = checked_of(top)
    inputs = {"a": edges.astype(np.float32)[:, None], "b": edges[:, None]}
    content = exported(checked)
    (found,) = streamed(content, RUNTIMES[runtime](content), inputs).values()
    (wanted,) = interpreted(checked, inputs).values()
    np.testing.assert_array_equal(found, wanted)


REFUSED = {
    "atan2": real(lambda x, y, a, b, i: atan2(a, b), f32),
    "shl": whole(lambda x, y, a, b: a << b, i32),
    "shr": whole(lambda x, y, a, b: a >> b, u8),
    "floordiv": whole(lambda x, y, a, b: a // b, u64),
    "at": whole(lambda x, y, a, b: a[x], u64),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_counterpart_is_refused_at_its_line(name: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        exported(checked_of(REFUSED[name]))
    (fault,) = caught.value.diagnostics
    assert fault.code == "X007" and f"`{name}` of" in fault.message
    assert f"{name}" if fault.span is None else Path(fault.span.file).name == Path(__file__).name
    assert "input" in (fault.help or "")


def test_every_operator_is_in_one_of_these_programs() -> None:
    tops = [real(body, f32) for body in REAL.values()] + [whole(body, i32) for body in WHOLE.values()]
    tops += [*REFUSED.values(), whole(lambda x, y, a, b: a // b + a % b, i32)]
    found = {e.rhs.op for top in tops for e in checked_of(top).main.equations if isinstance(e.rhs, Apply)}
    assert set(Op) - found == {Op.COPY}

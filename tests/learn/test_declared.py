"""Derivatives that nodes declare: both directions follow the rule, and what does not fit is refused."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from numpy.typing import NDArray

from syncml import Stream, Vec, each, f64, hold, merge, node, segment, state, tanh, when, where, zeros
from syncml.diagnostics.model import DiagnosticError
from syncml.lang.load import program_of
from syncml.learn import grad, jvp, vjp, with_tangent
from syncml.pipeline import check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import replay

TICKS = 12
RNG = np.random.default_rng(3)
X, C = RNG.uniform(-1.0, 1.0, (2, TICKS))


@node
def step(x: Stream[f64], width: float) -> Stream[f64]:
    return where(x > 0.0, x * 0.0 + 1.0, 0.0)


@node
def surrogate(d_x: Stream[f64], x: Stream[f64], width: float) -> Stream[f64]:
    return d_x * (width / (1.0 + x * x))


spike = with_tangent(step, surrogate)


@node
def leaky(x: Stream[f64], w: Stream[f64]) -> tuple[Stream[f64], Stream[bool]]:
    v = state(init=0.0, type=f64)
    v.next = 0.8 * v + w * x
    return v.next, v.next > 0.5


@node
def at_once(d_x: Stream[f64], d_w: Stream[f64], x: Stream[f64], w: Stream[f64]) -> Stream[f64]:
    return d_x * w + d_w * x


forgetful = with_tangent(leaky, at_once)


def run(program: Any, **inputs: NDArray[Any]) -> dict[str, NDArray[Any]]:
    checked = check(program_of(program)).program
    outputs = [var.name for var in checked.node(checked.main).outputs]
    trace = replay(checked, inputs, TICKS)
    compiled = compile_program(checked).run(inputs, TICKS)
    found = {name: np.asarray(trace.column(name).values) for name in outputs}
    for name, values in found.items():
        np.testing.assert_array_equal(np.asarray(compiled.column(name).values), values)
    return found


def test_an_adjoint_is_the_transpose_of_the_declared_change() -> None:
    @node
    def network(x: Stream[f64], c: Stream[f64]) -> Stream[f64]:
        return spike(tanh(x) * c, 3.0) * c

    @node
    def top(x: Stream[f64], c: Stream[f64]) -> tuple[Stream[f64], Stream[f64], Stream[f64], Stream[f64]]:
        y, (dx, dc) = vjp(network, wrt=("x", "c"))(1.0, x, c)
        _, dy = jvp(network, wrt="x")(1.0, x, c)
        return y, dx, dc, dy

    y, dx, dc, dy = run(top, x=X, c=C).values()
    inner = np.tanh(X) * C
    slope = 3.0 / (1.0 + inner * inner)
    np.testing.assert_allclose(y, (inner > 0.0) * C, rtol=1e-12)
    np.testing.assert_allclose(dx, C * slope * C * (1.0 - np.tanh(X) ** 2), rtol=1e-12)
    np.testing.assert_allclose(dc, (inner > 0.0) + C * slope * np.tanh(X), rtol=1e-12)
    np.testing.assert_allclose(dy, dx, rtol=1e-12)


def test_the_node_itself_is_seen_from_outside() -> None:
    @node
    def top(x: Stream[f64]) -> Stream[f64]:
        return grad(spike)(x, 2.0)

    (slope,) = run(top, x=X).values()
    np.testing.assert_allclose(slope, 2.0 / (1.0 + X * X), rtol=1e-12)


def test_memory_inside_is_not_gone_back_through() -> None:
    @node
    def loss(x: Stream[f64], w: Stream[f64]) -> tuple[Stream[f64], Stream[bool]]:
        level, fired = forgetful(x, w)
        return level * level, fired

    @node
    def top(x: Stream[f64], c: Stream[f64]) -> tuple[Stream[f64], Stream[f64]]:
        dx, dw = grad(loss, wrt=("x", "w"))(x, c)  # No segment: the rule has no memory.
        return dx, dw

    dx, dw = run(top, x=X, c=C).values()
    level = np.zeros(TICKS)
    for n in range(TICKS):
        level[n] = (0.8 * level[n - 1] if n else 0.0) + X[n] * C[n]
    np.testing.assert_allclose(dx, 2.0 * level * C, rtol=1e-12)
    np.testing.assert_allclose(dw, 2.0 * level * X, rtol=1e-12)


def test_a_declared_derivative_within_a_recurrence_an_array_and_a_second_derivative() -> None:
    @node
    def cell(x: Stream[f64]) -> Stream[f64]:
        return spike(x, 1.0)

    @node
    def loss(x: Stream[Vec[L[3], f64]]) -> Stream[f64]:
        h = state(init=zeros(3), type=Vec[L[3], f64])
        h.next = 0.5 * h + each(cell)(x + h)
        return h.next.sum()

    @node
    def top(x: Stream[Vec[L[3], f64]], c: Stream[f64]) -> tuple[Stream[Vec[L[3], f64]], Stream[f64]]:
        with segment(every=TICKS) as seg:
            dx = grad(loss)(x)
            total = state(init=zeros(3), type=Vec[L[3], f64])
            total.next = total + dx

            found = hold(when(total.next, seg.last), init=zeros(3))
        return found, grad(slope_of)(c)

    @node
    def slope_of(c: Stream[f64]) -> Stream[f64]:
        return grad(spike)(c, 1.0)

    x = RNG.uniform(-1.0, 1.0, (TICKS, 3))
    found, second = run(top, x=x, c=C).values()
    h = np.zeros((TICKS + 1, 3))
    for n in range(TICKS):
        h[n + 1] = 0.5 * h[n] + (x[n] + h[n] > 0.0)
    slope = 1.0 / (1.0 + (x + h[:-1]) ** 2)
    back, total = np.zeros(3), np.zeros(3)
    for n in reversed(range(TICKS)):
        change = 1.0 + back
        total += change * slope[n]
        back = change * (0.5 + slope[n])
    np.testing.assert_allclose(found.reshape(TICKS, 3)[-1], total, rtol=1e-12)
    np.testing.assert_allclose(second, -2.0 * C / (1.0 + C * C) ** 2, rtol=1e-9)


@node
def squared(d_x: Stream[f64], x: Stream[f64], width: float) -> Stream[f64]:
    return d_x * d_x


@node
def few(x: Stream[f64], width: float) -> Stream[f64]:
    return x


@node
def remembers(d_x: Stream[f64], x: Stream[f64], width: float) -> Stream[f64]:
    v = state(init=0.0, type=f64)
    v.next = v + d_x
    return v.next


@node
def wrong_type(d_x: Stream[f64], x: Stream[f64], width: float) -> Stream[bool]:
    return d_x > x


@node
def of_other(d_x: Stream[f64], x: Stream[f64], height: float) -> Stream[f64]:
    return d_x * height


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (squared, "not linear in the change `d_x`"),
        (few, "takes 1 streams, not 2"),
        (remembers, "remembers a change"),
        (wrong_type, "gives changes of types `bool`, not `f64`"),
        (of_other, "`height` of its rule is no Python value of the node"),
    ],
)
def test_what_does_not_fit_is_refused(rule: Any, says: str) -> None:
    wrong = with_tangent(step, rule)

    @node
    def top(x: Stream[f64]) -> Stream[f64]:
        return grad(wrong)(x, 1.0)

    with pytest.raises(DiagnosticError) as refused:
        check(program_of(top))
    assert [d.code for d in refused.value.diagnostics] == ["G005"]
    assert says in refused.value.diagnostics[0].message


def test_streams_on_other_clocks_are_refused() -> None:

    @node
    def halved(x: Stream[f64], c: Stream[bool]) -> Stream[f64]:
        return when(x, c)

    @node
    def rule(d_x: Stream[f64], x: Stream[f64], c: Stream[bool]) -> Stream[f64]:
        return when(d_x, c)

    wrong = with_tangent(halved, rule)

    @node
    def loss(x: Stream[f64], c: Stream[bool]) -> Stream[f64]:
        return merge(c, wrong(x, c), when(x, ~c))

    @node
    def top(x: Stream[f64], c: Stream[bool]) -> Stream[f64]:
        return grad(loss)(x, c)

    with pytest.raises(DiagnosticError) as refused:
        check(program_of(top))
    assert "is on another clock" in refused.value.diagnostics[0].message

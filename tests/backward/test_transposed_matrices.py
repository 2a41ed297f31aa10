"""Traces of vectors and matrices: recurrences from the end to the start with matrices, summed from the start."""

from __future__ import annotations

from functools import cache
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, concat, einsum, f64, node, post, segment, state, tanh, vec, where, wire
from syncml.ir.equations.check import check_program
from syncml.ir.equations.syntax import Fby, Pack, Post
from syncml.ir.types import shape
from syncml.lang.load import program_of
from syncml.learn import SGD, descend, parameter, value_and_grad
from syncml.pipeline import Checked, check
from syncml.sim.interpreter import interpret
from tests.backward.engines import assert_engines_agree
from tests.backward.programs import M33, V3, WH, WO, Z3, outer

M34 = Mat[L[3], L[4], f64]
V4 = Vec[L[4], f64]
U = np.random.default_rng(9).normal(size=(3, 4)) * 0.5


@node
def loss(w: Stream[M33], u: Stream[M34], o: Stream[V3], x: Stream[V4]) -> Stream[f64]:
    h = state(init=Z3, type=V3)
    h.next = tanh(w @ h + u @ x)
    error = h.next @ o - x[0]
    return error * error


@node
def network(schedule: str, length: int, x: Stream[V4]) -> tuple[Stream[M33], Stream[M34], Stream[V3]]:
    """Back-propagation through time, or real-time recurrent learning, of all parameters of a network."""
    with segment(every=length, schedule=schedule) as batch:
        w, u, o = (parameter(batch, init=init, type=f64, name=name)
                   for name, init in (("w", WH), ("u", U), ("o", WO)))  # fmt: skip
        _, slopes = value_and_grad(loss, wrt=("w", "u", "o"))(w, u, o, x)
        descend(batch, SGD(0.05, momentum=0.5), *zip((w, u, o), slopes, strict=True), limit=1.0, average=True)
    return w, u, o


@node
def varying(schedule: str, length: int, x: Stream[V4]) -> tuple[Stream[M34], Stream[M34], Stream[f64]]:
    """A matrix that changes from instant to instant; a diagonal one, which needs no axis of its own; their mixture."""
    with segment(every=length, schedule=schedule) as block:
        a = outer(tanh(x[:3]), x[1:]) * 0.3 + 0.1
        g, d = wire(V3), wire(V3)
        g.define(a @ post(g, init=x[:3]) + x[1:])
        d.define(x[:3] * 0.5 * post(d, init=Z3) + where(x[0] > 0.0, x[1:], Z3))
        dense, diagonal = block.total(outer(g, x)), block.total(einsum("i,j->ij", d, x))
        mixed = block.total((g * 2.0 - d) @ (a @ x[:3]))
    return dense, diagonal, mixed


@node
def apart(schedule: str, length: int, x: Stream[V4]) -> tuple[Stream[V4], Stream[Mat[L[2], L[3], f64]], Stream[f64]]:
    """Arrays that are taken apart and put together on the way."""
    with segment(every=length, schedule=schedule) as block:
        g = wire(V4)
        behind = post(g, init=x)
        turned = concat(behind[2:], -behind[:2])
        rows = turned.reshape(2, 2).T
        both = vec(rows[0] * 0.5, rows[1] / 4.0).reshape(2, 2)
        g.define((both @ both_of(x)).reshape(4) * 0.7 + x)
        steps = block.total(vec(g[1], g[0] + 2.0 * g[3], g.sum(), x[0]))
        stacked = block.total(vec(g[1:], concat(g[:2], x[3:])).reshape(2, 3))
        scalar = block.total(rows.sum() - (g.reshape(4, 1) * x.reshape(1, 4)).sum())
    return steps, stacked, scalar


def both_of(x: Any) -> Any:
    """A matrix of the inputs."""
    return outer(x[:2], x[2:]) * 0.2


PROGRAMS = {"network": network, "varying": varying, "apart": apart}


@cache
def made(name: str, schedule: str, length: int) -> Checked:
    return check(program_of(PROGRAMS[name], schedule=schedule, length=length))


def run(checked: Checked, ticks: int) -> list[Any]:
    x = np.random.default_rng(2).normal(size=(ticks, 4))
    trace = interpret(checked.program, {"x": x}, ticks).trace
    columns = [trace.column(v.name) for v in checked.main.outputs]
    return [np.asarray(c.values)[np.asarray(c.present)] for c in columns]


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_sums_are_those_of_the_sweeps(name: str, length: int) -> None:
    """To a few roundings: both add the same terms in another order."""
    tape, traces = made(name, "burst", length), made(name, "transposed", length)
    check_program(traces.program)
    for left, right in zip(run(tape, 5 * length), run(traces, 5 * length), strict=True):
        assert left.shape == right.shape and len(left)
        np.testing.assert_allclose(right, left, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", PROGRAMS)
def test_all_engines_have_the_same_bits(name: str) -> None:
    x = np.random.default_rng(5).normal(size=(20, 4))
    assert_engines_agree(made(name, "transposed", 7), {"x": x}, 20)


def traces_of(name: str, length: int) -> list[tuple[int, ...]]:
    equations = made(name, "transposed", length).main.equations
    assert not any(isinstance(e.rhs, Post | Pack) for e in equations)
    found = (e.target for e in equations if isinstance(e.rhs, Fby))
    return sorted(shape(v.type) for v in found if "_trace" in v.name)


def test_a_trace_has_an_axis_of_its_own_only_where_elements_meet() -> None:
    """Of a parameter of n x m through a state of n by a matrix: n x m x n numbers, whatever the length; else n x m."""
    assert traces_of("network", 7) == traces_of("network", 1000) == [(3, 3, 3), (3, 4, 3)]
    assert (3, 4) in traces_of("varying", 7) and (3, 4, 3) in traces_of("varying", 7)

"""The passes of programs written with the library: the same numbers as for the equations written by hand."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, constant, f64, node, pack, post, segment, state, tanh, when, wire
from syncml.ir.equations.passes import passes_of
from syncml.lang.load import program_of
from syncml.learn import SGD, descend, value_and_grad
from syncml.learn.layers import batch_norm
from syncml.learn.rl.returns import following_value, gae
from syncml.pipeline import check

N = 6
Pair = Vec[L[2], f64]
Square = Mat[L[2], L[2], f64]
Z2, W = np.zeros(2), np.array([[0.5, 0.1], [-0.2, 0.4]])


@node
def network(w: Stream[Square], x: Stream[Pair]) -> Stream[f64]:
    h = state(init=Z2, type=Pair)
    h.next = tanh(w @ h + x)
    error = h.next.sum() - x[0]
    return error * error


@node
def plain(x: Stream[Pair]) -> Stream[f64]:
    with segment(every=N):
        return network(constant(W, f64), x)


@node
def layers(count: int, x: Stream[Pair]) -> Stream[Mat[L[6], L[2], f64]]:
    with segment(every=N):
        for _ in range(count):
            h, g = state(init=Z2, type=Pair), wire(Pair)
            h.next = tanh(0.5 * h + x)
            g.define(tanh(0.5 * post(g, init=Z2) + x))
            x = h.next * g
        return pack(x)


@node
def training(how: str, x: Stream[Pair]) -> tuple[Stream[f64], Stream[Square]]:
    with segment(every=N) as batch:
        w = batch.carry(init=W, type=f64)
        loss, d_w = value_and_grad(network, wrt="w")(w, x)
        if how == "forwards":
            descend(batch, SGD(0.1), (w, d_w))
        else:
            w.next = when(w, batch.last) - 0.1 * batch.total(d_w)
    return loss, w


@node
def objective(x: Stream[Pair], gain: Stream[Pair], target: Stream[Pair]) -> Stream[f64]:
    y, _, _ = batch_norm(x, gain, 0.0)
    return ((y - target) * (y - target)).sum()


@node
def normalised(x: Stream[Pair], target: Stream[Pair]) -> Stream[Mat[L[6], L[2], f64]]:
    with segment(every=N):
        _, d_x = value_and_grad(objective, wrt="x")(x, constant([1.5, -0.5], f64), target)
        return pack(d_x)


@node
def advantages(
    seen: Stream[Pair], reward: Stream[f64], ended: Stream[bool]
) -> tuple[Stream[f64], Stream[Vec[L[6], f64]]]:
    with segment(every=N):
        value = tanh(seen.sum())
        later = following_value(value, value, ended, ended)
        return value, pack(gae(reward, value, later, ended, 0.9, 0.8))


@pytest.mark.parametrize(
    ("program", "statics", "passes"),
    [
        (plain, {}, "forward"),
        (layers, {"count": 1}, "forward backward"),
        (layers, {"count": 2}, "forward backward forward"),
        (training, {"how": "forwards"}, "forward backward forward update"),
        (training, {"how": "backwards"}, "forward backward update"),
        (normalised, {}, "forward backward forward backward"),
        (advantages, {}, "forward backward"),
    ],
)  # fmt: skip
def test_the_passes_are_those_of_the_table(program: Any, statics: Any, passes: str) -> None:
    assert [each.kind.value for each in passes_of(check(program_of(program, **statics)).main)] == passes.split()

"""Gradients through time against PyTorch and JAX, in binary32: 1e-5 of the greatest element.

Both are optional: a test is skipped where its peer is not installed.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, concat, f32, node, pack, post, segment, sigmoid, state, tanh, when, wire, zeros
from syncml.lang.load import program_of
from syncml.learn import value_and_grad
from syncml.pipeline import check
from syncml.sim.interpreter import replay

STEPS, WIDTH, INPUTS = 12, 4, 3
RNG = np.random.default_rng(11)


def drawn(*shape: int) -> Any:
    return RNG.normal(size=shape).astype(np.float32) * np.float32(0.5)


WEIGHTS = {
    "rnn": (drawn(WIDTH, INPUTS), drawn(WIDTH, WIDTH)),
    "gru": (drawn(3 * WIDTH, INPUTS), drawn(3 * WIDTH, WIDTH)),
    "birnn": (drawn(2 * WIDTH, INPUTS), drawn(2 * WIDTH, WIDTH), drawn(2 * WIDTH, 2 * WIDTH), drawn(2 * WIDTH, WIDTH)),
}
"""Of the input and of the state; of a bidirectional layer forwards above backwards, and two layers."""
X, Y = drawn(STEPS, INPUTS), drawn(STEPS)


@node
def rnn(u: Stream[Mat[L[4], L[3]]], w: Stream[Mat[L[4], L[4]]], x: Stream[Vec[L[3]]], y: Stream[f32]) -> Stream[f32]:
    h = state(init=zeros(WIDTH))
    h.next = tanh(u @ x + w @ h)
    error = h.next.sum() - y
    return error * error


@node
def gru(u: Stream[Mat[L[12], L[3]]], w: Stream[Mat[L[12], L[4]]], x: Stream[Vec[L[3]]], y: Stream[f32]) -> Stream[f32]:
    h = state(init=zeros(WIDTH))
    given, kept = u @ x, w @ h
    reset = sigmoid(given[:4] + kept[:4])
    update = sigmoid(given[4:8] + kept[4:8])
    candidate = tanh(given[8:] + reset * kept[8:])
    h.next = (1.0 - update) * candidate + update * h
    error = h.next.sum() - y
    return error * error


def layer(u: Any, w: Any, x: Any) -> Any:
    """Both directions of a bidirectional layer, side by side."""
    f = state(init=zeros(WIDTH))
    f.next = tanh(u[:WIDTH] @ x + w[:WIDTH] @ f)
    b = wire(Vec[L[4]])
    b.define(tanh(u[WIDTH:] @ x + w[WIDTH:] @ post(b, init=zeros(WIDTH))))
    return concat(f.next, b)


@node
def birnn(
    u: Stream[Mat[L[8], L[3]]],
    w: Stream[Mat[L[8], L[4]]],
    u2: Stream[Mat[L[8], L[8]]],
    w2: Stream[Mat[L[8], L[4]]],
    x: Stream[Vec[L[3]]],
    y: Stream[f32],
) -> Stream[f32]:
    error = layer(u2, w2, layer(u, w, x)).sum() - y
    return error * error


SUBJECTS = {"rnn": rnn, "gru": gru, "birnn": birnn}


def gradients(name: str, x: Any, y: Any) -> tuple[Any, ...]:
    """The loss over a segment and its gradients by the weights."""
    subject: Any = SUBJECTS[name]
    names = ("u", "w", "u2", "w2")[: len(WEIGHTS[name])]
    with segment(every=STEPS) as whole:
        weights = [whole.carry(init=w) for w in WEIGHTS[name]]
        loss, slopes = value_and_grad(subject, wrt=names)(*weights, x, y)
        for weight in weights:
            weight.next = when(weight, whole.last)
        return pack(loss).sum(), *(whole.total(slope) for slope in slopes)


@node
def of_rnn(
    x: Stream[Vec[L[3]]], y: Stream[f32]
) -> tuple[Stream[f32], Stream[Mat[L[4], L[3]]], Stream[Mat[L[4], L[4]]]]:
    loss, u, w = gradients("rnn", x, y)
    return loss, u, w


@node
def of_gru(
    x: Stream[Vec[L[3]]], y: Stream[f32]
) -> tuple[Stream[f32], Stream[Mat[L[12], L[3]]], Stream[Mat[L[12], L[4]]]]:
    loss, u, w = gradients("gru", x, y)
    return loss, u, w


@node
def of_birnn(
    x: Stream[Vec[L[3]]], y: Stream[f32]
) -> tuple[
    Stream[f32],
    Stream[Mat[L[8], L[3]]],
    Stream[Mat[L[8], L[4]]],
    Stream[Mat[L[8], L[8]]],
    Stream[Mat[L[8], L[4]]],
]:
    loss, u, w, u2, w2 = gradients("birnn", x, y)
    return loss, u, w, u2, w2


NODES = {"rnn": of_rnn, "gru": of_gru, "birnn": of_birnn}


@cache
def found(name: str) -> list[Any]:
    """The loss and the gradients, by the interpreter."""
    program = check(program_of(NODES[name])).program
    trace = replay(program, {"x": X, "y": Y}, STEPS)
    return [np.asarray(trace.column(v.name).values)[-1] for v in program.node(program.main).outputs]


def compare(name: str, loss: Any, slopes: Any) -> None:
    for ours, theirs in zip(found(name), (loss, *slopes), strict=True):
        theirs = np.asarray(theirs)
        assert np.abs(ours).max() > 1e-2
        np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("name", NODES)
def test_gradients_of_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    weights = [torch.tensor(w, requires_grad=True) for w in WEIGHTS[name]]
    x, functional = torch.tensor(X)[None], torch._VF
    start = torch.zeros(2 if name == "birnn" else 1, 1, WIDTH)
    if name == "birnn":
        out = x
        for u, w in (weights[:2], weights[2:]):
            parts = [u[:WIDTH], w[:WIDTH], u[WIDTH:], w[WIDTH:]]
            out, _ = functional.rnn_tanh(out, start, parts, False, 1, 0.0, False, True, True)
    else:
        run = functional.rnn_tanh if name == "rnn" else functional.gru
        out, _ = run(x, start, list(weights), False, 1, 0.0, False, False, True)
    loss = ((out[0].sum(dim=1) - torch.tensor(Y)) ** 2).sum()
    slopes = torch.autograd.grad(loss, weights)
    compare(name, loss.detach().numpy(), [s.numpy() for s in slopes])


@pytest.mark.parametrize("name", NODES)
def test_gradients_of_jax(name: str) -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jnp = jax.numpy

    def scanned(cell: Any, x: Any, *, reverse: bool = False) -> Any:
        def step(h: Any, v: Any) -> Any:
            after = cell(h, v)
            return after, after

        return jax.lax.scan(step, jnp.zeros(WIDTH, jnp.float32), x, reverse=reverse)[1]

    def gated(u: Any, w: Any) -> Any:
        def cell(h: Any, v: Any) -> Any:
            (r, z, n), (rh, zh, nh) = jnp.split(u @ v, 3), jnp.split(w @ h, 3)
            update = jax.nn.sigmoid(z + zh)
            return (1.0 - update) * jnp.tanh(n + jax.nn.sigmoid(r + rh) * nh) + update * h

        return cell

    def plain(u: Any, w: Any) -> Any:
        return lambda h, v: jnp.tanh(u @ v + w @ h)

    def both(u: Any, w: Any, x: Any) -> Any:
        forwards = scanned(plain(u[:WIDTH], w[:WIDTH]), x)
        return jnp.concatenate([forwards, scanned(plain(u[WIDTH:], w[WIDTH:]), x, reverse=True)], axis=1)

    def loss(weights: Any) -> Any:
        match name:
            case "rnn":
                out = scanned(plain(*weights), X)
            case "gru":
                out = scanned(gated(*weights), X)
            case _:
                out = both(*weights[2:], both(*weights[:2], X))
        return ((out.sum(axis=1) - Y) ** 2).sum()

    value, slopes = jax.value_and_grad(loss)(tuple(map(jnp.asarray, WEIGHTS[name])))
    compare(name, value, slopes)

"""Estimators, integrators and small networks; the name of each clause begins with its verdict."""

import numpy as np

from syncml import (
    Stream,
    assume,
    clip,
    ensure,
    exp,
    f32,
    f64,
    i32,
    invariant,
    maximum,
    minimum,
    node,
    sigmoid,
    sqrt,
    state,
    tanh,
    vec,
    where,
)


@node
def kalman(z: Stream[f32]) -> Stream[f32]:
    assume(abs(z) <= 10.0, "measurement in range")
    x = state(init=0.0)
    x.next = x + 0.25 * (z - x)
    ensure(abs(x) <= 10.01, "proved: within the measurements")
    return x


@node
def kalman_gain(start: Stream[bool]) -> Stream[f32]:
    p = state(init=1.0)
    predicted = p + 0.01
    gain = predicted / (predicted + 0.5)
    p.next = clip((1.0 - gain) * predicted, 0.0, 2.0)
    ensure((gain >= 0.0) & (gain <= 4.0), "proved: a gain")
    ensure((p >= 0.0) & (p <= 2.0), "proved: a variance")
    return gain


@node
def alpha_beta(z: Stream[f32]) -> Stream[f32]:
    assume(abs(z) <= 1.0, "measurement in range")
    x, v = state(init=0.0), state(init=0.0)
    residual = z - x
    x.next = clip(x + 0.1 * v + 0.5 * residual, -5.0, 5.0)
    v.next = clip(v + 0.1 * residual, -5.0, 5.0)
    ensure((abs(x) <= 5.0) & (abs(v) <= 5.0), "proved: bounded")
    return x


@node
def accumulator(x: Stream[f32]) -> Stream[f32]:
    assume((x >= 0.0) & (x <= 1.0), "in range")
    total = state(init=0.0)
    total.next = total + x
    ensure(total >= 0.0, "proved: never negative")
    ensure(total <= 33554432.0, "proved: absorbs what comes")
    return total


@node
def ticks(go: Stream[bool]) -> Stream[f32]:
    n = state(init=0.0)
    n.next = where(go & (n < 1000.0), n + 1.0, n)
    ensure((n >= 0.0) & (n <= 1000.0), "proved: whole numbers are exact")
    return n


@node
def halves(go: Stream[bool]) -> Stream[f32]:
    t = state(init=0.0)
    t.next = where(go & (t < 100.0), t + 0.5, t)
    ensure((t >= 0.0) & (t <= 100.0), "proved: halves are exact")
    return t


@node
def even(go: Stream[bool]) -> Stream[i32]:
    n, x = state(init=0), state(init=0.0)
    up = go & (n < 1000)
    n.next = where(up, n + 1, n)
    x.next = where(up, x + 0.25, x)
    invariant((n >= 0) & (n <= 1000), "proved: the counter in range")
    from syncml import cast

    invariant(x == 0.25 * cast(n, to=f32), "proved: a quarter for each count, exactly")
    ensure(x <= 250.0, "proved: the sum in range")
    return n


@node
def leaky(x: Stream[f32]) -> Stream[f32]:
    assume((x >= 0.0) & (x <= 1.0), "in range")
    level = state(init=0.0)
    level.next = maximum(level + x - 0.5, 0.0)
    ensure(level >= 0.0, "proved: never negative")
    return level


@node
def distance(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    assume((abs(x) <= 100.0) & (abs(y) <= 100.0), "in range")
    d = sqrt(x * x + y * y)
    ensure((d >= 0.0) & (d <= 141.5), "proved: in range")
    return d


@node
def distance_64(x: Stream[f64], y: Stream[f64]) -> Stream[f64]:
    assume((abs(x) <= 1000.0) & (abs(y) <= 1000.0), "in range")
    square = x * x + y * y
    ensure(square >= 0.0, "proved: squares add up")
    return square


@node
def neuron(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    out = tanh(0.3 * x - 0.7 * clip(y, -10.0, 10.0))
    ensure((out >= -1.0) & (out <= 1.0), "proved: in range")
    return out


@node
def gate(x: Stream[f32], h: Stream[f32]) -> Stream[f32]:
    assume(abs(h) <= 1.0, "hidden in range")
    z = sigmoid(2.0 * x)
    out = z * h
    ensure(abs(out) <= 1.0, "proved: a gate shrinks")
    return out


@node
def gru(x: Stream[f32]) -> Stream[f32]:
    assume(abs(x) <= 10.0, "input in range")
    h = state(init=0.0)
    z = sigmoid(x - h)
    h.next = clip((1.0 - z) * h + z * tanh(x + h), -1.0, 1.0)
    ensure(abs(h) <= 1.0, "proved: the state in range")
    return h


WEIGHTS = np.array([[0.5, -0.25, 0.125], [0.3, 0.2, -0.6], [-0.4, 0.1, 0.9]], dtype=np.float32)


@node
def layer(x: Stream[f32], y: Stream[f32], z: Stream[f32]) -> Stream[f32]:
    assume((abs(x) <= 1.0) & (abs(y) <= 1.0) & (abs(z) <= 1.0), "features in range")
    hidden = maximum(WEIGHTS @ vec(x, y, z), 0.0)
    out = vec(0.5, 0.5, 0.5) @ hidden
    ensure((out >= 0.0) & (out <= 2.0), "proved: bounded")
    return out


@node
def softmax(a: Stream[f32], b: Stream[f32]) -> Stream[f32]:
    assume((abs(a) <= 5.0) & (abs(b) <= 5.0), "logits in range")
    p = exp(minimum(a - b, 5.0))
    share = 1.0 / (1.0 + p)
    ensure((share >= 0.0) & (share <= 1.0), "proved: a share")
    return share

"""Correct programs: mypy and pyright, both strict, have nothing to say about them."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Annotated
from typing import Literal as L
from typing import TypeVar

import numpy as np

from syncml import (
    Hz, Mat, Node, Record, Rows, Stream, Unit, Vec, activate, arrow, assume, automaton, cast, clip, concat, constant, each,
    ensure, every, exp, f32, f64, fby, first, fold, hold, i32, last, mapfold, maximum, merge, minimum, ms, node, param, pre, reset_every,
    sample, stack, scan, shared, state, switch, tanh, u8, vec, when, where, wire, zeros,
)  # fmt: skip

N = TypeVar("N", bound=int)
KP = param("kp", 0.5, help="gain")
LEVELS = param("levels", 3)
FILE = param("file")


class Mode(enum.Enum):
    OFF = 0
    CRUISE = 1


class Track(Record):
    gap: Stream[f32]
    closing: Stream[Annotated[f32, Unit("m/s")]]


class Scene(Record):
    lead: Track
    valid: Stream[bool]


W = constant(np.ones((2, 4)), name="w")


class Layer:
    def __init__(self, size: int) -> None:
        self.bias = constant(np.zeros(size))

    @node
    def __call__(self, x: Stream[Vec[L[4]]], gain: float = 1.0) -> Stream[Vec[L[4]]]:
        return tanh(x + self.bias) * gain

    @node
    def other(self, x: Stream[f32]) -> Stream[f32]:
        return x


@node
def relu(x: Stream[Vec[N]]) -> Stream[Vec[N]]:
    return maximum(x, 0.0)


@node(rate=Hz(25))
def tracker(radar: Stream[Vec[L[4]]]) -> tuple[Track, Stream[bool]]:
    memory = state(init=Track(gap=0.0, closing=0.0))
    memory.next = Track(gap=radar[0], closing=memory.closing * 0.5)
    return memory, radar[1] > 0.0


def gain_of(k: float) -> Node[[Stream[f32]], Stream[f32]]:
    @node
    def gained(x: Stream[f32]) -> Stream[f32]:
        return x * k

    return gained


layer = Layer(4)


@node(rate=Hz(100), at={"radar": Hz(25)})
def main(
    radar: Stream[Vec[L[4]]],
    v: Stream[f32],
    n: Stream[i32],
    m: Stream[Mat[L[2], L[4]]],
    mode: Stream[Mode],
    b: Stream[u8],
) -> tuple[Stream[f32], Stream[Mode], Stream[Vec[L[4]]], Track]:
    track, valid = tracker(radar)
    held = hold(track, init=Track(gap=100.0, closing=0.0))
    err = where(held.gap < 1.5 * v, held.gap - v, v)
    total = state(init=0.0)
    count = state(init=0)
    count.next = count + 1
    total.next = where((err > -4.0) & (err < 2.0), total + err * 0.01, 0)
    cmd = clip(KP * err + total, -4, 2.0)
    slow = sample(vec(err, v, 1.0), to=Hz(10), phase=ms(10))
    fast = hold(slow, init=0.0)[0]
    chosen = merge(mode, {Mode.OFF: 0.0, Mode.CRUISE: when(v, mode, Mode.CRUISE)})
    both = merge(valid_of(v), when(v, v > 1.0), 0)
    next_mode = where(cmd > 0.0, Mode.OFF, mode)
    asked: Stream[Mode] = where(n > 3, Mode.CRUISE, Mode.OFF)
    yes: Stream[bool] = where(asked == Mode.OFF, True, False)
    many: Stream[int] = where(yes, 1, 0)
    half: Stream[float] = where(yes, 1, 0.5)
    phase = state(init=Mode.OFF)
    phase.next = next_mode
    is_off: Stream[bool] = phase == Mode.OFF
    window = state(init=zeros(4))
    window.next = layer(window, gain=2.0) + relu(hold(radar))
    product: Stream[Vec[L[2]]] = m @ window
    scalar: Stream[f32] = product.sum() + (m.T @ product)[n] + m[0, 1] + m[1].max() + (W @ window)[0]
    rows = stack(window, window)
    equal: Stream[Vec[L[4], bool]] = (window == 0.0) & (layer.bias != window)
    biased: Stream[Vec[L[4]]] = maximum(layer.bias * v + window, 0.0)
    metres = state(init=0.0, type=Annotated[f32, Unit("m")])
    metres.next = metres + v
    table = state(init=np.zeros(4))
    table.next = W.T @ (W @ table)
    joined = concat(window, rows[0])
    double: Stream[f64] = cast(v, f64)
    back = wire(f32)
    back.define(pre(cmd, init=0.0))
    third = hold(sample(cmd, every(3)), init=0.0)
    old = fby(0.0, arrow(0.0, cmd - back))
    start = first() | ~is_off
    small = minimum(v, 1) + maximum(0.0, v) + abs(v) ** 2 - exp(-v)
    a, c = window[0:2]
    machine = automaton(Mode, initial=Mode.OFF)
    pull = machine.shared(f32, default=0.0)
    wanted = machine.shared(f32, init=30.0)
    path = machine.shared(Vec[L[2]])
    machine.unless(Mode.OFF, when=v < 1.0, source=Mode.CRUISE)
    with machine(Mode.OFF):
        wanted.define(v)
        path.define(product)
        machine.go(Mode.CRUISE, when=v > 2.0, resume=True)
    with machine(Mode.CRUISE), reset_every(yes):
        pull.define(wanted - v + last(pull))
        path.define(product * 2.0)
    active: Stream[Mode] = machine.state
    chosen_by = switch(active)
    told = chosen_by.shared(i32, default=0)
    with chosen_by(Mode.OFF):
        told.define(1)
    with chosen_by.otherwise():
        told.define(many)
    again: Stream[f32] = activate(gain_of(2.0), every=yes, default=0.0)(pull)
    fresh: Stream[f32] = gain_of(2.0).reset_every(yes)(again)
    held_told: Stream[int] = told + last(many, 0)
    scene = Scene(lead=held, valid=True)
    later = pre(scene, init=Scene(lead=Track(gap=0.0, closing=0.0), valid=False))
    bits = (b & 0x0F) << 2
    assume(v >= 0.0, "speed", req="SR-1")
    ensure((window >= -2.0).all())
    ensure(start | (many > 0) | (half > 0.7) | hold(valid) | (bits > 3) | (n % 2 == 0) | later.valid)
    ring = window.at[n].set(v).at[0].set(1.0)
    backwards = ring[::-1].window(n, 2)
    use: list[Stream[f32]] = [
        ring.at[n + 1].get(0.0),
        backwards.sum(),
        fast,
        chosen,
        both,
        scalar,
        third,
        old,
        small,
        a,
        c,
        joined[0],
        layer.other(v),
        gain_of(2.0)(v),
        fresh,
        cast(held_told, f32),
        path[0],
    ]
    result = sum(use[1:], use[0]) + cast(double, f32)
    result += where(equal.any(), biased[0], 0.0)
    return result, phase, window * 2.0, later.lead


def valid_of(v: Stream[f32]) -> Stream[bool]:
    return v > 1.0


chain: Callable[[Stream[f32]], Stream[f32]] = gain_of(3.0)


@node
def carry(total: Stream[f32], x: Stream[f32]) -> tuple[Stream[f32], Stream[bool]]:
    return total + x, x > total


@node
def nearer(best: Track, track: Track) -> Track:
    return where(track.gap < best.gap, track, best)


@node
def front(row: Stream[Vec[L[3]]], k: Stream[f32]) -> Stream[Vec[L[2]]]:
    return row[0:2] * k


@node
def iterated(
    xs: Stream[Vec[L[4]]], k: Stream[f32], m: Stream[Mat[L[4], L[3]]], tracks: Rows[Track, L[4]]
) -> tuple[Stream[f32], Stream[Vec[L[4], bool]], Rows[Track, L[4]], Stream[Mat[L[4], L[2]]], Stream[Vec[L[4]]]]:
    def double(x: Stream[f32]) -> Stream[f32]:
        return x * k

    def add(total: Stream[f32], x: Stream[f32]) -> Stream[f32]:
        return total + x

    total, above = mapfold(carry, 0.0)(each(double)(xs))
    best = fold(nearer, tracks[0])(tracks)
    sums = scan(add, best.gap, backwards=True)(xs)
    return fold(add, total)(sums), above, scan(nearer, best)(tracks), each(front)(m, shared(k)), sums

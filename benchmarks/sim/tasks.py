"""Two environments: a cruise control behind a lead, and a cart with a pole."""

from __future__ import annotations

from typing import Literal as L

from syncml import Hz, Stream, Vec, cast, clip, cos, f32, first, maximum, node, sin, state, u64, vec, where
from syncml.nodes.random import random_bits, uniform


@node
def drawn(seed: Stream[u64], place: Stream[u64]) -> Stream[f32]:
    """A number of [0, 1)."""
    return cast(uniform(random_bits(seed, place)), f32)


@node(rate=Hz(10))
def cruise(push: Stream[f32], seed: Stream[u64]) -> tuple[Stream[Vec[L[3]]], Stream[f32], Stream[bool]]:
    """Keep two seconds behind a lead that brakes gently; metres and seconds."""
    begin = first()
    kept_gap, kept_speed, kept_lead = (state(init=0.0, type=f32) for _ in range(3))
    gap = where(begin, 20.0 + 60.0 * drawn(seed, 0), kept_gap)
    speed = where(begin, 10.0 + 20.0 * drawn(seed, 1), kept_speed)
    lead = where(begin, 10.0 + 20.0 * drawn(seed, 2), kept_lead)
    kept_speed.next = maximum(speed + 0.1 * clip(3.0 * push, -6.0, 2.0), 0.0)
    kept_lead.next = maximum(lead - 0.02, 0.0)
    kept_gap.next = gap + 0.1 * (lead - speed)
    observation = vec(gap, speed, lead - speed)
    error = gap - 2.0 * speed - 4.0
    reward = -0.001 * error * error
    terminated = gap <= 0.0
    return observation, reward, terminated


@node(rate=Hz(50))
def pole(push: Stream[f32], seed: Stream[u64]) -> tuple[Stream[Vec[L[4]]], Stream[f32], Stream[bool]]:
    """The cart and pole of Barto, Sutton and Anderson (1983), with a force that is chosen; Euler's rule."""
    begin = first()
    last = [state(init=0.0, type=f32) for _ in range(4)]
    x, v, angle, turn = (where(begin, 0.1 * drawn(seed, i) - 0.05, s) for i, s in enumerate(last))
    s, c = sin(angle), cos(angle)
    pushed = (10.0 * clip(push, -1.0, 1.0) + 0.05 * turn * turn * s) / 1.1
    turned = (9.8 * s - c * pushed) / (0.5 * (4.0 / 3.0 - 0.1 * c * c / 1.1))
    moved = pushed - 0.05 * turned * c / 1.1
    after = (x + 0.02 * v, v + 0.02 * moved, angle + 0.02 * turn, turn + 0.02 * turned)
    now = [where(begin, a, b) for a, b in zip((x, v, angle, turn), after, strict=True)]
    for register, value in zip(last, now, strict=True):
        register.next = value
    observation = vec(*now)
    reward = 1.0 - 0.0 * push
    terminated = (abs(now[0]) > 2.4) | (abs(now[2]) > 0.2095)
    return observation, reward, terminated

"""Three closed loops of a car behind another, each with the figures of a run as its outputs. Metres, seconds, 10 Hz.

The lead drives evenly, then brakes with ``braking`` from the tick ``brakes_at`` on until it stands.
"""

from __future__ import annotations

import numpy as np

from syncml import (
    Hz,
    Stream,
    arrow,
    cast,
    clip,
    f32,
    f64,
    first,
    i32,
    maximum,
    minimum,
    node,
    pre,
    state,
    tanh,
    u64,
    vec,
    where,
)
from syncml.nodes.neural import MLP
from syncml.nodes.random import random_bits

DT = 0.1
HEADWAY, STANDSTILL, GAP_GAIN, SPEED_GAIN = 1.5, 4.0, 0.23, 0.6
HARDEST, STRONGEST = -6.0, 2.0
LATENCY = 3
"""Ticks from a measurement to its use."""
RANGE_NOISE, RATE_NOISE = 2.0**-17, 2.0**-19
"""Metres, and metres per second, of a unit of 16-bit random numbers."""
DROPOUT = round(0.05 * 65536)


def law(gap: Stream[f64], speed: Stream[f64], closing: Stream[f64]) -> Stream[f64]:
    """The acceleration of an adaptive cruise control."""
    wanted = STANDSTILL + HEADWAY * speed
    return clip(GAP_GAIN * (gap - wanted) + SPEED_GAIN * closing, HARDEST, STRONGEST)


class Cars:
    """The two cars: ``gap``, ``speed`` and ``lead`` of this instant; `drive` gives those of the next."""

    def __init__(self, start_gap, start_speed, braking, brakes_at, kind) -> None:
        start = first()
        self._gap, self._speed, self._lead = (state(init=0.0, type=kind) for _ in range(3))
        self.gap = where(start, start_gap, self._gap)
        self.speed = where(start, start_speed, self._speed)
        self.lead = where(start, start_speed, self._lead)
        self.tick = state(init=0)
        self.tick.next = self.tick + 1
        self._lead_command = where(self.tick >= brakes_at, -braking, 0.0)
        self._kind = kind

    def drive(self, command):
        """Move by a tick; the figures: least gap, strongest braking, sum of squared accelerations, own speed."""
        self._gap.next = self.gap + DT * (self.lead - self.speed)
        self._speed.next = maximum(self.speed + DT * command, 0.0)
        self._lead.next = maximum(self.lead + DT * self._lead_command, 0.0)
        least, hardest, effort = (state(init=x, type=self._kind) for x in (1.0e9, 0.0, 0.0))
        figures = minimum(least, self.gap), minimum(hardest, command), effort + command * command
        least.next, hardest.next, effort.next = figures
        return (*figures, self.speed)


@node(rate=Hz(10))
def acc(
    start_gap: Stream[f64], start_speed: Stream[f64], braking: Stream[f64], brakes_at: Stream[i32]
) -> tuple[Stream[f64], Stream[f64], Stream[f64], Stream[f64]]:
    """Exact measurements."""
    cars = Cars(start_gap, start_speed, braking, brakes_at, f64)
    return cars.drive(law(cars.gap, cars.speed, cars.lead - cars.speed))


@node(rate=Hz(10))
def sensors(
    seed: Stream[u64],
    start_gap: Stream[f64],
    start_speed: Stream[f64],
    braking: Stream[f64],
    brakes_at: Stream[i32],
) -> tuple[Stream[f64], Stream[f64], Stream[f64], Stream[f64]]:
    """Measurements with noise, of which one in twenty is missing (the last one holds), and which arrive late."""
    cars = Cars(start_gap, start_speed, braking, brakes_at, f64)
    bits = random_bits(seed, cast(cars.tick, u64))
    parts = [(bits >> (16 * i)) & 0xFFFF for i in range(4)]
    range_error = (cast(parts[0] + parts[1], f64) - 65535.0) * RANGE_NOISE
    rate_error = (cast(parts[2], f64) - 32767.5) * RATE_NOISE
    got = first() | (parts[3] >= DROPOUT)
    last_gap, last_rate = state(init=0.0, type=f64), state(init=0.0, type=f64)
    gap = where(got, cars.gap + range_error, last_gap)
    rate = where(got, cars.lead - cars.speed + rate_error, last_rate)
    last_gap.next, last_rate.next = gap, rate
    for _ in range(LATENCY):
        gap, rate = arrow(gap, pre(gap)), arrow(rate, pre(rate))
    return cars.drive(law(gap, cars.speed, rate))


def weights() -> dict[str, np.ndarray]:
    """A network of 4, 32, 32 and 1 neurons that follows `law` nowhere near: its speed is the point."""
    draw = np.random.default_rng(7)
    sizes = ((32, 4), (32, 32), (1, 32))
    found: dict[str, np.ndarray] = {}
    for i, (rows, columns) in enumerate(sizes):
        found[f"{i}.weight"] = (draw.normal(size=(rows, columns)) / columns**0.5).astype(np.float32)
        found[f"{i}.bias"] = (0.1 * draw.normal(size=rows)).astype(np.float32)
    return found


@node(rate=Hz(10))
def policy(
    start_gap: Stream[f32], start_speed: Stream[f32], braking: Stream[f32], brakes_at: Stream[i32]
) -> tuple[Stream[f32], Stream[f32], Stream[f32], Stream[f32]]:
    """A network in the place of the law."""
    cars = Cars(start_gap, start_speed, braking, brakes_at, f32)
    last = state(init=0.0)
    features = vec(cars.gap * 0.01, cars.speed * 0.02, (cars.lead - cars.speed) * 0.1, last * 0.2)
    command = clip(4.0 * MLP.of(weights(), tanh)(features)[0], HARDEST, STRONGEST)
    last.next = command
    return cars.drive(command)

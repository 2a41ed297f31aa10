"""Registers of scalars, vectors, enumerations and records."""

import enum
from typing import Literal as L

from syncml import Record, Stream, Vec, f32, f64, i32, node, state, vec, where, zeros


class Phase(enum.Enum):
    """Of a traffic light."""

    RED = 0
    GREEN = 1


class Counter(Record):
    """How often, and how long."""

    times: Stream[i32]
    seconds: Stream[f32]


@node
def registers(x: Stream[f32]) -> tuple[Stream[Phase], Stream[Vec[L[2]]], Stream[f64], Counter]:
    phase = state(init=Phase.RED)
    phase.next = where(phase == Phase.RED, Phase.GREEN, Phase.RED)
    window = state(init=zeros(2))
    window.next = vec(x, window[0])
    precise = state(init=0.0, type=f64)
    precise.next = precise + 0.1
    counter = state(init=Counter(times=0, seconds=0.0))
    counter.next = Counter(times=counter.times + 1, seconds=counter.seconds + 0.01)
    latest = state(init=x)
    latest.next = latest * 0.5
    return phase, window + latest, precise, counter

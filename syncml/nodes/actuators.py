"""Actuators: what lies between a command and its effect.

Rule: every node takes a stream of f32 or f64 in any unit and returns one of the same type and unit on the same clock;
times are in seconds, ``tick`` is the period of that clock. A command that acts over a tick shows at its end: ``lag``
returns the state before the command of this tick, so that a loop through it crosses a delay.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from syncml.lang.contracts import ensure, invariant
from syncml.lang.functions import clip, constant, where
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream

T = TypeVar("T")

CHAIN = 8
"""The longest delay, in ticks, that is a chain of registers; a longer one is a ring, whose cost does not grow."""


@node
def lag(command: Stream[T], tick: float, time_constant: float, init: float = 0.0) -> Stream[T]:
    """The response of ``time_constant y' = command - y``, exact for a command that is held over each tick.

    Args:
        command: What is asked for.
        tick: The period of the clock, s.
        time_constant: 0.1 s to 0.5 s for the powertrain and the brakes of a car; above 0.
        init: The first response.
    """
    gain = -math.expm1(-tick / time_constant)
    response: Stream[Any] = state(init=init, type=command)
    response.next = response + gain * (command - response)
    return response


@node
def rate_limited(command: Stream[T], tick: float, rate: float, init: float = 0.0) -> Stream[T]:
    """The command, changed by at most ``rate * tick`` from tick to tick; of an acceleration, a limit of jerk.

    Args:
        command: What is asked for; a NaN gives the fastest decrease.
        tick: The period of the clock, s.
        rate: The greatest change in a second, in the unit of the command per second; not negative.
        init: The value before the first tick.

    Contract: the result is from ``last - rate * tick`` to ``last + rate * tick``, as these are rounded.
    """
    last: Stream[Any] = state(init=init, type=command)
    low, high = last - rate * tick, last + rate * tick
    limited = clip(command, low, high)
    last.next = limited
    ensure((limited >= low) & (limited <= high), "rate limited")
    return limited


@node
def dead_time(command: Stream[T], ticks: int, init: float = 0.0) -> Stream[T]:
    """The command of ``ticks`` ticks before; ``init`` until there is one.

    A chain of registers up to 8 ticks; above, a ring in which one element is replaced at each tick.
    """
    if ticks <= CHAIN:
        delayed: Any = command
        for _ in range(ticks):
            register: Any = state(init=init, type=command)
            register.next = delayed
            delayed = register
        return delayed
    ring: Any = state(init=constant(np.full(ticks, init)), type=command)
    place = state(init=0)
    invariant((place >= 0) & (place < ticks), "place in the ring")
    ring.next = ring.at[place].set(command)
    place.next = where(place == ticks - 1, 0, place + 1)
    return ring[place]


@node
def actuator(
    command: Stream[T],
    tick: float,
    low: float,
    high: float,
    rate: float,
    delay: int = 0,
    time_constant: float = 0.0,
    init: float = 0.0,
) -> Stream[T]:
    """Dead time, limits, limit of rate and lag, one after the other.

    Args:
        command: What is asked for.
        tick: The period of the clock, s.
        low: The least command that is carried out, such as -3.5 m/s² (comfort) or -8 m/s² (emergency).
        high: The greatest, such as 2 m/s².
        rate: The greatest change of the carried-out command in a second.
        delay: The dead time in ticks.
        time_constant: That of the lag, s; 0 is none.
        init: The first value of all parts, from ``low`` to ``high``.
    """
    delayed: Any = dead_time(command, delay, init)
    wanted: Any = clip(delayed, low, high)
    carried: Any = rate_limited(wanted, tick, rate, init)
    return lag(carried, tick, time_constant, init) if time_constant else carried

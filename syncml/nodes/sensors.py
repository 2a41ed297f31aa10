"""Sensors: what a car sees of the truth, with noise, lost values and latency.

Rule: randomness comes in: noise is a stream of numbers with mean 0 and deviation 1, such as ``random.bell``, and a loss
a Boolean stream; so a run is a function of its inputs, and controllers can be compared under the same noise. Metres,
seconds, radians; f32 or f64, all of one type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from syncml.lang.contracts import invariant
from syncml.lang.functions import atan2, constant, maximum, minimum, sqrt, stack, where
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import Vec, i32
from syncml.nodes.actuators import dead_time


@node
def held(x: Stream[Any], lost: Stream[bool], init: float = 0.0, longest: int = 1000) -> tuple[Stream[Any], Stream[i32]]:
    """The last value that was not lost, and how many ticks ago it came.

    Args:
        x: The values.
        lost: Where the value of this tick does not arrive.
        init: The value before the first that arrives.
        longest: The age stays there, as it is before the first value.

    Contract: the age is from 0 to ``longest``.
    """
    last: Any = state(init=init, type=x)
    old = state(init=longest)
    value = where(lost, last, x)
    age = where(lost, minimum(old + 1, longest), 0)
    last.next, old.next = value, age
    invariant((age >= 0) & (age <= longest), "age in range")
    return value, age


@node
def measured(
    x: Stream[Any], noise: Stream[Any], lost: Stream[bool], deviation: float, latency: int = 0, init: float = 0.0
) -> Stream[Any]:
    """``x`` with noise, held where it is lost, ``latency`` ticks late (first in, first out)."""
    seen: Any = x + deviation * noise
    value, _ = held(seen, lost, init)
    return dead_time(value, latency, init)


@dataclass(frozen=True, slots=True)
class Radar:
    """What a radar is like.

    Attributes:
        reach: The greatest range, m.
        view: The greatest azimuth to either side, rad.
        range: Deviation of the range, m.
        rate: Deviation of the range rate, m/s.
        azimuth: Deviation of the azimuth, rad.
        latency: In ticks.
    """

    reach: float = 200.0
    view: float = 0.35
    range: float = 0.25
    rate: float = 0.1
    azimuth: float = 0.005
    latency: int = 0


@node
def radar(
    x: Stream[Any],
    y: Stream[Any],
    vx: Stream[Any],
    vy: Stream[Any],
    noise: Stream[Vec[Any, Any]],
    lost: Stream[bool],
    model: Radar,
) -> tuple[Stream[bool], Stream[Vec[Any, Any]]]:
    """Whether a radar sees an object, and its range, range rate and azimuth; zeros where it does not.

    Args:
        x: The object, ahead of the radar, m.
        y: The object, to the left, m.
        vx: Its speed relative to the radar, ahead, m/s.
        vy: Its speed relative to the radar, to the left, m/s.
        noise: Three numbers.
        lost: Where the frame is lost.
        model: The parameters.
    """
    far: Any = sqrt(x * x + y * y)
    angle: Any = atan2(y, x)
    near = maximum(far, 0.01)
    rate = (x * vx + y * vy) / near
    seen: Any = ~lost & (far <= model.reach) & (angle >= -model.view) & (angle <= model.view)
    scale: Any = constant(np.array([model.range, model.rate, model.azimuth]))
    exact: Any = stack(far, rate, angle)
    echo: Any = where(seen, exact + scale * noise, 0.0)
    parts = [dead_time(echo[i], model.latency) for i in range(3)]
    arrived: Any = dead_time(where(seen, 1, 0), model.latency, 0)
    target: Any = stack(*parts)
    return arrived == 1, target


@node
def lidar(
    x: Stream[Vec[Any, Any]],
    y: Stream[Vec[Any, Any]],
    radius: Stream[Vec[Any, Any]],
    noise: Stream[Vec[Any, Any]],
    beams: tuple[float, ...],
    reach: float,
    deviation: float,
) -> Stream[Vec[Any, Any]]:
    """For each beam the distance to the nearest of discs, with noise, or ``reach`` where it meets none, m.

    Args:
        x: The centres of the discs, ahead of the lidar, m.
        y: The centres, to the left, m.
        radius: m.
        noise: A number for each beam.
        beams: Their angles, rad, to the left.
        reach: The greatest distance, m.
        deviation: Of a distance, m.
    """
    c: Any = constant(np.cos(beams).reshape(-1, 1))
    s: Any = constant(np.sin(beams).reshape(-1, 1))
    along, across = x * c + y * s, y * c - x * s
    left: Any = radius * radius - across * across
    entry = along - sqrt(maximum(left, 0.0))
    meets = (left >= 0.0) & (entry >= 0.0)
    first: Any = where(meets, entry, reach).min(axis=1)
    return where(first < reach, minimum(first + deviation * noise, reach), reach)


@node
def lane_camera(
    offset: Stream[Any],
    heading: Stream[Any],
    curvature: Stream[Any],
    noise: Stream[Vec[Any, Any]],
    lost: Stream[bool],
    deviations: tuple[float, float, float] = (0.03, 0.003, 0.0005),
    latency: int = 0,
) -> tuple[Stream[Vec[Any, Any]], Stream[i32]]:
    """What a camera says of the lane: offset (m), heading error (rad), curvature (1/m); and the age in ticks.

    A lost image leaves the last one. Latency is not in the age.
    """
    parts: list[Any] = []
    ages: list[Any] = []
    for i, truth in enumerate((offset, heading, curvature)):
        seen: Any = truth + deviations[i] * noise[i]
        value, age = held(seen, lost)
        parts.append(dead_time(value, latency))
        ages.append(age)
    lane: Any = stack(*parts)
    return lane, ages[0]


@node
def gnss(
    position: Stream[Vec[Any, Any]],
    noise: Stream[Vec[Any, Any]],
    lost: Stream[bool],
    deviation: float,
    latency: int = 0,
) -> tuple[Stream[bool], Stream[Vec[Any, Any]]]:
    """Whether a fix arrives, and the position, m, ``latency`` ticks late; the last fix where none arrives."""
    values: list[Any] = []
    for i in range(position.shape[0]):
        values.append(measured(position[i], noise[i], lost, deviation, latency))
    arrived: Any = dead_time(where(lost, 0, 1), latency, 0)
    fix: Any = stack(*values)
    return arrived == 1, fix


@node
def inertial(
    truth: Stream[Any], noise: Stream[Any], walk: Stream[Any], deviation: float, wander: float, bias: float = 0.0
) -> Stream[Any]:
    """One axis of an inertial unit: the truth, white noise, and a bias that wanders by ``wander`` from tick to tick.

    Args:
        truth: An acceleration (m/s²) or a rate of turn (rad/s).
        noise: Numbers for the white noise.
        walk: Numbers for the wandering of the bias.
        deviation: Of the white noise, in the unit of the truth.
        wander: The deviation of a step of the bias, in the unit of the truth.
        bias: At the first tick.
    """
    offset: Any = state(init=bias, type=truth)
    offset.next = offset + wander * walk
    return truth + offset + deviation * noise

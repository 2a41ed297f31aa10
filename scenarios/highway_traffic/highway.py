"""A car among the traffic of a highway: four lanes, 20 cars that follow and change lanes, and one that an agent drives.

    syncml check scenarios/highway_traffic/highway.py:highway
    python scenarios/highway_traffic/drive.py
    syncml sweep scenarios/highway_traffic/highway.py:commute --scenario scenarios/highway_traffic/commute.yaml \
        --runs 1e5 --traces 0 --out results

Metres, seconds, 5 Hz. The traffic follows the intelligent driver model and changes lanes by MOBIL, with the parameters
of highway-env; a lane is changed within a tick. The agent says once a second what it wants, as in highway-env.
"""

import enum
from typing import Any, TypeAlias
from typing import Literal as L

import numpy as np

from syncml import (
    Hz,
    Record,
    Stream,
    Vec,
    arange,
    cast,
    clip,
    constant,
    each,
    ensure,
    f32,
    first,
    fold,
    i32,
    maximum,
    merge,
    minimum,
    node,
    shared,
    state,
    u64,
    vec,
    when,
    where,
    zeros,
)
from syncml.nodes.random import random_bits, uniform
from syncml.nodes.traffic import FAR, HIGHWAY, Cars

CARS, LANES, TICK, PERIOD = 21, 4, 0.2, 5
"""The car of the agent is number 0. A driver considers the lanes beside the own one every ``PERIOD`` ticks."""
LENGTH = 5.0
"""Of a car."""
SLOW, MIDDLE, FAST = 20.0, 25.0, 30.0
"""The speeds between which the agent chooses."""
GRIP = 1.0 / 0.6
"""Acceleration for a difference of speed, 1/s."""
SIGHT = 100.0
PLACES = np.array([0.0, *(25.0 * i for i in range(-6, 15) if i)], dtype=np.float32)
"""Around which the cars start: six behind the agent, 14 ahead."""
NOWHERE = np.zeros(CARS, dtype=np.int32)

Row: TypeAlias = Vec[L[21]]
LaneRow: TypeAlias = Vec[L[21], i32]


class Wish(enum.Enum):
    """What the agent wants."""

    LEFT = 0
    KEEP = 1
    RIGHT = 2
    FASTER = 3
    SLOWER = 4


class Start(Record):
    """Of a car: how far it is from its place, its speed and lane, and the speed that its driver wants."""

    shift: Stream[f32]
    v: Stream[f32]
    lane: Stream[i32]
    wanted: Stream[f32]


@node
def start(number: Stream[i32], seed: Stream[u64]) -> Start:
    """How a car begins, by its number."""

    def drawn(what: int) -> Any:
        return cast(uniform(random_bits(seed, cast(4 * number + what, u64))), f32)

    lane = minimum(cast(4.0 * drawn(2), i32), LANES - 1)
    return Start(shift=5.0 * drawn(0), v=20.0 + 5.0 * drawn(1), lane=lane, wanted=20.0 + 10.0 * drawn(3))


def seen(cars: Cars) -> Any:
    """What the agent sees of the cars; the first is its own."""
    x, v, lane = cars.x[0], cars.v[0], cars.lane[0]
    found = [v / FAST, cast(lane, f32) / (LANES - 1.0)]
    for side in (-1, 0, 1):
        on = lane + side
        exists = (on >= 0) & (on < LANES)
        for ahead in (True, False):
            other = cars.nearest(x, on, ahead, abreast=side != 0)
            found.append(where(exists, minimum(other.gap, SIGHT) / SIGHT, 0.0))
            found.append(where(other.gap < FAR, (other.speed - v) / 10.0, 0.0))
    return vec(*found)


@node(rate=Hz(5))
def highway(
    wish: Stream[Wish], seed: Stream[u64]
) -> tuple[Stream[Vec[L[14]]], Stream[f32], Stream[bool], Stream[Row], Stream[LaneRow]]:
    """What the agent sees, its reward, whether it has crashed, and the positions and lanes of all cars.

    It sees its speed / 30 and lane / 3, and of the lane to the left, its own and the one to the right: the gap to the
    next car ahead / 100 and how much faster that one is / 10, and the same of the next one behind. A gap beyond 100 m
    counts as 100 m, and those of a lane that is not there as 0. The reward is that of highway-env for 1 s, a fifth at
    each tick.

    Args:
        wish: Is granted at the tick after the first one and once a second from then on.
        seed: Of the places, speeds and lanes at the start.
    """
    begin = first()
    begun = each(start)(arange(CARS), shared(when(seed, begin)))
    fresh = (when(constant(PLACES), begin) + begun.shift, begun.v, begun.lane, begun.wanted)
    kept = [state(init=zeros(CARS)), state(init=zeros(CARS)), state(init=constant(NOWHERE)), state(init=zeros(CARS))]
    x, v, lane, wanted = (merge(begin, new, when(old, ~begin)) for new, old in zip(fresh, kept, strict=True))
    now = state(init=0)
    now.next = where(now == PERIOD - 1, 0, now + 1)

    # The agent.
    asked, level = now == 1, state(init=MIDDLE)
    faster = where(wish == Wish.FASTER, 5.0, where(wish == Wish.SLOWER, -5.0, 0.0))
    goal = where(asked, clip(level + faster, SLOW, FAST), level)
    level.next = goal
    aside = where(wish == Wish.LEFT, -1, where(wish == Wish.RIGHT, 1, 0))
    own_lane = where(asked, minimum(maximum(lane[0] + aside, 0), LANES - 1), lane[0])
    own_push = clip(GRIP * (goal - v[0]), -HIGHWAY.limit, HIGHWAY.limit)

    # The traffic, which sees to where the agent goes.
    cars = Cars(x, v, lane, wanted.at[0].set(goal))
    push = cars.accelerations().at[0].set(own_push)
    after = Cars(x, v, lane.at[0].set(own_lane), cars.wanted).changed(now, LANES, PERIOD, guests=1)
    moved = (x + TICK * v, maximum(v + TICK * push, 0.0), after, wanted)
    for register, following in zip(kept, moved, strict=True):
        register.next = following

    def touches(hit: Any, there: Any, on: Any) -> Any:
        return hit | ((on == lane[0]) & (abs(there - x[0]) < LENGTH))

    terminated = fold(touches, False)(x[1:], lane[1:])
    crashed = state(init=False)
    crashed.next = crashed | terminated
    traffic = Cars(x[1:], v[1:], lane[1:], wanted[1:])
    gaps = each(lambda here, on: traffic.nearest(here, on, ahead=True).gap)(traffic.x, traffic.lane)
    ensure(crashed | terminated | (gaps.min() >= LENGTH), "the traffic keeps its distance")

    observation = seen(cars)
    value = 0.4 * clip((v[0] - SLOW) / (FAST - SLOW), 0.0, 1.0) + 0.1 * observation[1] - where(terminated, 1.0, 0.0)
    reward = (value + 1.0) / (1.5 * PERIOD)
    return observation, reward, terminated, x, lane


def free(lane: Any) -> Any:
    """Whether there is room on a lane, from what the agent sees of it."""
    ahead, faster, behind, nearing = (lane[i] for i in range(4))
    room_ahead = SIGHT * ahead > 35.0 + maximum(-60.0 * faster, 0.0)
    return room_ahead & (SIGHT * behind > 20.0 + maximum(30.0 * nearing, 0.0))


@node
def rule(seen: Stream[Vec[L[14]]]) -> Stream[Wish]:
    """Faster on a free lane; else to a lane that is free, or slower."""
    left, own, right = seen[2:6], seen[6:10], seen[10:14]
    gap, faster = SIGHT * own[0], 10.0 * own[1]
    # The time to where it would touch the next car, s.
    time = (gap - LENGTH - 3.0) / maximum(-faster, 0.5)
    aside = where(free(right), Wish.RIGHT, where(free(left), Wish.LEFT, Wish.SLOWER))
    return where((gap < 35.0) | (time < 6.0), aside, Wish.FASTER)


@node(rate=Hz(5))
def commute(seed: Stream[u64]) -> tuple[Stream[f32], Stream[i32], Stream[f32]]:
    """The agent follows a rule: how far it is, on which lane, and the sum of its rewards."""
    seen = state(init=zeros(14))
    observation, reward, terminated, x, lane = highway(rule(seen), seed)
    seen.next = observation
    total = state(init=0.0)
    total.next = total + reward
    ensure(~terminated, "no crash")
    place, own_lane = x[0], lane[0]
    return place, own_lane, total

"""Traffic: the intelligent driver model, the lane changes of MOBIL, and cars of both on several lanes.

Rule: positions and gaps in metres along the road, between centres; speeds in m/s; the functions act on scalars and, car
by car, on vectors of f32 or f64. (Treiber, Hennecke, Helbing: congested traffic states, 2000; Kesting, Treiber,
Helbing: general lane-changing model MOBIL, 2007.) The parameters are those of highway-env.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from syncml.lang.contracts import ensure
from syncml.lang.functions import clip, maximum, minimum, where
from syncml.lang.iterators import each, fold
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import Vec, i32

Real: TypeAlias = Any
"""A stream of f32 or f64, a scalar or a vector."""

FAR = 10_000.0
"""The gap where nobody is, m."""
CREEP = 0.01
"""Below this gap the model takes this one, m."""


@dataclass(frozen=True, slots=True)
class Driver:
    """The parameters of the intelligent driver model and of MOBIL.

    Attributes:
        acceleration: The wanted acceleration, m/s².
        braking: The comfortable deceleration, m/s².
        distance: The gap at rest, m; between centres.
        headway: The wanted time gap, s.
        exponent: Of the free acceleration, 1.
        limit: The greatest acceleration and deceleration of a car, m/s².
        politeness: How much the followers' gain counts, 1.
        gain: The least gain for which a lane is changed, m/s².
        imposed: The greatest deceleration that a change imposes on the new follower, m/s².
    """

    acceleration: float = 3.0
    braking: float = 5.0
    distance: float = 10.0
    headway: float = 1.5
    exponent: int = 4
    limit: float = 6.0
    politeness: float = 0.0
    gain: float = 0.2
    imposed: float = 2.0


HIGHWAY = Driver()


def idm(speed: Real, wanted: Real, gap: Real, lead_speed: Real, driver: Driver = HIGHWAY) -> Real:
    """The acceleration of the intelligent driver model, m/s², without the car's limits.

    a (1 - (v / v0)^d - (s* / s)^2), s* = s0 + v T + v (v - v_lead) / (2 sqrt(a b)); s* may be negative, as in
    highway-env. A gap of ``FAR`` stands for a free road.

    Args:
        speed: Of the car, m/s; counts as 0 below 0 in the free term.
        wanted: Its wanted speed, m/s; above 0.
        gap: To the lead, m.
        lead_speed: Of the lead, m/s.
        driver: The parameters.
    """
    root = 2.0 * float(np.sqrt(driver.acceleration * driver.braking))
    ratio = maximum(speed, 0.0) / wanted
    needed = driver.distance + speed * driver.headway + speed * (speed - lead_speed) / root
    pressed = where(gap < FAR, needed / maximum(gap, CREEP), 0.0)
    return driver.acceleration * (1.0 - ratio**driver.exponent - pressed * pressed)


@node
def following(
    speed: Stream[Any], wanted: Stream[Any], gap: Stream[Any], lead_speed: Stream[Any], driver: Driver = HIGHWAY
) -> Stream[Any]:
    """The acceleration of ``idm`` within the limits of the car, m/s².

    Contract: it is from ``-driver.limit`` to ``driver.limit``, whatever the inputs.
    """
    a = clip(idm(speed, wanted, gap, lead_speed, driver), -driver.limit, driver.limit)
    ensure((a >= -driver.limit) & (a <= driver.limit), "acceleration within the limits")
    return a


@dataclass(frozen=True, eq=False, slots=True)
class Neighbour:
    """A car ahead or behind on a lane; ``gap`` is ``FAR`` or more where there is none.

    Attributes:
        gap: Between the centres, m; not negative.
        speed: m/s.
        wanted: Its wanted speed, m/s; above 0.
    """

    gap: Real
    speed: Real
    wanted: Real


def mobil(
    speed: Real,
    wanted: Real,
    lead: Neighbour,
    follower: Neighbour,
    new_lead: Neighbour,
    new_follower: Neighbour,
    driver: Driver = HIGHWAY,
) -> Real:
    """Whether a car should change to the lane of ``new_lead`` and ``new_follower``.

    It should if the new follower need not brake harder than ``imposed``, and the car's gain in acceleration, with the
    followers' gain times ``politeness``, is at least ``gain``.
    """

    def behind(car: Neighbour, gap: Real, ahead_speed: Real) -> Real:
        return where(car.gap < FAR, idm(car.speed, car.wanted, gap, ahead_speed, driver), 0.0)

    imposed = behind(new_follower, new_follower.gap, speed)
    own = idm(speed, wanted, new_lead.gap, new_lead.speed, driver) - idm(speed, wanted, lead.gap, lead.speed, driver)
    if driver.politeness:
        before = behind(new_follower, new_follower.gap + new_lead.gap, new_lead.speed)
        old = behind(follower, follower.gap + lead.gap, lead.speed) - behind(follower, follower.gap, speed)
        own = own + driver.politeness * (imposed - before + old)
    return (imposed >= -driver.imposed) & (own >= driver.gain)


@dataclass(frozen=True, eq=False, slots=True)
class Cars:
    """Cars on lanes; all are vectors with an element for each car.

    Attributes:
        x: The positions, m.
        v: The speeds, m/s; not negative.
        lane: The lanes.
        wanted: The wanted speeds, m/s; above 0.
    """

    x: Real
    v: Real
    lane: Any
    wanted: Real

    def nearest(self, here: Real, on: Any, ahead: bool, *, abreast: bool = False) -> Neighbour:
        """The nearest car on lane ``on`` that is ahead of the place ``here``, or behind it; of two the first.

        One that is at that very place is the car itself, unless it is asked for those ``abreast`` on another lane.
        """

        def nearer(best: Any, *car: Any) -> Any:
            x, lane = car[:2]
            gap = x - here if ahead else here - x
            closer = (lane == on) & ((gap >= 0.0) if abreast else (gap > 0.0)) & (gap < best[0])
            return tuple(where(closer, new, old) for new, old in zip((gap, *car[2:]), best, strict=True))

        return Neighbour(*fold(nearer, (FAR, 0.0, 1.0))(self.x, self.lane, self.v, self.wanted))

    def accelerations(self, driver: Driver = HIGHWAY) -> Real:
        """The acceleration with which each car follows the next one on its lane, m/s², within its limits."""

        def pull(x: Real, v: Real, lane: Any, wanted: Real) -> Real:
            lead = self.nearest(x, lane, ahead=True)
            return clip(idm(v, wanted, lead.gap, lead.speed, driver), -driver.limit, driver.limit)

        return each(pull)(self.x, self.v, self.lane, self.wanted)

    def changed(self, now: Any, lanes: int, period: int, guests: int = 0, driver: Driver = HIGHWAY) -> Any:
        """The lanes after the cars whose turn it is have decided, one after the other by number.

        Each knows what those before it have decided, so no two take the same place. Beside MOBIL's conditions there has
        to be the gap at rest to both new neighbours, and the new lead must not ask for more than the car can brake.

        Args:
            now: It is the turn of the cars ``guests + now``, ``guests + now + period`` and so on.
            lanes: How many lanes there are.
            period: The ticks from one turn of a car to the next.
            guests: The first so many cars never decide; somebody else drives them.
            driver: The parameters of all.
        """
        count = self.x.shape[0]

        def decide(after: Any, turn: Any) -> Any:
            due = guests + turn * period + now
            number = minimum(due, count - 1)
            x, v, lane, wanted = self.x[number], self.v[number], after[number], self.wanted[number]
            cars = Cars(self.x, self.v, after, self.wanted)
            lead, follower = (cars.nearest(x, lane, ahead) for ahead in (True, False))
            target = lane
            for side in (-1, 1):
                into = lane + side
                new_lead, new_follower = (cars.nearest(x, into, ahead, abreast=True) for ahead in (True, False))
                better = mobil(v, wanted, lead, follower, new_lead, new_follower, driver)
                room = (new_lead.gap > driver.distance) & (new_follower.gap > driver.distance)
                stops = idm(v, wanted, new_lead.gap, new_lead.speed, driver) >= -driver.limit
                exists = (into >= 0) & (into < lanes)
                target = where((due < count) & better & room & stops & exists & (v >= 1.0), into, target)
            return after.at[number].set(target)

        return fold(decide, self.lane)(range(-(-(count - guests) // period)))


@node
def traffic(
    start: Stream[Vec[Any, Any]],
    start_speed: Stream[Vec[Any, Any]],
    start_lane: Stream[Vec[Any, i32]],
    wanted: Stream[Vec[Any, Any]],
    lanes: int,
    tick: float,
    period: int,
    guests: int = 0,
    driver: Driver = HIGHWAY,
) -> tuple[Stream[Vec[Any, Any]], Stream[Vec[Any, Any]], Stream[Vec[Any, i32]]]:
    """Cars that follow and change lanes: their positions, speeds and lanes at this tick.

    Each car follows the next one on its lane. Car i considers the lanes beside it at the ticks that are i modulo
    ``period``; a change takes one tick. No car drives backwards.

    Args:
        start: The positions at the first tick, m.
        start_speed: The speeds at the first tick, m/s.
        start_lane: The lanes at the first tick, from 0 to ``lanes - 1``.
        wanted: The speeds that the drivers want, m/s; above 0.
        lanes: How many lanes there are.
        tick: The period of the clock, s.
        period: The ticks from one consideration to the next; highway-env's is 1 s.
        guests: The first so many cars keep their lanes; the turns of the others are counted from there.
        driver: The parameters of all.
    """
    x: Any = state(init=start)
    v: Any = state(init=start_speed)
    lane: Any = state(init=start_lane)
    now = state(init=0)
    now.next = where(now == period - 1, 0, now + 1)
    cars = Cars(x, v, lane, wanted)
    x.next = x + tick * v
    v.next = maximum(v + tick * cars.accelerations(driver), 0.0)
    lane.next = cars.changed(now, lanes, period, guests, driver)
    return x, v, lane

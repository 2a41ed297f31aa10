"""The single-track drift model: tyres that slip along and across, wheels with speeds of their own.

Rule: the derivative of nine scalars, as in ``vehicles``. The forces of the tyres are those of Pacejka's formula for
combined slip without camber (Tyre and Vehicle Dynamics, 2006), the equations of motion those of Althoff, Wuersching:
CommonRoad, Vehicle models (2020), section 8, as the package ``commonroad-vehicle-models`` has them: towards standstill
they pass smoothly into the kinematic model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from syncml.lang.functions import cos, maximum, sin, sqrt, tanh, vec, where
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import Unit, f64
from syncml.nodes.angles import atan
from syncml.nodes.integration import Rule, runge_kutta
from syncml.nodes.vehicles import (
    BMW_320I,
    GRAVITY,
    Car,
    MetresPerSecondSquared,
    RadiansPerSecond,
    SingleTrackState,
    Turned,
    limited_acceleration,
    limited_steering,
    slow,
)

Real: TypeAlias = Any
"""A scalar stream of f32 or f64; in the functions here all of one type."""
WheelSpeed = Annotated[f64, Unit("1/s")]

BLEND = 0.2
"""The speed at which the dynamic and the kinematic model have equal weights, m/s."""
BLEND_WIDTH = 0.05
"""The weight is half of one plus the hyperbolic tangent of the speed above ``BLEND``, in units of this, m/s."""
LEAST = BLEND / 2.0
"""Up to this speed, in m/s, the tyres have no slip angle; slips along are relative to no lower speed."""
CATCH_UP = 0.02
"""In how many seconds a wheel of the kinematic model takes on the speed at which it rolls."""


def _bent(slip: Real, slope: Real, shape: float, curvature: float) -> Real:
    """The angle of which Pacejka's formula takes the sine or cosine."""
    steep = slope * slip
    return shape * atan(steep - curvature * (steep - atan(steep)))


@dataclass(frozen=True, slots=True)
class Force:
    """The force of a tyre under pure slip, for each unit of load.

    Attributes:
        shape: Of the curve, 1.
        friction: The greatest force for each unit of load, 1.
        curvature: Of the curve near the greatest force, 1.
        stiffness: Force for each unit of slip and load where there is none, 1 or 1/rad.
        shift: Added to the slip.
    """

    shape: float
    friction: float
    curvature: float
    stiffness: float
    shift: float = 0.0

    def angle(self, slip: Real) -> Real:
        """The angle whose sine is the part of the greatest force that acts, rad."""
        slope = self.stiffness / (self.shape * self.friction)
        return _bent(slip + self.shift, slope, self.shape, self.curvature)


@dataclass(frozen=True, slots=True)
class Weight:
    """What slip in one direction leaves of the force in the other.

    Attributes:
        slope: Of the curve at the centre of the other slip, 1 or 1/rad.
        spread: How fast the slope falls with the other slip, 1 or 1/rad.
        centre: The other slip at which the slope is the greatest.
        shape: Of the curve, 1.
        curvature: Of the curve, 1.
        shift: Added to the slip.
    """

    slope: float
    spread: float
    centre: float
    shape: float
    curvature: float
    shift: float

    def of(self, slip: Real, other: Real) -> Real:
        """The part that is left, where ``other`` is the slip in the direction of the force."""
        apart = self.spread * (other - self.centre)
        slope = self.slope / sqrt(1.0 + apart * apart)
        left, whole = (cos(_bent(x, slope, self.shape, self.curvature)) for x in (slip + self.shift, self.shift))
        return left / whole


@dataclass(frozen=True, slots=True)
class Tyre:
    """A tyre in Pacejka's formula; the names of the MF-Tyre coefficients stand behind the attributes.

    Attributes:
        along: The longitudinal force (PCX1, PDX1, PEX1, PKX1, PHX1).
        across: The lateral force (PCY1, PDY1, PEY1, PKY1; the shifts are for camber).
        along_left: What a slip angle leaves of the longitudinal force (RBX1, RBX2, RCX1, REX1, RHX1).
        across_left: What slip along leaves of the lateral force (RBY1 to RBY3, RCY1, REY1, RHY1).
        turned: Added to the angle of the longitudinal force for each newton of load (PVX1), 1/N. In CommonRoad's
            equations it stands within the sine.
        ply: The side force that slip along induces, for each unit of load: its size, how fast it falls with the slip
            angle, and the shape and slope of its curve (RVY1, RVY4, RVY5, RVY6).
    """

    along: Force
    across: Force
    along_left: Weight
    across_left: Weight
    turned: float
    ply: tuple[float, float, float, float]

    def forces(self, slip: Real, angle: Real, load: Real) -> tuple[Real, Real]:
        """The forces along and across the wheel, N.

        Args:
            slip: How much slower the rim is than the road, relative to the road, 1.
            angle: The slip angle, rad.
            load: N.
        """
        along = self.along.friction * load * sin(self.along.angle(-slip) + self.turned * load)
        across = self.across.friction * load * sin(self.across.angle(angle))
        size, fall, shape, slope = self.ply
        apart = fall * angle
        ply = self.across.friction * load * size / sqrt(1.0 + apart * apart) * sin(shape * atan(slope * slip))
        return along * self.along_left.of(angle, slip), across * self.across_left.of(slip, angle) + ply


@dataclass(frozen=True, slots=True)
class Wheels:
    """The wheels of a car; both of an axle are one.

    Attributes:
        radius: m.
        inertia: About the axle, kg m².
        brake_front: The part of the braking torque at the front axle, 1.
        engine_front: The part of the driving torque at the front axle, 1.
        tyre: On each of them.
    """

    radius: float
    inertia: float
    brake_front: float
    engine_front: float
    tyre: Tyre

    def rolling(self, speed: Real, steer: Real, slip: Real) -> tuple[Real, Real]:
        """The speeds of the front and the rear wheel, in rad/s, of a car that begins without slip along.

        Args:
            speed: m/s.
            steer: The steering angle, rad.
            slip: The slip angle at the centre of mass, rad.
        """
        rear = speed * cos(slip) / self.radius
        return rear * cos(steer), rear


ADAMS_TYRE = Tyre(
    along=Force(shape=1.6411, friction=1.1739, curvature=0.46403, stiffness=22.303, shift=0.0012297),
    across=Force(shape=1.3507, friction=1.0489, curvature=-0.0074722, stiffness=-21.92),
    along_left=Weight(slope=13.276, spread=-13.778, centre=0.0, shape=1.2568, curvature=0.65225, shift=0.0050722),
    across_left=Weight(
        slope=7.1433, spread=9.1916, centre=-0.027856, shape=1.0719, curvature=-0.27572, shift=5.7448e-06
    ),
    turned=-8.8098e-06,
    ply=(-0.027825, 12.12, 1.9, -10.704),
)
"""The tyre of CommonRoad's vehicles, from the handbook of ADAMS."""
BMW_320I_WHEELS = Wheels(radius=0.344, inertia=1.7, brake_front=0.66, engine_front=0.0, tyre=ADAMS_TYRE)
"""Those of vehicle 2 of CommonRoad: driven at the rear."""


@dataclass(frozen=True, slots=True)
class _Dynamic:
    """What the forces of the tyres do.

    Attributes:
        speed: Derivative of the speed, m/s².
        yaw_rate: Derivative of the yaw rate, rad/s².
        slip: Derivative of the slip angle, rad/s.
        front: Derivative of the front wheel's speed, rad/s².
        rear: Derivative of the rear wheel's speed, rad/s².
    """

    speed: Real
    yaw_rate: Real
    slip: Real
    front: Real
    rear: Real


def _pair(front: Stream[float], rear: Stream[float]) -> Real:
    return vec(front, rear)


def _dynamic(
    parts: Sequence[Real], turned: Turned, over: tuple[Real, Real], push: Real, car: Car, wheels: Wheels
) -> _Dynamic:
    """The dynamics at some speed; ``over`` is how fast the road passes below the front and the rear wheel, m/s."""
    _, _, steer, speed, _, yaw_rate, _, front_wheel, rear_wheel = parts
    (steer_sine, steer_cosine), (slip_sine, slip_cosine) = turned.steer, turned.slip
    moves = speed > LEAST
    v = where(moves, speed, 1.0)
    # The front and the rear wheel go through the tyre's formula together.
    aside = v * slip_sine + _pair(yaw_rate * car.front, -yaw_rate * car.rear)
    angles = where(moves, atan(aside / (v * slip_cosine)) - _pair(steer, 0.0 * steer), 0.0 * aside)
    lever = (car.rear, -car.height), (car.front, car.height)
    loads = car.mass / car.wheelbase * _pair(*(GRAVITY * d + h * push for d, h in lever))
    wheel = _pair(front_wheel, rear_wheel)
    road = _pair(*over)
    slips = 1.0 - wheels.radius * wheel / maximum(road, LEAST)
    along, across = wheels.tyre.forces(slips, angles, loads)
    fx, rx, fy, ry = along[0], along[1], across[0], across[1]
    # Of the steering angle less the slip angle.
    sine = steer_sine * slip_cosine - steer_cosine * slip_sine
    cosine = steer_cosine * slip_cosine + steer_sine * slip_sine
    d_slip = (fy * cosine + ry * slip_cosine - rx * slip_sine + fx * sine) / (car.mass * v) - yaw_rate
    torque = car.mass * wheels.radius * push
    front_torque = where(push > 0.0, wheels.engine_front * torque, wheels.brake_front * torque)
    rear_torque = torque - front_torque
    return _Dynamic(
        speed=(fx * cosine - fy * sine + rx * slip_cosine + ry * slip_sine) / car.mass,
        yaw_rate=((fy * steer_cosine + fx * steer_sine) * car.front - ry * car.rear) / car.inertia,
        slip=where(moves, d_slip, 0.0),
        front=where(front_wheel >= 0.0, (front_torque - wheels.radius * fx) / wheels.inertia, 0.0),
        rear=where(rear_wheel >= 0.0, (rear_torque - wheels.radius * rx) / wheels.inertia, 0.0),
    )


def drift(
    parts: Sequence[Real], rate: Real, acceleration: Real, car: Car, wheels: Wheels = BMW_320I_WHEELS
) -> tuple[Real, ...]:
    """The drift model about the centre of mass; the derivatives of its state.

    It drives forwards: up to 0.1 m/s the tyres have no slip angle, and the kinematic model, which has a weight of a
    half at 0.2 m/s, counts for all but a fiftieth. Wheels do not spin backwards.

    Args:
        parts: Those of ``single_track``, then the speeds of the front and of the rear wheel (rad/s).
        rate: Wanted change of the steering angle, rad/s.
        acceleration: Wanted acceleration, m/s²; the torque at the wheels is the mass times their radius times it.
        car: The parameters; friction and cornering stiffness are the tyre's instead.
        wheels: The wheels and tyres.
    """
    _, _, steer, speed, yaw, yaw_rate, slip, front_wheel, rear_wheel = parts
    turn = limited_steering(steer, rate, car)
    push = limited_acceleration(speed, acceleration, car)
    turned = Turned.of(steer, yaw, slip)
    ahead, aside = turned.along(*turned.slip)
    (steer_sine, steer_cosine), (slip_sine, slip_cosine) = turned.steer, turned.slip
    rear_over = speed * slip_cosine
    front_over = rear_over * steer_cosine + (speed * slip_sine + car.front * yaw_rate) * steer_sine
    over = maximum(front_over, 0.0), maximum(rear_over, 0.0)
    fast, low = _dynamic(parts, turned, over, push, car, wheels), slow(turned, speed, turn, push, car)
    weight = 0.5 * (tanh((speed - BLEND) / BLEND_WIDTH) + 1.0)

    def blended(dynamic: Real, still: Real) -> Real:
        return weight * dynamic + (1.0 - weight) * still

    return (
        speed * ahead,
        speed * aside,
        turn,
        blended(fast.speed, push),
        blended(yaw_rate, low.yaw),
        blended(fast.yaw_rate, low.yaw_rate),
        blended(fast.slip, low.slip),
        blended(fast.front, (over[0] / wheels.radius - maximum(front_wheel, 0.0)) / CATCH_UP),
        blended(fast.rear, (over[1] / wheels.radius - maximum(rear_wheel, 0.0)) / CATCH_UP),
    )


class DriftState(SingleTrackState):
    """Where a drifting car is, about its centre of mass, and how fast its wheels turn."""

    front_wheel: Stream[WheelSpeed]
    rear_wheel: Stream[WheelSpeed]


@node
def drift_car(
    start: DriftState,
    steer_rate: Stream[RadiansPerSecond],
    acceleration: Stream[MetresPerSecondSquared],
    tick: float,
    car: Car = BMW_320I,
    wheels: Wheels = BMW_320I_WHEELS,
    rule: Rule = runge_kutta,
) -> DriftState:
    """A drifting car: its state at this tick; ``start`` at the first.

    Args:
        start: Counts at the first tick; ``wheels.rolling`` has the speeds of its wheels.
        steer_rate: Wanted change of the steering angle, held over the tick.
        acceleration: Wanted acceleration, held over the tick.
        tick: The period of the clock, s. A wheel of the BMW takes on the speed of the road at a rate of about
            9,000/speed a second, so that a step of Runge and Kutta's rule is stable if it is shorter than about
            0.0003 s² m⁻¹ times the speed: one of 0.001 s from 3.5 m/s on.
        car: The parameters.
        wheels: The wheels and tyres.
        rule: The integration rule.
    """
    s = state(init=start)

    def derivative(*parts: Real) -> tuple[Real, ...]:
        return drift(parts, steer_rate, acceleration, car, wheels)

    parts = [s.x, s.y, s.steer, s.speed, s.yaw, s.yaw_rate, s.slip, s.front_wheel, s.rear_wheel]
    s.next = DriftState(*rule(derivative, parts, tick))
    return s

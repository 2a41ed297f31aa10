"""Single-track vehicle models: kinematic, dynamic with a linear tyre, parameters of a car.

Rule: a model is the derivative of its state, a function of scalar streams of one float type, in SI units and radians;
``integration`` makes steps of it, and the nodes here are such steps with a state of their own. The equations are those
of Althoff, Koschi, Manzinger: CommonRoad, Composable benchmarks for motion planning on roads (IV 2017), and of Althoff,
Wuersching: CommonRoad, Vehicle models (2020), with their limits of steering and acceleration. The drift model is in
``drift``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from syncml.lang.functions import clip, cos, maximum, sin, sqrt, where
from syncml.lang.node import node
from syncml.lang.records import Record
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import Unit, f64
from syncml.nodes.angles import tan
from syncml.nodes.integration import Rule, runge_kutta

GRAVITY = 9.81
"""m/s²."""
SLOW = 0.1
"""Below this speed, in m/s, the dynamic model is the kinematic one."""

Metres = Annotated[f64, Unit("m")]
Radians = Annotated[f64, Unit("rad")]
MetresPerSecond = Annotated[f64, Unit("m/s")]
RadiansPerSecond = Annotated[f64, Unit("1/s")]
MetresPerSecondSquared = Annotated[f64, Unit("m/s²")]
Real: TypeAlias = Any
"""A scalar stream of f32 or f64; in the functions here all of one type."""


@dataclass(frozen=True, slots=True)
class Car:
    """What the single-track models know of a car.

    Attributes:
        front: From the centre of mass to the front axle, m.
        rear: From the centre of mass to the rear axle, m.
        mass: kg.
        inertia: About the vertical axis, kg m².
        height: Of the centre of mass, m.
        friction: Of tyre and road, 1.
        stiffness: Cornering stiffness of both axles for each unit of load and friction, 1/rad.
        steer: The greatest steering angle to either side, rad.
        steer_rate: The greatest change of it, rad/s.
        acceleration: The greatest acceleration and deceleration, m/s².
        switch: From this speed on acceleration is limited by power, m/s.
        reverse: The least speed, m/s, not positive.
        top: The greatest speed, m/s.
    """

    front: float
    rear: float
    mass: float
    inertia: float
    height: float
    friction: float
    stiffness: float
    steer: float
    steer_rate: float
    acceleration: float
    switch: float
    reverse: float
    top: float

    @property
    def wheelbase(self) -> float:
        """Between the axles, m."""
        return self.front + self.rear


BMW_320I = Car(
    front=1.1561957064,
    rear=1.4227170936,
    mass=1093.2952334674046,
    inertia=1791.5995300122856,
    height=0.61373004,
    friction=1.0489,
    stiffness=21.92 / 1.0489,
    steer=1.066,
    steer_rate=0.4,
    acceleration=11.5,
    switch=7.319,
    reverse=-13.9,
    top=50.8,
)
"""Vehicle 2 of CommonRoad: a BMW 320i."""


def limited_steering(steer: Real, rate: Real, car: Car) -> Real:
    """The change of the steering angle that its limits let pass, rad/s."""
    stuck = ((steer <= -car.steer) & (rate <= 0.0)) | ((steer >= car.steer) & (rate >= 0.0))
    return where(stuck, 0.0, clip(rate, -car.steer_rate, car.steer_rate))


def limited_acceleration(speed: Real, acceleration: Real, car: Car) -> Real:
    """The acceleration that the engine's power and the limits of speed let pass, m/s²."""
    most = where(speed > car.switch, car.acceleration * car.switch / maximum(speed, car.switch), car.acceleration)
    stuck = ((speed <= car.reverse) & (acceleration <= 0.0)) | ((speed >= car.top) & (acceleration >= 0.0))
    bounded = where(
        acceleration <= -car.acceleration, -car.acceleration, where(acceleration >= most, most, acceleration)
    )
    return where(stuck, 0.0, bounded)


def kinematic(parts: Sequence[Real], rate: Real, acceleration: Real, car: Car) -> tuple[Real, ...]:
    """The kinematic single-track model about the rear axle; the derivatives of its state.

    Args:
        parts: Position of the rear axle (two, m), steering angle (rad), speed (m/s), direction of the car (rad).
        rate: Wanted change of the steering angle, rad/s.
        acceleration: Wanted acceleration, m/s².
        car: The parameters.
    """
    _, _, steer, speed, yaw = parts
    turn = limited_steering(steer, rate, car)
    push = limited_acceleration(speed, acceleration, car)
    return speed * cos(yaw), speed * sin(yaw), turn, push, speed / car.wheelbase * tan(steer)


@dataclass(frozen=True, slots=True)
class Turned:
    """The sines and cosines of the angles of a car; sums of angles are taken from them.

    Attributes:
        steer: Sine and cosine of the steering angle.
        yaw: Those of the yaw angle.
        slip: Those of the slip angle.
    """

    steer: tuple[Real, Real]
    yaw: tuple[Real, Real]
    slip: tuple[Real, Real]

    @staticmethod
    def of(steer: Real, yaw: Real, slip: Real) -> Turned:
        """From the angles, rad."""
        return Turned(*((sin(angle), cos(angle)) for angle in (steer, yaw, slip)))

    def along(self, sine: Real, cosine: Real) -> tuple[Real, Real]:
        """The unit vector in the direction of the yaw angle plus that of which the sine and cosine are given."""
        s, c = self.yaw
        return c * cosine - s * sine, s * cosine + c * sine


@dataclass(frozen=True, slots=True)
class Slow:
    """The kinematic model about the centre of mass, which the dynamic models are at low speed.

    Attributes:
        x: Derivative of the position, m/s.
        y: Derivative of the position, m/s.
        yaw: Derivative of the yaw angle, rad/s.
        yaw_rate: Derivative of the yaw rate, rad/s².
        slip: Derivative of the slip angle, rad/s. As in CommonRoad's equations, the ratio of the distances stands
            within the square together with the squared tangent.
    """

    x: Real
    y: Real
    yaw: Real
    yaw_rate: Real
    slip: Real


def slow(turned: Turned, speed: Real, turn: Real, push: Real, car: Car) -> Slow:
    """The derivatives at low speed; ``turn`` and ``push`` are the limited inputs, in rad/s and m/s²."""
    ratio, base = car.rear / car.wheelbase, car.wheelbase
    sine, cosine = turned.steer
    slip_sine, slip_cosine = turned.slip
    tangent, squared = sine / cosine, cosine * cosine
    # The slip angle of rolling wheels has this tangent.
    rolling = tangent * ratio
    rolling_cosine = 1.0 / sqrt(1.0 + rolling * rolling)
    x, y = turned.along(rolling * rolling_cosine, rolling_cosine)
    skew = tangent * rolling
    d_slip = ratio * turn / (squared * (1.0 + skew * skew))
    bend = (push * slip_cosine - speed * slip_sine * d_slip) * tangent
    return Slow(
        x=speed * x,
        y=speed * y,
        yaw=speed * rolling_cosine * tangent / base,
        yaw_rate=(bend + speed * slip_cosine * turn / squared) / base,
        slip=d_slip,
    )


def single_track(parts: Sequence[Real], rate: Real, acceleration: Real, car: Car) -> tuple[Real, ...]:
    """The dynamic single-track model about the centre of mass; the derivatives of its state.

    Tyre forces are linear in the slip angles and proportional to the load, which acceleration moves between the axles.
    Below 0.1 m/s it is the kinematic model.

    Args:
        parts: Position of the centre of mass (two, m), steering angle (rad), speed (m/s), direction of the car (rad),
            yaw rate (rad/s), slip angle between the direction of the car and its velocity (rad).
        rate: Wanted change of the steering angle, rad/s.
        acceleration: Wanted acceleration, m/s².
        car: The parameters.
    """
    _, _, steer, speed, yaw, yaw_rate, slip = parts
    turn = limited_steering(steer, rate, car)
    push = limited_acceleration(speed, acceleration, car)
    turned = Turned.of(steer, yaw, slip)
    low = slow(turned, speed, turn, push, car)
    ahead, aside = turned.along(*turned.slip)
    crawls = abs(speed) < SLOW
    v = where(crawls, 1.0, speed)
    front = car.stiffness * (GRAVITY * car.rear - push * car.height)
    rear = car.stiffness * (GRAVITY * car.front + push * car.height)
    lateral = car.friction / car.wheelbase
    about = lateral * car.mass / car.inertia
    a, b = car.front, car.rear
    d_rate = about * ((b * rear - a * front) * slip + a * front * steer - (a * a * front + b * b * rear) * yaw_rate / v)
    d_slip = lateral * ((rear * b - front * a) / (v * v) * yaw_rate + (front * steer - (rear + front) * slip) / v)
    return (
        where(crawls, low.x, speed * ahead),
        where(crawls, low.y, speed * aside),
        turn,
        push,
        where(crawls, low.yaw, yaw_rate),
        where(crawls, low.yaw_rate, d_rate),
        where(crawls, low.slip, d_slip - yaw_rate),
    )


class KinematicState(Record):
    """Where a kinematic car is; about its rear axle."""

    x: Stream[Metres]
    y: Stream[Metres]
    steer: Stream[Radians]
    speed: Stream[MetresPerSecond]
    yaw: Stream[Radians]


class SingleTrackState(Record):
    """Where a dynamic car is; about its centre of mass."""

    x: Stream[Metres]
    y: Stream[Metres]
    steer: Stream[Radians]
    speed: Stream[MetresPerSecond]
    yaw: Stream[Radians]
    yaw_rate: Stream[RadiansPerSecond]
    slip: Stream[Radians]


@node
def kinematic_car(
    start: KinematicState,
    steer_rate: Stream[RadiansPerSecond],
    acceleration: Stream[MetresPerSecondSquared],
    tick: float,
    car: Car = BMW_320I,
    rule: Rule = runge_kutta,
) -> KinematicState:
    """A kinematic car: its state at this tick; ``start`` at the first.

    Args:
        start: Counts at the first tick.
        steer_rate: Wanted change of the steering angle, held over the tick.
        acceleration: Wanted acceleration, held over the tick.
        tick: The period of the clock, s.
        car: The parameters.
        rule: The integration rule.
    """
    s = state(init=start)

    def derivative(*parts: Real) -> tuple[Real, ...]:
        return kinematic(parts, steer_rate, acceleration, car)

    s.next = KinematicState(*rule(derivative, [s.x, s.y, s.steer, s.speed, s.yaw], tick))
    return s


@node
def single_track_car(
    start: SingleTrackState,
    steer_rate: Stream[RadiansPerSecond],
    acceleration: Stream[MetresPerSecondSquared],
    tick: float,
    car: Car = BMW_320I,
    rule: Rule = runge_kutta,
) -> SingleTrackState:
    """A dynamic car: its state at this tick; ``start`` at the first.

    Args:
        start: Counts at the first tick.
        steer_rate: Wanted change of the steering angle, held over the tick.
        acceleration: Wanted acceleration, held over the tick.
        tick: The period of the clock, s. The slip of the BMW decays at 215/speed a second, so that a step of Runge and
            Kutta's rule is stable if it is shorter than about 0.0125 s² m⁻¹ times the speed.
        car: The parameters.
        rule: The integration rule.
    """
    s = state(init=start)

    def derivative(*parts: Real) -> tuple[Real, ...]:
        return single_track(parts, steer_rate, acceleration, car)

    s.next = SingleTrackState(*rule(derivative, [s.x, s.y, s.steer, s.speed, s.yaw, s.yaw_rate, s.slip], tick))
    return s

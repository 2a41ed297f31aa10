"""Controllers: PID with anti-windup, state feedback with a gain by LQR, and two for the lateral motion of a car.

Rule: streams of f32 or f64, all of one type on one clock, of which ``tick`` is the period in seconds; gains are Python
numbers, computed while the node is built.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from syncml.lang.contracts import ensure, invariant
from syncml.lang.functions import atan2, clip, constant, maximum, where
from syncml.lang.kernel import first
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import Vec

T = TypeVar("T")
Matrix: TypeAlias = NDArray[Any]


@node
def pid(error: Stream[T], tick: float, kp: float, ki: float, kd: float, low: float, high: float) -> Stream[T]:
    """``kp e + ki integral(e) + kd e'``, limited; the integral waits while the limits hold the output.

    The integral is a sum over the ticks before (Euler), in the unit of the output; it grows in neither direction in
    which the output is already limited, and stays from ``low`` to ``high`` itself. The derivative is a difference over
    one tick and 0 at the first. (Conditional integration: Astrom, Hagglund: Advanced PID control, 2006, section 3.5.)

    Args:
        error: What is wanted less what is.
        tick: The period of the clock, s.
        kp: Output for each unit of error.
        ki: Output for each unit of error and second.
        kd: Output for each unit of error per second.
        low: The least output.
        high: The greatest output.

    Contract: the output is from ``low`` to ``high``, whatever the error, a NaN included.
    """
    integral: Any = state(init=min(max(0.0, low), high), type=error)
    before: Any = state(init=0.0, type=error)
    e: Any = error
    slope = where(first(), 0.0, (e - before) / tick)
    wanted = kp * e + integral + kd * slope
    held = ((wanted > high) & (e > 0.0)) | ((wanted < low) & (e < 0.0))
    integral.next = where(held, integral, clip(integral + ki * tick * e, low, high))
    before.next = e
    command = clip(wanted, low, high)
    invariant((integral >= low) & (integral <= high), "integral within the limits")
    ensure((command >= low) & (command <= high), "command within the limits")
    return command


def sampled(a: Matrix, b: Matrix, tick: float) -> tuple[Matrix, Matrix]:
    """``x' = a x + b u`` with ``u`` held over each tick, as ``x+ = ad x + bd u``.

    The exponential of ``[[a, b], [0, 0]] tick`` by its series, after halving until the argument is below 1/2.
    """
    states, inputs = b.shape
    joined = np.zeros((states + inputs, states + inputs))
    joined[:states, :states], joined[:states, states:] = a, b
    joined *= tick
    halvings = max(0, int(np.ceil(np.log2(max(np.linalg.norm(joined, 1), 1e-9)))) + 1)
    joined /= 2.0**halvings
    result = term = np.eye(len(joined))
    for order in range(1, 19):
        term = term @ joined / order
        result = result + term
    for _ in range(halvings):
        result = result @ result
    return result[:states, :states], result[:states, states:]


def riccati(a: Matrix, b: Matrix, q: Matrix, r: Matrix) -> Matrix:
    """The stabilising solution ``p`` of the discrete algebraic Riccati equation, by doubling.

    p = a' p a - a' p b (r + b' p b)^-1 b' p a + q; each round does the work of twice as many steps of the recursion.
    (Chu, Fan, Lin, Wang: structure-preserving algorithms for periodic discrete-time algebraic Riccati equations, 2004.)

    Raises:
        ValueError: it does not converge: (a, b) cannot be stabilised, or q does not see all that is unstable.
    """
    eye = np.eye(len(a))
    f, g, p = a, b @ np.linalg.solve(r, b.T), q
    for _ in range(60):
        with np.errstate(over="ignore", invalid="ignore"):
            inverse = np.linalg.inv(eye + g @ p)
            f, g, after = f @ inverse @ f, g + f @ inverse @ g @ f.T, p + f.T @ p @ inverse @ f
        if not np.all(np.isfinite(after)):
            break
        done = np.abs(after - p).max() <= 1e-14 * np.abs(after).max()
        p = 0.5 * (after + after.T)
        if done:
            return p
    raise ValueError(
        "the Riccati equation has no stabilising solution: (a, b) has an unstable part that b does not reach"
    )


def lqr(a: Matrix, b: Matrix, q: Matrix, r: Matrix) -> Matrix:
    """The gain ``k`` of the feedback ``u = -k x`` that minimises the sum of ``x' q x + u' r u`` for ``x+ = a x + b u``.

    Raises:
        ValueError: there is none.
    """
    p = riccati(a, b, q, r)
    return np.linalg.solve(r + b.T @ p @ b, b.T @ p @ a)


@node
def state_feedback(x: Stream[Vec[Any, T]], reference: Stream[Vec[Any, T]], gain: Matrix) -> Stream[Vec[Any, T]]:
    """``gain @ (reference - x)``: as many commands as the gain has rows."""
    weights: Any = constant(gain, name="gain")
    return weights @ (reference - x)


@node
def stanley(
    heading_error: Stream[T], offset: Stream[T], speed: Stream[T], gain: float, soft: float, limit: float
) -> Stream[T]:
    """The steering angle of Stanley: the heading error and ``atan(gain offset / speed)``, limited, in radians.

    Thrun et al.: Stanley, the robot that won the DARPA Grand Challenge (2006), section 9.2.

    Args:
        heading_error: Direction of the path less that of the car, rad, from -pi to pi.
        offset: From the front axle to the path, m; positive where the path is to the left.
        speed: m/s.
        gain: 1/s.
        soft: What is added to the speed so that the command is gentle at rest, m/s; above 0.
        limit: The greatest angle, rad.

    Contract: the angle is within the limit.
    """
    e: Any = offset
    v: Any = speed
    turn: Any = heading_error + atan2(gain * e, maximum(v, 0.0) + soft)
    steer = clip(turn, -limit, limit)
    ensure((steer >= -limit) & (steer <= limit), "steering within the limit")
    return steer


@node
def pure_pursuit(ahead: Stream[T], aside: Stream[T], wheelbase: float, limit: float) -> Stream[T]:
    """The steering angle of the arc from the rear axle through a point of the path, limited, in radians.

    The arc has the curvature ``2 aside / (ahead² + aside²)``. (Coulter: Implementation of the pure pursuit path
    tracking algorithm, 1992.)

    Args:
        ahead: The point, from the rear axle in the direction of the car, m.
        aside: The point, to the left, m.
        wheelbase: m.
        limit: The greatest angle, rad.

    Contract: the angle is within the limit.
    """
    x: Any = ahead
    y: Any = aside
    turn: Any = atan2(2.0 * wheelbase * y, x * x + y * y)
    steer = clip(turn, -limit, limit)
    ensure((steer >= -limit) & (steer <= limit), "steering within the limit")
    return steer

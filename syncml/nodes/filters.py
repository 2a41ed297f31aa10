"""Filters and estimators: low-pass, complementary, Kalman.

Rule: streams of f32 or f64, all of one type on one clock, of which ``tick`` is the period in seconds; models and
covariances are Python arrays, and the filter computes in the type of its measurements.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import constant, where
from syncml.lang.kernel import first
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import Vec
from syncml.nodes.control import riccati

T = TypeVar("T")
Matrix: TypeAlias = NDArray[Any]


@node
def low_pass(x: Stream[T], tick: float, time_constant: float) -> Stream[T]:
    """``time_constant y' = x - y`` for an input that is held, exactly; the first output is the first input."""
    before: Any = state(init=0.0, type=x)
    y = where(first(), x, before - math.expm1(-tick / time_constant) * (x - before))
    before.next = y
    return y


@node
def complementary(slow: Stream[T], rate: Stream[T], tick: float, time_constant: float) -> Stream[T]:
    """The integral of ``rate``, drawn to ``slow``: what is fast comes from the one, what is slow from the other.

    y = w (y + rate tick) + (1 - w) slow, w = time_constant / (time_constant + tick); the first output is ``slow``.
    (Higgins: a comparison of complementary and Kalman filtering, 1975.)

    Args:
        slow: A noisy measurement without drift, such as a speed by GNSS or an angle by gravity.
        rate: Its derivative, such as of an accelerometer or a gyroscope, per second.
        tick: The period of the clock, s.
        time_constant: Where the one becomes the other, s.
    """
    before: Any = state(init=0.0, type=slow)
    measured: Any = slow
    change: Any = rate
    weight = time_constant / (time_constant + tick)
    y = where(first(), measured, weight * (before + tick * change) + (1.0 - weight) * measured)
    before.next = y
    return y


def steady_gain(f: Matrix, h: Matrix, q: Matrix, r: Matrix) -> Matrix:
    """The gain that a Kalman filter's converges to: ``x = x_predicted + gain (z - h x_predicted)``.

    Raises:
        ValueError: there is none: an unstable part is not seen by ``h``.
    """
    p = riccati(f.T, h.T, q, r)
    return np.linalg.solve(h @ p @ h.T + r, h @ p).T


@dataclass(frozen=True, eq=False)
class Kalman:
    """A Kalman filter for ``x+ = f x + w``, ``z = h x + v`` (Kalman 1960); a call makes an instance.

    The measurements of a tick are used one after the other, made independent by the root of ``r``, so that no matrix is
    inverted and the covariance stays symmetric to the bit. Without a valid measurement the filter predicts.

    Attributes:
        f: (states, states), from tick to tick.
        h: (measurements, states).
        q: (states, states), the covariance of w.
        r: (measurements, measurements), the covariance of v; positive definite.
        start: (states,), the estimate before the first measurement.
        trust: (states, states), the covariance of ``start``.
    """

    f: Matrix
    h: Matrix
    q: Matrix
    r: Matrix
    start: Matrix
    trust: Matrix
    _whitened: Matrix = field(init=False)
    _root: Matrix = field(init=False)

    def __post_init__(self) -> None:
        root = np.linalg.inv(np.linalg.cholesky(self.r))
        object.__setattr__(self, "_root", root)
        object.__setattr__(self, "_whitened", root @ self.h)

    @node
    def kalman(self, z: Stream[Vec[Any, T]], valid: Stream[bool]) -> Stream[Vec[Any, T]]:
        """The estimate after the measurements of this tick, where they are valid."""
        x: Any = state(init=constant(self.start), type=z)
        p: Any = state(init=constant(self.trust), type=z)
        f: Any = constant(self.f, name="f")
        seen: Any = constant(self._root, name="root") @ z
        better, surer = x, p
        for i, row in enumerate(self._whitened):
            h: Any = constant(row, name=f"h{i}")
            spread = surer @ h
            gain = spread / (h @ spread + 1.0)
            better = better + gain * (seen[i] - h @ better)
            surer = surer - gain.reshape(-1, 1) * spread
        estimate = where(valid, better, x)
        certainty = where(valid, surer, p)
        x.next = f @ estimate
        moved = f @ certainty @ constant(self.f.T, name="f_transposed") + constant(self.q, name="q")
        p.next = 0.5 * (moved + moved.T)
        return estimate

    def __call__(self, z: Any, valid: Any) -> Any:
        """An instance with its own estimate; ``z`` are the measurements, used where ``valid`` is true."""
        return self.kalman(z, valid)

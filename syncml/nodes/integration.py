"""One step of an explicit integration rule for ``x' = f(x)``.

Rule: the state is a sequence of streams, scalars or arrays, of one float type on one clock; ``f`` takes them as
arguments and returns their derivatives, in the state's unit per second. Inputs that ``f`` reads besides are held over
the step. Every rule is a composition of the language's operators, in the order that is written here, so a step has the
same bits in every engine. (Butcher: Numerical Methods for Ordinary Differential Equations, 2016.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Derivative: TypeAlias = Callable[..., Sequence[Any]]
"""From the parts of the state to the derivative of each."""
Rule: TypeAlias = Callable[[Derivative, Sequence[Any], float], list[Any]]
"""A step: the derivative, the state, the time in seconds; returns the state after that time."""


def _ahead(x: Sequence[Any], slope: Sequence[Any], by: float) -> list[Any]:
    return [a + by * b for a, b in zip(x, slope, strict=True)]


def euler(f: Derivative, x: Sequence[Any], dt: float) -> list[Any]:
    """Euler's rule, of first order: ``x + dt f(x)``."""
    return _ahead(x, f(*x), dt)


def heun(f: Derivative, x: Sequence[Any], dt: float) -> list[Any]:
    """Heun's rule, of second order: the mean of the slopes at the ends of Euler's step."""
    k1 = f(*x)
    k2 = f(*_ahead(x, k1, dt))
    return [a + 0.5 * dt * (p + q) for a, p, q in zip(x, k1, k2, strict=True)]


def runge_kutta(f: Derivative, x: Sequence[Any], dt: float) -> list[Any]:
    """The classical rule of Runge and Kutta, of fourth order."""
    k1 = f(*x)
    k2 = f(*_ahead(x, k1, 0.5 * dt))
    k3 = f(*_ahead(x, k2, 0.5 * dt))
    k4 = f(*_ahead(x, k3, dt))
    slopes = zip(x, k1, k2, k3, k4, strict=True)
    return [a + dt / 6.0 * (p + 2.0 * (q + r) + s) for a, p, q, r, s in slopes]

"""Angles: the trigonometric functions that are compositions of the language's own.

Rule: each is total and takes any float type. With the errors that docs/reference/elementary-functions.md states for
``sin``, ``cos`` and ``atan2``, ``tan`` is within 5 units in the last place of f64 (4 of f32) wherever it is finite, and
``atan`` within 1.75.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from syncml.lang.functions import atan2, cos, sin

Real: TypeAlias = Any
"""A stream of f32 or f64."""


def tan(x: Real) -> Real:
    """The tangent of radians, ``sin(x) / cos(x)``."""
    return sin(x) / cos(x)


def atan(x: Real) -> Real:
    """The angle in (-pi/2, pi/2) whose tangent is x, in radians: ``atan2(x, 1)``."""
    return atan2(x, 1.0)


def wrapped(angle: Real) -> Real:
    """The same direction from -pi to pi: ``atan2(sin, cos)``, in radians, for any finite angle."""
    return atan2(sin(angle), cos(angle))

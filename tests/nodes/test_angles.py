"""Trigonometric compositions against mpmath, within the errors that they state."""

from __future__ import annotations

import mpmath
import numpy as np

from syncml import Stream, f32, f64, node
from syncml.nodes.angles import atan, tan, wrapped
from tests.nodes.running import out


@node
def tan64(x: Stream[f64]) -> Stream[f64]:
    return tan(x)


@node
def tan32(x: Stream[f32]) -> Stream[f32]:
    return tan(x)


@node
def atan64(x: Stream[f64]) -> Stream[f64]:
    return atan(x)


@node
def direction(x: Stream[f64]) -> Stream[f64]:
    return wrapped(x)


def test_tan() -> None:
    x = np.concatenate([np.linspace(-1.57, 1.57, 150), np.linspace(3, 400, 100), [1e-300, 1e15]])
    for main, type_, bound in ((tan64, np.float64, 5), (tan32, np.float32, 4)):
        values = x.astype(type_)
        values = values[np.abs(values) > np.finfo(type_).tiny]
        with mpmath.workprec(200):
            exact = [mpmath.tan(mpmath.mpf(float(v))) for v in values]
            found = out(main, x=values)
            errors = [
                abs(mpmath.mpf(float(f)) - e) / float(np.spacing(abs(type_(e))))
                for f, e in zip(found, exact, strict=True)
            ]
        assert max(errors) <= bound


def test_atan() -> None:
    x = np.concatenate([np.linspace(-9, 9, 150), [1e-300, 1e300, -1e9]])
    assert np.allclose(out(atan64, x=x), np.arctan(x), rtol=5e-16, atol=0)


def test_wrapped() -> None:
    x = np.linspace(-40, 40, 100)
    found = out(direction, x=x)
    assert np.allclose(np.exp(1j * x), np.exp(1j * found), atol=1e-14)
    assert np.all(np.abs(found) <= np.pi)

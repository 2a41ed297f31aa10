"""Plants as programs: one step of an integration rule at each tick."""

from collections.abc import Callable
from typing import TypeAlias

from syncml import Stream, Vec, assume, cast, f32, f64, i32, state, vec, where
from syncml.networks.onnx_node import Network

Real: TypeAlias = Stream[f64]


def runge_kutta(f: Callable[..., tuple[Real, ...]], x: list[Real], dt: float) -> list[Real]:
    """One step of the classical rule of fourth order for ``x' = f(*x)``."""

    def ahead(by: float, slope: tuple[Real, ...]) -> list[Real]:
        return [a + by * b for a, b in zip(x, slope, strict=True)]

    k1 = f(*x)
    k2 = f(*ahead(0.5 * dt, k1))
    k3 = f(*ahead(0.5 * dt, k2))
    k4 = f(*ahead(dt, k3))
    slopes = zip(x, k1, k2, k3, k4, strict=True)
    return [a + dt / 6.0 * (p + 2.0 * (q + r) + s) for a, p, q, r, s in slopes]


def within(x: Real, low: float, high: float) -> None:
    """Assume that an input is in a range."""
    assume((x >= low) & (x <= high))


def ticks(most: int) -> Stream[i32]:
    """The number of ticks since the start; it stays at ``most``."""
    n = state(init=0)
    n.next = where(n < most, n + 1, n)
    return n


def decided(network: Network, features: list[Real | float]) -> Stream[Vec[f64]]:
    """What a network of single precision decides, as double precision."""
    single = [f if isinstance(f, float) else cast(f, f32) for f in features]
    return cast(network(vec(*single)), f64)

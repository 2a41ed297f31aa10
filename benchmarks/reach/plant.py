"""What the closed loops share: ranges of inputs, time, and a network of single precision in a plant of double."""

from typing import TypeAlias

from syncml import Stream, Vec, assume, cast, f32, f64, i32, state, vec, where
from syncml.networks.onnx_node import Network

Real: TypeAlias = Stream[f64]


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

"""Arithmetic of points on a scale, in a node and in what it calls; degrees where a number is meant."""

from typing import Annotated

from syncml import Stream, Unit, f32, node, sin

Celsius = Annotated[f32, Unit("°C")]


@node
def mixed(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    return 0.5 * (x + y)


@node
def main(
    inside: Stream[Celsius], outside: Stream[Celsius], slope: Stream[Annotated[f32, Unit("°")]]
) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    drop = inside - outside  # error: [T009]
    return drop, mixed(outside, outside * 1.0), sin(slope)  # error: [T009]

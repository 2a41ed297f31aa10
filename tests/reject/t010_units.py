"""Texts that are no units."""

from typing import Annotated

from syncml import Stream, Unit, f32, node


@node
def main(
    a: Stream[Annotated[f32, Unit("metre")]],  # error: [T010]
    b: Stream[Annotated[f32, Unit("m//s")]],  # error: [T010]
    c: Stream[Annotated[f32, Unit("m/s**")]],  # error: [T010]
    d: Stream[Annotated[f32, Unit("")]],
    e: Stream[Annotated[f32, Unit("m s")]],  # error: [T010]
    f: Stream[Annotated[f32, Unit("W/°C")]],  # error: [T010]
    g: Stream[Annotated[f32, Unit("°C**2")]],  # error: [T010]
) -> Stream[f32]:
    return a + b + c + d + e + f + g

"""Conversions between units of different quantities."""

from typing import Annotated

from syncml import Stream, Unit, f32, in_unit, node


@node
def main(gap: Stream[Annotated[f32, Unit("m")]], x: Stream[f32]) -> Stream[f32]:
    a = in_unit(gap, "s")  # error: [T009]
    b = in_unit(x, "m/s", of="km")  # error: [T009]
    return a + b

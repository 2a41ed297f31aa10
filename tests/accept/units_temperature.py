"""Temperatures: compared, chosen, remembered, shifted by literals; converted for arithmetic. Angles in degrees."""

from typing import Annotated

from syncml import Record, Stream, Unit, f32, fby, in_unit, maximum, node, sin, state, where

Celsius = Annotated[f32, Unit("°C")]
Kelvin = Annotated[f32, Unit("K")]
Fahrenheit = Annotated[f32, Unit("degF")]
Degrees = Annotated[f32, Unit("deg")]


class Room(Record):
    air: Stream[Celsius]
    wall: Stream[Celsius]


@node
def main(
    room: Room, outside: Stream[Fahrenheit], slope: Stream[Degrees]
) -> tuple[Room, Stream[Kelvin], Stream[Fahrenheit], Stream[bool], Stream[f32]]:
    latest = state(init=room)
    latest.next = where(room.air > room.wall, room, latest)
    warmest = maximum(maximum(latest.air, latest.wall), fby(0.0, room.air) + 0.5)
    drop = in_unit(warmest, "K") - in_unit(outside, "K")
    return latest, drop, in_unit(latest.wall, "°F"), warmest > 30.0, sin(in_unit(slope, "rad"))

"""Modes share a variable with a unit; millimetres are converted on the way in."""

import enum
from typing import Annotated

from syncml import Stream, Unit, automaton, f32, in_unit, last, node

Metres = Annotated[f32, Unit("m")]
Millimetres = Annotated[f32, Unit("mm")]


class Drive(enum.Enum):
    COARSE = 0
    FINE = 1


@node
def main(wanted: Stream[Millimetres], step: Stream[Metres]) -> tuple[Stream[Metres], Stream[Drive]]:
    target = in_unit(wanted, "m")
    drive = automaton(Drive)
    place = drive.shared(Metres, init=0.0)
    rest = target - last(place)
    with drive(Drive.COARSE):
        place.define(last(place) + 0.5 * rest)
        drive.go(Drive.FINE, when=abs(rest) < 0.01)
    with drive(Drive.FINE):
        place.define(last(place) + 0.1 * rest)
        drive.go(Drive.COARSE, when=abs(rest) > abs(step))
    return place, drive.state

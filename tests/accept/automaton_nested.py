"""An automaton inside of a mode is memory of that mode; modes of both may share variables."""

import enum

from syncml import Stream, automaton, f32, last, node


class Drive(enum.Enum):
    PARK = 0
    MOVE = 1


class Gear(enum.Enum):
    FIRST = 0
    SECOND = 1


@node
def main(
    speed: Stream[f32], start: Stream[bool], stop: Stream[bool]
) -> tuple[Stream[f32], Stream[Drive], Stream[Gear]]:
    drive = automaton(Drive)
    force = drive.shared(f32, default=0.0)
    shown = drive.shared(Gear, default=Gear.FIRST)
    with drive(Drive.PARK):
        drive.go(Drive.MOVE, when=start)
    with drive(Drive.MOVE):
        gear = automaton(Gear)
        pull = gear.shared(f32, init=1.0)
        with gear(Gear.FIRST):
            pull.define(last(pull) + 2.0)
            gear.go(Gear.SECOND, when=speed > 5.0)
        with gear(Gear.SECOND):
            gear.go(Gear.FIRST, when=speed < 4.0)
        force.define(pull * speed)
        shown.define(gear.state)
        drive.go(Drive.PARK, when=stop)
    return force, drive.state, shown

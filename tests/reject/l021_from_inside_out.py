"""An automaton inside of a mode goes to a mode of the one around it."""

import enum

from syncml import Stream, automaton, f32, node


class Power(enum.Enum):
    OFF = 0
    ON = 1


class Pace(enum.Enum):
    SLOW = 0
    FAST = 1


@node
def main(x: Stream[f32], press: Stream[bool]) -> Stream[f32]:
    power = automaton(Power)
    y = power.shared(f32, default=0.0)
    with power(Power.OFF):
        power.go(Power.ON, when=press)
    with power(Power.ON):
        pace = automaton(Pace)
        with pace(Pace.SLOW):
            pace.go(Pace.FAST, when=x > 1.0)
        with pace(Pace.FAST):
            pace.go(Power.OFF, when=press)  # error: [L021]
        y.define(x)
    return y

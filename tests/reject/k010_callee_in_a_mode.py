"""The borders of the segment are on a faster clock than the call."""

import enum

from syncml import Stream, automaton, f32, node, post, segment, when


class Gear(enum.Enum):
    LOW = 0
    HIGH = 1


@node
def ahead(x: Stream[f32]) -> Stream[f32]:
    return x + post(x, init=0.0)


@node
def top(x: Stream[f32]) -> Stream[f32]:
    with segment(every=4) as seg:
        gear = automaton(Gear)
        y = gear.shared(f32)
        with gear(Gear.LOW):
            y.define(x)
            gear.go(Gear.HIGH, when=x > 1.0)
        with gear(Gear.HIGH):
            y.define(ahead(x))  # error: [K010]
            gear.go(Gear.LOW, when=x < 0.0)
    return when(y, seg.last)

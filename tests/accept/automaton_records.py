"""Modes share a record; one of them leaves it as it was."""

import enum

from syncml import Record, Stream, automaton, f32, i32, last, node


class Mode(enum.Enum):
    TRACK = 0
    COAST = 1


class Estimate(Record):
    """Where something is, and for how long it was not seen."""

    place: Stream[f32]
    speed: Stream[f32]
    age: Stream[i32]


@node
def main(seen: Stream[bool], place: Stream[f32], speed: Stream[f32]) -> tuple[Estimate, Stream[Mode]]:
    mode = automaton(Mode)
    where_ = mode.shared(f32, init=0.0)
    fast = mode.shared(f32, init=0.0)
    age = mode.shared(i32, init=0)
    mode.unless(Mode.COAST, when=~seen, source=Mode.TRACK)
    mode.unless(Mode.TRACK, when=seen, source=Mode.COAST)
    with mode(Mode.TRACK):
        where_.define(place)
        fast.define(speed)
        age.define(0)
    with mode(Mode.COAST):
        where_.define(last(where_) + 0.1 * last(fast))
        age.define(last(age) + 1)
    return Estimate(place=where_, speed=fast, age=age), mode.state

"""Modes share a record; one leaves it as it was, one has the default. A record that is a wire, and its `last`."""

import enum
from typing import Literal as L

from syncml import Record, Stream, Vec, automaton, f32, i32, last, node, pre, reset_every, switch, wire


class Mode(enum.Enum):
    TRACK = 0
    COAST = 1
    LOST = 2


class Age(Record):
    ticks: Stream[i32]
    known: Stream[bool]


class Estimate(Record):
    place: Stream[Vec[L[2]]]
    mode: Stream[Mode]
    age: Age


NOTHING = Estimate(place=[0.0, 0.0], mode=Mode.LOST, age=Age(ticks=0, known=False))


@node
def main(
    seen: Stream[bool], place: Stream[Vec[L[2]]], speed: Stream[f32], again: Stream[bool]
) -> tuple[Estimate, Estimate, Age, Estimate]:
    now = wire(Estimate)
    before = pre(now, init=NOTHING)
    with reset_every(again):
        mode = automaton(Mode, initial=Mode.LOST)
        kept = mode.shared(Estimate, init=NOTHING)
        shown = mode.shared(Age, default=Age(ticks=-1, known=seen))
        mode.unless(Mode.TRACK, when=seen)
        with mode(Mode.TRACK):
            kept.define(Estimate(place=place, mode=mode.state, age=Age(ticks=0, known=True)))
            mode.go(Mode.COAST, when=~seen | (speed > 3.0))
        with mode(Mode.COAST):
            age = Age(ticks=last(kept).age.ticks + 1, known=last(kept.age.known))
            kept.define(Estimate(place=last(kept.place) + 0.1 * speed, mode=Mode.COAST, age=age))
            shown.define(age)
            mode.go(Mode.LOST, when=age.ticks > 3)
    now.define(kept)
    side = switch(seen)
    chosen = side.shared(Estimate)
    with side(True):
        chosen.define(before)
    with side(False):
        chosen.define(last(now, NOTHING))
    return kept, chosen, shown, before

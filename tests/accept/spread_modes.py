"""A node of two modes in stages: memory in a mode, resets, two names of one condition, a reset of the call."""

import enum

from syncml import Hz, Stream, automaton, f32, hold, last, merge, node, pre, reset_every, sample, spread, tanh, when


class Mode(enum.Enum):
    WARM = 0
    RUN = 1


@node
def heater(x: Stream[f32]) -> Stream[f32]:
    mode = automaton(Mode)
    level = mode.shared(f32, init=0.0)
    with mode(Mode.WARM):
        level.define(last(level) + tanh(x))
        mode.go(Mode.RUN, when=level > 0.5)
    with mode(Mode.RUN):
        level.define(0.5 * pre(x, init=0.25) + 0.5 * last(level))
        mode.go(Mode.WARM, when=x < 0.0)
    with reset_every(x > 20.0):
        calm = pre(level, init=1.0) < 0.0
    loud = ~calm
    quiet = ~loud
    kept = merge(calm, pre(when(x, quiet), init=0.5), 0.5 * when(level, loud))
    return tanh(kept) + tanh(level)


@node(rate=Hz(100))
def main(x: Stream[f32], restart: Stream[bool]) -> Stream[f32]:
    plain = spread(heater, ticks=3)(sample(x, to=Hz(20)))
    again = spread(heater.reset_every(sample(restart, to=Hz(20))), ticks=4)(sample(x, to=Hz(20)))
    return hold(plain, init=0.0) + hold(again, init=0.0)

"""Modes of a contract: one and several promises, names, claims, the rest, a called node, a mode of an automaton."""

import enum

from syncml import Hz, Stream, always, automaton, clip, f32, i32, last, mode, ms, node, state, where, within


class Phase(enum.Enum):
    OFF = 0
    ON = 1


@node
def limited(x: Stream[f32]) -> Stream[f32]:
    y = clip(x, -1.0, 1.0)
    mode("inside", require=[x > -1.0, x < 1.0], ensure=y == x, req="SR-1")
    mode("above", require=x >= 1.0, ensure=[y == 1.0, y <= x])
    mode("below", require=x <= -1.0, ensure={"least": y == -1.0})
    return y


@node(rate=Hz(100))
def main(x: Stream[f32], go: Stream[bool]) -> tuple[Stream[f32], Stream[i32]]:
    y = limited(x)
    seen = state(init=False)
    seen.next = seen | go
    phase = automaton(Phase)
    count = phase.shared(i32, init=0)
    with phase(Phase.OFF):
        count.define(0)
        mode("off", ensure={"none": count == 0})
        phase.go(Phase.ON, when=go)
    with phase(Phase.ON):
        count.define(where(last(count) < 9, last(count) + 1, 0))
        mode("low", require=count < 5)
        mode("high", require=count >= 5, ensure=count <= 9)
        phase.go(Phase.OFF, when=~go)
    begun = mode("begun", require=seen, ensure=[always(seen), within(~go | seen, ms(30))])
    mode("waiting", ensure={"not yet": ~begun})
    return y, count

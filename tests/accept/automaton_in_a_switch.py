"""An automaton in one block of a switch stands still while another block is active."""

import enum

from syncml import Stream, automaton, i32, last, node, switch


class Phase(enum.Enum):
    ONE = 0
    TWO = 1


@node
def main(active: Stream[bool], go: Stream[bool], x: Stream[i32]) -> tuple[Stream[Phase], Stream[i32]]:
    gate = switch(active)
    phase = gate.shared(Phase, init=Phase.ONE)
    total = gate.shared(i32, init=0)
    with gate(True):
        inner = automaton(Phase)
        step = inner.shared(i32)
        with inner(Phase.ONE):
            step.define(x)
            inner.go(Phase.TWO, when=go)
        with inner(Phase.TWO):
            step.define(-x)
            inner.go(Phase.ONE, when=go)
        phase.define(inner.state)
        total.define(last(total) + step)
    with gate(False):
        pass
    return phase, total

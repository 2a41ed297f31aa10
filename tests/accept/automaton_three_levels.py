"""Automata three levels deep: each entry of an outer mode starts all inner ones."""

import enum

from syncml import Stream, automaton, i32, node, state


class Power(enum.Enum):
    OFF = 0
    ON = 1


class Job(enum.Enum):
    IDLE = 0
    BUSY = 1


class Step(enum.Enum):
    LOAD = 0
    PRESS = 1
    EJECT = 2


@node
def main(
    power: Stream[bool], job: Stream[bool], step: Stream[bool]
) -> tuple[Stream[Power], Stream[Job], Stream[Step], Stream[i32]]:
    outer = automaton(Power)
    shown = outer.shared(Job, default=Job.IDLE)
    deep = outer.shared(Step, init=Step.LOAD)
    made = outer.shared(i32, init=0)
    with outer(Power.OFF):
        outer.go(Power.ON, when=power)
    with outer(Power.ON):
        middle = automaton(Job)
        position = middle.shared(Step, default=Step.LOAD)
        done = middle.shared(i32, default=0)
        with middle(Job.IDLE):
            middle.go(Job.BUSY, when=job)
        with middle(Job.BUSY):
            inner = automaton(Step)
            pressed = inner.shared(i32, init=0)
            with inner(Step.LOAD):
                inner.go(Step.PRESS, when=step | job)
            with inner(Step.PRESS):
                force = state(init=1)
                force.next = force * 2
                pressed.define(force)
                inner.go(Step.EJECT, when=force > 2)
            with inner(Step.EJECT):
                inner.go(Step.LOAD, when=step | job)
            position.define(inner.state)
            done.define(pressed)
            middle.go(Job.IDLE, when=~job & ~power & step)
        shown.define(middle.state)
        deep.define(position)
        made.define(done)
        outer.go(Power.OFF, when=power & job & step)
    return outer.state, shown, deep, made

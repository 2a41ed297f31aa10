"""An automatic door: a state machine with a strong transition, and a proof that it never closes on anybody.

syncml check  examples/door.py
syncml verify examples/door.py
syncml verify examples/door.py --set at_once=false
syncml sim    examples/door.py --input examples/door.csv

The third command shows a counterexample: a weak transition comes one tick too late.
"""

import enum

from syncml import Stream, automaton, ensure, i32, last, node, state


class Door(enum.Enum):
    CLOSED = 0
    OPENING = 1
    OPEN = 2
    CLOSING = 3


@node
def door(
    request: Stream[bool], blocked: Stream[bool], open_end: Stream[bool], closed_end: Stream[bool], at_once: bool = True
) -> tuple[Stream[i32], Stream[Door]]:
    """The motor (1 opens, -1 closes) for a request, a light barrier and two end switches."""
    mode = automaton(Door)
    motor = mode.shared(i32, default=0, init=0)
    if at_once:
        mode.unless(Door.OPENING, when=blocked, source=Door.CLOSING)
    with mode(Door.CLOSED):
        mode.go(Door.OPENING, when=request)
    with mode(Door.OPENING):
        motor.define(1)
        mode.go(Door.OPEN, when=open_end)
    with mode(Door.OPEN):
        waited = state(init=0)
        waited.next = waited + 1
        mode.go(Door.OPEN, when=request | blocked)
        mode.go(Door.CLOSING, when=waited >= 5)
    with mode(Door.CLOSING):
        motor.define(-1)
        mode.go(Door.OPENING, when=request | blocked)
        mode.go(Door.CLOSED, when=closed_end)
    ensure(~(blocked & (motor < 0)), "never closes on anybody")
    ensure((motor >= 0) | (last(motor) <= 0), "never turns round from opening to closing")
    return motor, mode.state

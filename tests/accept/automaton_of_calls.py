"""Each mode calls a node; the controller starts afresh with its mode, the estimator outside goes on."""

import enum

from syncml import Stream, automaton, clip, f32, node, state


class Mode(enum.Enum):
    MANUAL = 0
    SPEED = 1
    GAP = 2


@node
def pi(error: Stream[f32], kp: float, ki: float) -> Stream[f32]:
    total = state(init=0.0)
    total.next = clip(total + ki * error, -1.0, 1.0)
    return kp * error + total


@node
def smooth(x: Stream[f32]) -> Stream[f32]:
    y = state(init=0.0)
    y.next = 0.75 * y + 0.25 * x
    return y


@node
def main(
    pedal: Stream[f32], speed: Stream[f32], gap: Stream[f32], set_: Stream[bool], lead: Stream[bool]
) -> tuple[Stream[f32], Stream[Mode]]:
    near = smooth(gap)
    mode = automaton(Mode)
    force = mode.shared(f32)
    mode.unless(Mode.MANUAL, when=abs(pedal) > 0.5)
    with mode(Mode.MANUAL):
        force.define(pedal)
        mode.go(Mode.SPEED, when=set_)
    with mode(Mode.SPEED):
        force.define(pi(30.0 - speed, kp=0.5, ki=0.1))
        mode.go(Mode.GAP, when=lead)
    with mode(Mode.GAP):
        force.define(pi(near - 2.0 * speed, kp=0.2, ki=0.05))
        mode.go(Mode.SPEED, when=~lead)
    return force, mode.state

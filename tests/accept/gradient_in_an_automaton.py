"""At a switch of modes the derivative is that of the mode that is active; memory that is restarted is cut."""

from enum import Enum

from syncml import Stream, automaton, f32, node, pack, segment, state, unpack
from syncml.learn import value_and_grad


class Gear(Enum):
    LOW = 0
    HIGH = 1


@node
def drive(x: Stream[f32], up: Stream[bool]) -> Stream[f32]:
    gear = automaton(Gear)
    speed = gear.shared(f32, init=0.0)
    with gear(Gear.LOW):
        v = state(init=0.0)
        v.next = 0.5 * v + x
        speed.define(v.next * v.next)
        gear.go(Gear.HIGH, when=up)
    with gear(Gear.HIGH):
        speed.define(3.0 * x)
        gear.go(Gear.LOW, when=~up)
    return speed * x


@node
def slopes(x: Stream[f32], up: Stream[bool]) -> Stream[f32]:
    with segment(every=6):
        _, d = value_and_grad(drive)(x, up)
        return unpack(pack(d))

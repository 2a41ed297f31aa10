"""A loop around a node that is reset; the wire crosses the register of the other one."""

from syncml import Stream, f32, node, reset_every, state, wire


@node
def plant(force: Stream[f32]) -> Stream[f32]:
    speed = state(init=1.0)
    speed.next = speed + 0.1 * force
    return speed


@node
def integral(error: Stream[f32]) -> Stream[f32]:
    total = state(init=0.0)
    total.next = total + 0.1 * error
    return total.next


@node
def main(wanted: Stream[f32], start: Stream[bool], windup: Stream[bool]) -> Stream[f32]:
    with reset_every(start):
        speed = wire(f32)
        error = wanted - speed
        force = 2.0 * error + integral.reset_every(windup)(error)
        speed.define(plant(force))
    return speed

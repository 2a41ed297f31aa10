"""A loop around nodes: the plant and the controller."""

from syncml import Stream, f32, node, pre, state, wire


@node
def plant(force: Stream[f32]) -> Stream[f32]:
    speed = state(init=0.0)
    speed.next = speed + force * 0.01
    return speed


@node
def controller(speed: Stream[f32], wanted: Stream[f32]) -> Stream[f32]:
    return (wanted - speed) * 2.0


@node
def main(wanted: Stream[f32]) -> Stream[f32]:
    speed = wire(f32)
    force = controller(speed, wanted)
    speed.define(pre(plant(force), init=0.0))
    return speed

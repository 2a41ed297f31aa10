"""A shared record, a wire, that are defined as something else; a first value of another record."""

from syncml import Record, Stream, f32, last, node, switch, wire


class Point(Record):
    x: Stream[f32]
    y: Stream[f32]


class Speed(Record):
    x: Stream[f32]
    y: Stream[f32]


@node
def main(p: Point, v: Speed, c: Stream[bool]) -> tuple[Point, Stream[f32]]:
    side = switch(c)
    shared = side.shared(Point)
    other = side.shared(Point, init=Speed(x=0.0, y=0.0))  # error: [T001]
    with side(True):
        shared.define(p)
    with side(False):
        shared.define(v)  # error: [T001]
    loop = wire(Point)
    loop.define(p.x)  # error: [T001]
    return last(loop, Point(x=0.0, y=0.0)), last(p, v).x + other.x  # error: [T001]

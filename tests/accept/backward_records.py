"""Records look ahead, are packed and unpacked; a rate gives the length of a segment."""

from syncml import Hz, Record, Stream, f32, ms, node, pack, post, segment, unpack


class Point(Record):
    """In the plane."""

    x: Stream[f32]
    y: Stream[f32]


@node(rate=Hz(100))
def ahead(p: Point) -> Point:
    with segment(every=ms(40)):
        following = post(p, init=Point(x=0.0, y=1.0))
        late = unpack(pack(Point(x=following.x - p.x, y=following.y * p.y)))
    return late

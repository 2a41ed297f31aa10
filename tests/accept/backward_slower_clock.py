"""The next value on a slower clock is at its next instant; look aheads and delays of a look ahead, both ways."""

import enum

from syncml import Stream, f32, fby, merge, node, pack, post, segment, unpack, when, wire


class Kind(enum.Enum):
    """Of a sample."""

    NEW = 0
    OLD = 1


@node
def slower(x: Stream[f32], c: Stream[bool], k: Stream[Kind]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    with segment(every=6):
        g = wire(f32)
        g.define(when(x, c) + 0.5 * post(g, init=1.0))
        both = merge(c, g, when(x, ~c))
        first = unpack(pack(both))
        new = wire(f32)
        new.define(when(x, k, Kind.NEW) + 0.5 * post(new, init=when(x, k, Kind.NEW)))
        second = unpack(pack(merge(k, {Kind.NEW: fby(0.0, new), Kind.OLD: when(both, k, Kind.OLD)})))
        ahead = fby(-1.0, post(x, init=0.5))
        third = unpack(pack(ahead - post(both, init=ahead)))
    return first, second, third

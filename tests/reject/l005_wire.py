"""A wire that is never defined."""

from syncml import Stream, f32, node, wire


@node
def loose(x: Stream[f32]) -> Stream[f32]:
    back = wire(f32)  # error: [L005]
    return x + back

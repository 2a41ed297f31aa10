"""Episodes that end when they are done, or after six instants: returns, and the longest of them."""

from syncml import Stream, f32, i32, node, pack, post, segment, unpack, wire


@node
def main(reward: Stream[f32], done: Stream[bool]) -> tuple[Stream[f32], Stream[i32], Stream[bool]]:
    with segment(every=done, longest=6) as episode:
        g = wire(f32)
        g.define(reward + 0.5 * post(g, init=0.0))
        place = episode.index
        late = unpack(pack(g), init=-1.0)
        begins = episode.first
    return late, place, begins

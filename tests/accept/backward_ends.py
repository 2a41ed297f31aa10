"""What is taken at the ends of segments: borders, positions, a fold both ways, a Boolean and an integer."""

from syncml import Stream, f32, hold, i32, node, post, segment, state, when, where, wire


@node
def ends(x: Stream[f32], n: Stream[i32]) -> tuple[Stream[f32], Stream[i32], Stream[bool]]:
    with segment(every=5) as seg:
        falls = wire(bool)
        falls.define((post(x, init=x) <= x) & post(falls, init=True))
        least = wire(i32)
        least.define(where(post(least, init=n) < n, post(least, init=n), n))
        runs = state(init=0)
        runs.next = runs + where(falls, 1, 0) * (seg.index + 1)
        count = hold(when(runs.next, seg.last), init=-1)
        total = state(init=0.0)
        total.next = total + where(seg.first, 2.0 * x, x)
    return hold(when(total.next, seg.last), init=0.0), count, when(least > 3, seg.last)

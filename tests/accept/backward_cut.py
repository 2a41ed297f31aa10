"""Inside of a segment every memory is cut: registers, words, first instants, instances; outside it is not."""

from syncml import Stream, arrow, every, f32, first, hold, i32, node, pre, sample, segment, state, where


@node
def counter(x: Stream[f32]) -> Stream[i32]:
    n = state(init=0)
    n.next = n + where(x > 0.0, 1, 2)
    return n


@node
def cut(x: Stream[f32]) -> tuple[Stream[i32], Stream[i32], Stream[f32], Stream[f32]]:
    outside = counter(x)
    with segment(every=5):
        inside = counter(x)
        slow = hold(sample(x, every(3)), init=-2.0)
        a = arrow(-x, pre(x, init=0.0))
    return outside, inside, where(first(), x, slow), a

"""External nodes whose model remembers what the function is not given."""

from syncml import Stream, every, external, f32, fby, node, state, where


@external("counted")
def counted(x: Stream[f32]) -> Stream[f32]:  # error: [L023]
    n = state(init=0.0)
    n.next = n + x
    return n


@node
def inner(x: Stream[f32]) -> Stream[f32]:
    return fby(0.0, x)


@external("delayed")
def delayed(x: Stream[f32]) -> Stream[f32]:  # error: [L023]
    return inner(x)


@external("timed")
def timed(x: Stream[f32]) -> Stream[f32]:  # error: [L023]
    return where(every(2), x, 0.0)


@external("measured")
def measured(x: Stream[f32]) -> Stream[f32]: ...  # error: [L023]


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return counted(x) + delayed(x) + timed(x) + measured(x)

"""The memory of a slow loop is used in the fast one."""

from syncml import Hz, Stream, f32, node, pre, sample


@node(rate=Hz(100))
def integrate(x: Stream[f32]) -> Stream[f32]:
    slow = sample(x, to=Hz(10))
    last = pre(slow, init=0.0)
    return x - last  # error: [C001]

"""A node with a rate is called now and then."""

from syncml import Hz, Stream, f32, node, pre, when


@node(rate=Hz(100))
def filtered(x: Stream[f32]) -> Stream[f32]:
    return 0.5 * x + 0.5 * pre(x, init=0.0)


@node(rate=Hz(100))
def gated(x: Stream[f32], valid: Stream[bool]) -> tuple[Stream[bool], Stream[f32]]:
    return valid, filtered(when(x, valid))  # error: [C001]

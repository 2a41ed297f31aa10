"""A switch on a comparison, whose branches call a node with memory."""

from syncml import Stream, f32, node, state, switch


@node
def mean(x: Stream[f32], share: float) -> Stream[f32]:
    y = state(init=0.0)
    y.next = y + share * (x - y)
    return y.next


@node
def main(x: Stream[f32]) -> Stream[f32]:
    sign = switch(x >= 0.0)
    y = sign.shared(f32)
    with sign(True):
        y.define(mean(x, share=0.5))
    with sign(False):
        y.define(-mean(-x, share=0.25))
    return y

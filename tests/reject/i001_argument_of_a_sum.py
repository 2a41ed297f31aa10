"""A first value behind a call is too late for the memory inside of it."""

from syncml import Stream, arrow, f32, node, pre, wire


@node
def total(x: Stream[f32]) -> Stream[f32]:
    y = wire(f32)
    y.define(x + pre(y, init=0.0))
    return y


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return arrow(0.0, total(pre(x)))  # error: [I001]

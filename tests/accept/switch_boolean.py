"""Blocks of a Boolean, one inside of the other."""

from syncml import Stream, f32, node, pre, switch


@node
def main(c: Stream[bool], d: Stream[bool], x: Stream[f32]) -> Stream[f32]:
    outer = switch(c)
    y = outer.shared(f32)
    with outer(True):
        inner = switch(d)
        z = inner.shared(f32, default=x)
        with inner(False):
            z.define(pre(x, init=9.0))
        y.define(z + x)
    with outer(False):
        y.define(-x)
    return y

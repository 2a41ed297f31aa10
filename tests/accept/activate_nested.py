"""A node that runs now and then calls another one that runs now and then."""

from syncml import Stream, activate, every, f32, node, state


@node
def total(x: Stream[f32]) -> Stream[f32]:
    s = state(init=0.0)
    s.next = s + x
    return s.next


@node
def outer(x: Stream[f32], deep: Stream[bool]) -> Stream[f32]:
    return activate(total, every=deep, default=-1.0)(x) + total(x)


@node
def main(x: Stream[f32], go: Stream[bool], deep: Stream[bool]) -> tuple[Stream[f32], Stream[f32]]:
    a = activate(outer, every=go, default=0.0)(x, deep)
    b = activate(outer, every=every(4, phase=1), default=0.5)(x, deep)
    return a, b

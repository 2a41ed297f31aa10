"""A node that runs now and then; its results are held."""

from syncml import Stream, activate, every, f32, i32, node, pre, state


@node
def count(step: Stream[i32]) -> tuple[Stream[i32], Stream[bool]]:
    n = state(init=0)
    n.next = n + step
    return n, n > 3


@node
def twice(x: Stream[f32]) -> Stream[f32]:
    return x + pre(x, init=0.0)


@node
def main(step: Stream[i32], x: Stream[f32], go: Stream[bool]) -> tuple[Stream[i32], Stream[bool], Stream[f32]]:
    n, full = activate(count, every=go, default=(-1, False))(step)
    y = activate(twice, every=every(3), default=0.5)(x)
    z = activate(twice.reset_every(go), every=go, default=0.0)(x)
    return n, full, y + z

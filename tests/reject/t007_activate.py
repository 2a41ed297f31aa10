"""An activated call of two results that is given one default; one that has none."""

from syncml import Stream, activate, f32, node


@node
def both(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return x, -x


@node
def one(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    y, z = activate(both, every=c, default=0.0)(x)  # error: [T007]
    return y + z


@node
def main(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    y = activate(lambda v: v * 2.0, every=c)(one(x, c))  # error: [I001]
    return y

"""The slow clock would repeat after twenty million instants of the fast one."""

from syncml import Hz, Stream, f32, node


@node(rate=Hz(10_000_000), at={"x": Hz(0.5)})
def main(x: Stream[f32]) -> Stream[f32]:  # error: [C002]
    return x

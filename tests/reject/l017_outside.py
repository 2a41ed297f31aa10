"""An operation on streams where no node is built."""

from syncml import Stream, constant, f32, node

WEIGHTS = constant([1.0, 2.0])
DOUBLE = WEIGHTS * 2.0  # error: [L017]


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return x * DOUBLE[0]

"""Arrays of no records, and of records of two kinds."""

from typing import Any

from syncml import Record, Rows, Stream, f32, node


class Track(Record):
    """What a radar sees."""

    gap: Stream[f32]


class Other(Record):
    """Something else."""

    gap: Stream[f32]


@node
def main(x: Stream[f32]) -> Stream[f32]:
    other: Any = Other(gap=x)
    a = Rows.of(Track(gap=x), other)  # error: [T001]
    b: Any = Rows.of()  # error: [T002]
    return x

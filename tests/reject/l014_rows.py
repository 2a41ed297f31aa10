"""Arrays of records that are none."""

from typing import Any
from typing import Literal as L

from syncml import Record, Rows, Stream, f32, node


class Track(Record):
    """What a radar sees."""

    gap: Stream[f32]


BAD: Any = "Rows[Track]"
WORSE: Any = "Rows[f32, L[2]]"


@node
def main(a: "Rows[Track]", b: Rows[Track, L[2]]) -> Stream[f32]:  # type: ignore[type-arg]  # error: [L014]
    return b.gap[0]

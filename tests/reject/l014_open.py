"""A main node whose size nobody fixes."""

from typing import Any

from syncml import Stream, Vec, f32, node


@node
def total(x: Stream[Vec[Any]]) -> Stream[f32]:  # error: [L014]
    return x.sum()

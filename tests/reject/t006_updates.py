"""Places of scalars, and indices that are no integers."""

from typing import Any
from typing import Literal as L

from syncml import Stream, Vec, f32, i32, node


@node
def updates(v: Stream[Vec[L[3]]], x: Stream[f32], i: Stream[i32]) -> Stream[f32]:
    any_: Any = x
    a = any_.at[i].set(0.0)  # error: [T006]
    b = v.at[any_].set(0.0)  # error: [T006]
    c = any_.window(i, 2)  # error: [T002]
    return x

"""A literal that is set does not fit the elements."""

from typing import Any
from typing import Literal as L

from syncml import Stream, Vec, i8, i32, node


@node
def updates(v: Stream[Vec[L[3], i8]], i: Stream[i32]) -> Stream[i8]:
    any_: Any = v
    a = v.at[i].set(300)  # error: [T003]
    b = any_.at[i].set(0.5)  # error: [T003]
    return v[0]

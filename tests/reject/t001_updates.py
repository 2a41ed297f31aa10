"""What is set has another type than the elements."""

from typing import Any
from typing import Literal as L

from syncml import Stream, Vec, f32, i32, node


@node
def updates(v: Stream[Vec[L[3]]], i: Stream[i32]) -> Stream[f32]:
    any_: Any = v
    a = any_.at[i].set(i)  # error: [T001]
    b = any_.at[i].get(i)  # error: [T001]
    return v[0]

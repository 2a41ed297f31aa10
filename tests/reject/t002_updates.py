"""What is set has another shape than the place."""

from typing import Any
from typing import Literal as L

from syncml import Mat, Stream, Vec, f32, i32, node


@node
def updates(v: Stream[Vec[L[3]]], m: Stream[Mat[L[2], L[3]]], i: Stream[i32]) -> Stream[f32]:
    any_: Any = v
    a = any_.at[i].set(v)  # error: [T002]
    b = m.at[i].set(any_[:2])  # error: [T002]
    c = m.at[i].set([1.0, 2.0])  # error: [T002]
    return v[0]

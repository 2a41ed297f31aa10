"""Updates out of range, of a slice, with too many indices."""

from typing import Any
from typing import Literal as L

from syncml import Mat, Stream, Vec, f32, i32, node


@node
def updates(v: Stream[Vec[L[3]]], m: Stream[Mat[L[2], L[3]]], i: Stream[i32]) -> Stream[f32]:
    at: Any = v.at
    a = v.at[3].set(0.0)  # error: [T005]
    b = m.at[i, -4].set(0.0)  # error: [T005]
    c = at[1:2].set(0.0)  # error: [T005]
    d = at[0, 0].set(0.0)  # error: [T005]
    e = v.at[5].get(0.0)  # error: [T005]
    f = at["x"].get(0.0)  # error: [T005]
    return v[0]

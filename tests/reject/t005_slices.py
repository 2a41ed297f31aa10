"""Slices that select nothing, do not fit, or have bounds that are known at run time only."""

from typing import Literal as L

from syncml import Stream, Vec, f32, i32, node


@node
def slices(v: Stream[Vec[L[4]]], n: Stream[i32]) -> Stream[f32]:
    a = v[2:2]  # error: [T005]
    b = v[1:3:-1]  # error: [T005]
    c = v[-9:]  # error: [T005]
    d = v[n : n + 2]  # type: ignore[misc]  # error: [T005]
    e = v.window(n, 5)  # error: [T005]
    f = v.window(n, 0)  # error: [T005]
    return v[0]

"""Indices and slices out of range or of the wrong kind."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, f32, node


@node
def indices(v: Stream[Vec[L[3]]], m: Stream[Mat[L[2], L[3]]]) -> Stream[f32]:
    a = v[3]  # error: [T005]
    b = v[-4]  # error: [T005]
    c = m[1, 3]  # error: [T005]
    d = v[1:5]  # error: [T005]
    e = v[0, 0]  # error: [T005]
    f = v[::0]  # error: [T005]
    g = m.sum(axis=2)  # error: [T005]
    return v[0]

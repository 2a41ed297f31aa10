"""Shapes that do not fit."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, concat, constant, f32, node, stack

W = constant([[1.0, 2.0], [3.0, 4.0]])


@node
def shapes(v: Stream[Vec[L[3]]], w: Stream[Vec[L[2]]], m: Stream[Mat[L[2], L[3]]]) -> Stream[f32]:
    a = v + w  # error: [T002]
    b = m @ w  # error: [T002]
    c = W @ v  # error: [T002]
    d = stack(v, w)  # error: [T002]
    e = concat(m, m.T)  # error: [T002]
    f = v.reshape(2, 2)  # error: [T002]
    g = v + [1.0, 2.0]  # error: [T002]
    h = w[0].sum()  # error: [T002]
    return v[0]

"""Temporal forms of what is no Boolean stream."""

from typing import Literal as L

from syncml import Stream, Vec, changed, f32, historically, implies, node, once, since


@node
def main(p: Stream[bool], x: Stream[f32], v: Stream[Vec[L[2], bool]]) -> Stream[bool]:
    a = once(x)  # error: [T006]
    b = since(p, v)  # error: [T006]
    c = implies(x > 0.0, x)  # error: [T006]
    d = historically(v.all()) & changed(v)
    return d

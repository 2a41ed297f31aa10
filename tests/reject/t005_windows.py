"""Windows that do not fit, along an axis that is not there, or of a form that is known at run time only."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, f32, i32, node


@node
def windows(v: Stream[Vec[L[6]]], m: Stream[Mat[L[3], L[4]]], n: Stream[i32]) -> Stream[f32]:
    a = v.windows(7)  # error: [T005]
    b = v.windows(3, dilation=3)  # error: [T005]
    c = v.windows(0)  # error: [T005]
    d = v.windows(2, stride=0)  # error: [T005]
    e = v.windows(2, axis=1)  # error: [T005]
    f = v.windows(n)  # type: ignore[arg-type]  # error: [T005]
    g = m.windows(4)  # error: [T005]
    h = v[0].windows(2)  # error: [T002]
    return v[0]

"""Contractions whose letters do not fit the operands."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, arange, einsum, f32, node


@node
def contractions(a: Stream[Mat[L[2], L[3]]], v: Stream[Vec[L[3]]]) -> Stream[f32]:
    b = einsum("ij,i->j", a, v)  # error: [T002]
    c = einsum("ijk->i", a)  # error: [T002]
    d = einsum("ij,j", a, v)  # error: [T002]
    e = einsum("ij->ik", a)  # error: [T002]
    f = einsum("ij,j->i", a)  # error: [T002]
    g = einsum("i.j->i", a)  # error: [T002]
    h = einsum("ij->ii", a)  # error: [T002]
    r = arange(3, 3)  # error: [T002]
    return v[0]

"""What is no derivative: of a vector, by an integer, with the wrong number of changes, of no node."""

from typing import Literal as L

from syncml import Stream, Vec, f32, i32, node
from syncml.learn import grad, vjp


@node
def several(x: Stream[Vec[L[2]]], n: Stream[i32]) -> tuple[Stream[Vec[L[2]]], Stream[f32]]:
    return x * 2.0, x[n]


@node
def top(x: Stream[Vec[L[2]]], n: Stream[i32]) -> Stream[f32]:
    a = grad(several)(x, n)  # error: [G003]
    _, b = vjp(several)(1.0, x, n)  # error: [G003]
    _, c = vjp(several, wrt=("x", "n"))((x, 1.0), x, n)  # error: [G003]
    return a.sum() + b.sum() + c[0].sum()

"""Nodes for arrays of any size and type that change, reverse and contract them."""

from typing import Literal as L
from typing import TypeVar

from syncml import Stream, Vec, einsum, i32, node, state, zeros

N = TypeVar("N", bound=int)


@node
def shifted(x: Stream[Vec[N]], i: Stream[i32]) -> Stream[Vec[N]]:
    kept = state(init=zeros(x.shape[0]))
    kept.next = kept.at[i].set(x[0])
    return kept + x[::-1]


@node
def main(a: Stream[Vec[L[3]]], b: Stream[Vec[L[5]]], i: Stream[i32]) -> Stream[Vec[L[5]]]:
    small = shifted(a, i)
    return shifted(b, i - 1) * einsum("i,i,i->", small, small, a)

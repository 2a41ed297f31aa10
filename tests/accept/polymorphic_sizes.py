"""One node for any two sizes: an outer product, a normalisation, a fold in Python over rows."""

from typing import Literal as L
from typing import TypeVar

from syncml import Mat, Stream, Vec, node, sqrt

N = TypeVar("N", bound=int)
M = TypeVar("M", bound=int)


@node
def outer(a: Stream[Vec[N]], b: Stream[Vec[M]]) -> Stream[Mat[N, M]]:
    return a.reshape(-1, 1) * b


@node
def unit(v: Stream[Vec[N]]) -> Stream[Vec[N]]:
    return v / sqrt(1.0 + v @ v)


@node
def main(
    a: Stream[Vec[L[2]]], b: Stream[Vec[L[3]]]
) -> tuple[Stream[Mat[L[2], L[3]]], Stream[Mat[L[3], L[2]]], Stream[Vec[L[3]]]]:
    return outer(unit(a), b), outer(b, a), unit(b)

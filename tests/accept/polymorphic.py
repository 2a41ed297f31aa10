"""Nodes for any size and any type, traced anew for each."""

from typing import Any, TypeVar
from typing import Literal as L

from syncml import Stream, Vec, f32, i32, maximum, node, pre

N = TypeVar("N", bound=int)
T = TypeVar("T")


@node
def relu(x: Stream[Vec[N]]) -> Stream[Vec[N]]:
    return maximum(x, 0.0)


@node
def total(x: Stream[Vec[Any]]) -> Stream[f32]:
    return x.sum()


@node
def delayed(x: Stream[T], start: T) -> Stream[T]:
    return pre(x, init=start)


@node
def main(a: Stream[Vec[L[2]]], b: Stream[Vec[L[3]]], n: Stream[i32]) -> tuple[Stream[f32], Stream[i32]]:
    return total(relu(a)) + total(relu(b)), delayed(n, 3) + 1

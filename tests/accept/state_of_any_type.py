"""A node for numbers of any type with memory: registers in the type of a stream, scalars and arrays."""

from typing import Any, TypeVar

from syncml import Stream, f32, f64, i8, node, state, zeros

T = TypeVar("T")


@node
def summed(x: Stream[Any], start: float) -> Stream[Any]:
    total = state(init=start, type=x)
    total.next = total + x
    return total


@node
def two_before(x: Stream[T]) -> Stream[T]:
    window = state(init=zeros(2), type=x)
    window.next = window.at[0].set(x).at[1].set(window[0])
    return window[1]


@node
def main(a: Stream[i8], b: Stream[f32], c: Stream[f64]) -> tuple[Stream[i8], Stream[f32], Stream[f64]]:
    return summed(a, 3), summed(two_before(b), 0.5), two_before(summed(c, 0.25))

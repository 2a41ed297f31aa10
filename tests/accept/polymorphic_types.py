"""One node for numbers of any type and for enumerations: a choice, and the value two instants before."""

import enum
from typing import TypeVar

from syncml import Stream, f64, i8, node, pre, where

T = TypeVar("T")


class Mode(enum.Enum):
    OFF = 0
    ON = 1


@node
def second(x: Stream[T], start: T) -> Stream[T]:
    return pre(pre(x, init=start), init=start)


@node
def chosen(c: Stream[bool], x: Stream[T], y: Stream[T]) -> Stream[T]:
    return where(c, x, y)


@node
def main(
    c: Stream[bool], a: Stream[i8], b: Stream[f64], m: Stream[Mode]
) -> tuple[Stream[i8], Stream[f64], Stream[Mode]]:
    return (
        chosen(c, a, second(a, -3)),
        chosen(c, second(b, 0.25), b),
        second(chosen(c, m, second(m, Mode.ON)), Mode.OFF),
    )

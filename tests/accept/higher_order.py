"""Nodes as arguments of Python functions: composition, iteration, a bank of filters."""

from collections.abc import Callable
from typing import Literal as L

from syncml import Stream, Vec, f32, node, state, vec

Filter = Callable[[Stream[f32]], Stream[f32]]


def compose(*stages: Filter) -> Filter:
    """One stage after the other."""

    def run(x: Stream[f32]) -> Stream[f32]:
        for stage in stages:
            x = stage(x)
        return x

    return run


@node
def smooth(x: Stream[f32]) -> Stream[f32]:
    y = state(init=0.0)
    y.next = 0.5 * (y + x)
    return y.next


@node
def squared(x: Stream[f32]) -> Stream[f32]:
    return x * x


@node
def main(x: Stream[f32]) -> Stream[Vec[L[3]]]:
    energy = compose(squared, smooth, smooth)
    bank: list[Filter] = [smooth, energy, compose(energy, smooth)]
    return vec(*(each(x) for each in bank))

"""Comparisons and connectives."""

import enum

from syncml import Stream, f32, node


class Gear(enum.Enum):
    """The gear of a car."""

    PARK = 0
    DRIVE = 1


@node
def comparisons(x: Stream[f32], gear: Stream[Gear], c: Stream[bool]) -> Stream[bool]:
    inside = (x > 0.0) & (x <= 5.0)
    return (inside | (gear == Gear.DRIVE) | ~c) ^ (x != 3)

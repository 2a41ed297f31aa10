"""A table between whose entries is interpolated, and one of enumeration members."""

import enum
from typing import Literal as L

from syncml import Stream, Vec, cast, clip, constant, f32, i32, node

TORQUE = constant([0.0, 40.0, 90.0, 120.0, 100.0], name="torque")


class Band(enum.Enum):
    LOW = 0
    HIGH = 1


@node
def main(speed: Stream[f32], bands: Stream[Vec[L[5], Band]]) -> tuple[Stream[f32], Stream[Band]]:
    place = clip(speed, 0.0, 3.9)
    index = cast(place, i32)
    share = place - cast(index, f32)
    low, high = TORQUE[index], TORQUE[index + 1]
    return low + share * (high - low), bands.at[index].get(Band.LOW)

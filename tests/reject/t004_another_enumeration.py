"""Members of another enumeration that has the same names."""

import enum

from syncml import Stream, f32, merge, node, when


class Gear(enum.Enum):
    LOW = 0
    HIGH = 1


class Beam(enum.Enum):
    LOW = 0
    HIGH = 1


@node
def main(gear: Stream[Gear], x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    slow = when(x, gear, Beam.LOW)  # error: [T004]
    fast = when(x, gear, Gear.HIGH)
    chosen = merge(gear, {Gear.LOW: slow, Gear.HIGH: fast})
    return chosen, merge(gear, {Gear.LOW: -1.0, Beam.HIGH: fast})  # error: [T004]

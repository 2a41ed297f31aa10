"""Modes as an enumeration: each mode computes its command only while it is active, and a merge puts them together.

syncml check  examples/modes.py
syncml verify examples/modes.py
syncml sim    examples/modes.py --scenario examples/modes.yaml
"""

import enum

from syncml import Hz, Stream, clip, ensure, f32, merge, node, state, when, where


class Mode(enum.Enum):
    """What the driver asks for and what the road allows."""

    OFF = 0
    CRUISE = 1
    FOLLOW = 2


@node
def ramp(wanted: Stream[f32], step: float) -> Stream[f32]:
    """`wanted`, at most one step a tick away from the last value."""
    last = state(init=0.0)
    now = clip(wanted, last - step, last + step)
    last.next = now
    return now


@node(rate=Hz(10))
def main(enabled: Stream[bool], gap: Stream[f32], error: Stream[f32]) -> tuple[Stream[Mode], Stream[f32]]:
    """The mode and the command; a ramp keeps its state while its mode is not active."""
    active = where(gap < 50.0, Mode.FOLLOW, Mode.CRUISE)
    mode = where(enabled, active, Mode.OFF)
    cruise = ramp(when(error, mode, Mode.CRUISE), 0.2)
    follow = ramp(when(0.1 * (gap - 20.0), mode, Mode.FOLLOW), 0.5)
    command = merge(mode, {Mode.OFF: 0.0, Mode.CRUISE: clip(cruise, -1.0, 1.0), Mode.FOLLOW: clip(follow, -4.0, 2.0)})
    ensure((mode != Mode.OFF) | (command == 0.0), "no command when off")
    ensure(enabled | (mode == Mode.OFF), "off when switched off")
    ensure((command >= -4.0) & (command <= 2.0), "within the limits")
    return mode, command

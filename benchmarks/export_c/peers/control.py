"""A control program that Heptagon can express too (`control.ept`): filters, a PI controller, modes."""

from __future__ import annotations

import enum

from syncml import Hz, Stream, automaton, clip, f32, node, state, where


class Mode(enum.Enum):
    """What the controller does."""

    OFF = 0
    RUNNING = 1
    FAULT = 2


@node
def low_pass(x: Stream[f32]) -> Stream[f32]:
    last = state(init=0.0)
    smooth = last + 0.1 * (x - last)
    last.next = smooth
    return smooth


@node
def smooth(x: Stream[f32]) -> Stream[f32]:
    for _ in range(8):
        x = low_pass(x)
    return x


@node(rate=Hz(100))
def control(
    target: Stream[f32], actual: Stream[f32], enabled: Stream[bool], healthy: Stream[bool]
) -> tuple[Stream[f32], Stream[bool]]:
    """The command, and whether the controller is in charge."""
    error = target - smooth(actual)
    mode = automaton(Mode)
    command = mode.shared(f32, default=0.0)
    running = mode.shared(bool, default=False)
    with mode(Mode.OFF):
        mode.go(Mode.RUNNING, when=enabled & healthy)
    with mode(Mode.RUNNING):
        integral = state(init=0.0)
        wanted = 0.8 * error + 0.2 * integral
        limited = clip(wanted, -4.0, 2.0)
        integral.next = where(wanted == limited, clip(integral + 0.01 * error, -20.0, 20.0), integral)
        command.define(limited)
        running.define(True)
        mode.go(Mode.FAULT, when=~healthy)
        mode.go(Mode.OFF, when=~enabled)
    with mode(Mode.FAULT):
        command.define(-4.0)
        mode.go(Mode.OFF, when=~enabled & healthy)
    return command, running

"""What `syncml check` reports: the streams of a node with type, clock and rate."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from syncml.clock_calculus import BufferUse, in_ticks, in_time
from syncml.ir.clocks import BASE
from syncml.ir.equations.passes import Pass, passes_of
from syncml.ir.equations.syntax import Node, Var
from syncml.ir.rates import in_hertz, rate_of, text_of
from syncml.ir.units import SiUnit

MOST_NAMES = 4
"""How many streams of a pass are named."""


class Role(enum.StrEnum):
    """What a stream is to its node."""

    INPUT = "input"
    OUTPUT = "output"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One stream; `unit` is empty where none is known, `rate` where the clock depends on data or has no rate."""

    name: str
    role: Role
    type: str
    unit: str
    clock: str
    rate: str
    line: int


def stream_rows(node: Node, units: Mapping[Var, SiUnit] | None = None) -> Iterator[StreamRow]:
    """Describe the inputs, the outputs, and the streams that the user named, in the order of the source.

    A stream has the unit that it was declared with, or else that of `units`.
    """
    known = units or {}
    roles = dict.fromkeys(node.inputs, Role.INPUT) | dict.fromkeys(node.outputs, Role.OUTPUT)
    defined = (target for equation in node.equations for target in equation.targets)
    locals_ = sorted({var for var in defined if var.user and var not in roles}, key=_position)
    for var in (*roles, *locals_):
        clock = node.clocks.get(var, BASE)
        rate = rate_of(clock, node.rate)
        yield StreamRow(
            var.name,
            roles.get(var, Role.LOCAL),
            str(var.type),
            var.unit or str(known.get(var, "")),
            text_of(clock),
            "" if rate is None else in_hertz(rate),
            var.span.line,
        )


@dataclass(frozen=True, slots=True)
class BufferRow:
    """One buffer; `wait` is the longest time that a value waits, empty where it depends on data."""

    stream: str
    writer: str
    reader: str
    size: int
    initial: int
    wait: str
    line: int


def buffer_row(use: BufferUse) -> BufferRow:
    """Describe a buffer."""
    rate = rate_of(use.common, use.node.rate)
    if use.wait is None:
        wait = ""
    elif rate is not None:
        wait = in_time(use.wait / rate)
    else:
        wait = "1 tick" if use.wait == 1 else in_ticks(Fraction(use.wait))
    return BufferRow(
        use.stream.name,
        text_of(use.writer),
        text_of(use.reader),
        use.slots,
        use.initial,
        wait,
        use.stream.span.line,
    )


def pass_lines(node: Node) -> Iterator[str]:
    """The passes over each segment of a node with segments, with the streams that the user named."""
    passes = passes_of(node)
    for segment in dict.fromkeys(each.segment for each in passes):
        if segment is None:
            continue
        mine = [each for each in passes if each.segment == segment]
        written = [f"{number} {_pass(each)}" for number, each in enumerate(mine, 1)]
        yield f"segments of at most {segment.longest}, {segment.schedule.value}: {', '.join(written)}"


def _pass(each: Pass) -> str:
    named = [f"`{var.name}`" for var in each.streams if var.user]
    shown = ", ".join(named[:MOST_NAMES]) + (", ..." if len(named) > MOST_NAMES else "")
    return f"{each.kind.value} ({shown})" if named else each.kind.value


def _position(var: Var) -> tuple[str, int, int, str]:
    return var.span.file, var.span.line, var.span.column, var.name

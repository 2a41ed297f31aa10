"""What `syncml check` reports: the streams of a node with type, clock and rate."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, Context
from fractions import Fraction
from math import inf, nextafter

from syncml.clock_calculus import BufferUse, in_ticks, in_time
from syncml.dataclass import dataclass
from syncml.ir.clocks import BASE
from syncml.ir.equations.backward import Direction, backward_of
from syncml.ir.equations.choice import Choice
from syncml.ir.equations.demand import Demand, demand_of
from syncml.ir.equations.early import Early
from syncml.ir.equations.passes import late_streams, passes_of
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
    """One stream; `unit` is empty where none is known, `rate` where the clock depends on data or has no rate.

    `ahead` is how many instants ahead it needs, None for the rest of its segment. `late` is what is computed at the end
    of a segment from the one before.
    """

    name: str
    role: Role
    type: str
    unit: str
    clock: str
    rate: str
    ahead: int | None
    late: bool
    line: int


def stream_rows(node: Node, units: Mapping[Var, SiUnit] | None = None) -> Iterator[StreamRow]:
    """Describe the inputs, the outputs, and the streams that the user named, in the order of the source.

    A stream has the unit that it was declared with, or else that of `units`.
    """
    known = units or {}
    roles = dict.fromkeys(node.inputs, Role.INPUT) | dict.fromkeys(node.outputs, Role.OUTPUT)
    defined = (target for equation in node.equations for target in equation.targets)
    ahead = {var: look for sweeps in backward_of(node).sweeps for var, look in sweeps.lookahead.items()}
    late = late_streams(node)
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
            ahead.get(var, 0),
            var in late,
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


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """The passes over one segment: what each does, the streams that the user named, and whether it is late.

    A late update is by the segment before. `has_sweeps` tells whether something in it needs the future.
    """

    longest: int
    schedule: str
    demand: Demand
    passes: tuple[tuple[str, tuple[str, ...], bool], ...]
    has_sweeps: bool
    line: int
    error: float | None = None
    reason: str = ""


def segment_rows(node: Node, early: Iterable[Early] = (), chosen: Iterable[Choice] = ()) -> Iterator[SegmentRow]:
    """Describe the segments of a node; of a checked program also those without sweeps, and why a schedule is chosen."""
    reasons = {each.segment: each.reason for each in chosen if each.node == node.name}
    passes = passes_of(node)
    backward = backward_of(node)
    early = [each for each in early if each.node == node.name]
    for segment in dict.fromkeys(each.segment for each in passes):
        if segment is not None and all(segment != each.segment for each in early):
            mine = tuple(
                (each.kind.value, tuple(var.name for var in each.streams if var.user), each.is_late)
                for each in passes
                if each.segment == segment
            )
            sweeps = next((len(s.directions) for s in backward.sweeps if s.segment == segment), 0)
            demand = demand_of(segment, sweeps)
            row = SegmentRow(segment.longest, segment.schedule.value, demand, mine, sweeps > 0, segment.last.span.line)
            yield replace(row, reason=reasons.get(segment, ""))
    for each in early:
        segment = each.segment
        mine = ((Direction.FORWARD.value, tuple(var.name for var in each.streams), False),)
        row = SegmentRow(segment.longest, segment.schedule.value, each.demand, mine, True, segment.last.span.line)
        yield row if each.error is None else replace(row, error=_upwards(each.error))


def pass_line(row: SegmentRow) -> str:
    """The passes in a line, with some of their streams."""
    written: list[str] = []
    for number, (kind, names, is_late) in enumerate(row.passes, 1):
        kind += " one segment later" if is_late else ""
        shown = ", ".join(f"`{name}`" for name in names[:MOST_NAMES]) + (", ..." if len(names) > MOST_NAMES else "")
        written.append(f"{number} {kind} ({shown})" if names else f"{number} {kind}")
    return f"segments of at most {row.longest}, {row.schedule}: {', '.join(written)}"


def demand_line(row: SegmentRow) -> str:
    """What the schedule of a segment asks for, in a line."""
    demand = row.demand
    error = "" if row.error is None else f", with an error of at most {_rounded_up(row.error)}, rounding not included"
    again = f", {demand.snapshots} of a memory that is computed again" if demand.snapshots else ""
    again += f", {demand.traces} numbers in traces and sums" if demand.traces else ""
    return (
        f"{demand.slots} slots for each stream that a sweep reads{again}; at most {demand.steps} steps in a tick; "
        f"a value comes {demand.earliest} to {demand.latest} ticks later{error}"
        + (f"; {row.reason}" if row.reason else "")
    )


def _rounded_up(value: float) -> str:
    """A bound with three digits, which is no less."""
    return f"{Context(prec=3, rounding=ROUND_CEILING).create_decimal_from_float(value):g}"


def _upwards(value: Fraction) -> float:
    """The least float that is not less than ``value``."""
    found = float(value)
    return found if Fraction(found) >= value else nextafter(found, inf)


def _position(var: Var) -> tuple[str, int, int, str]:
    return var.span.file, var.span.line, var.span.column, var.name

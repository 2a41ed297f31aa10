"""What a schedule asks for: slots, steps and latency of the sweeps of one segment.

Rule: for segments of at most N instants, p sweeps, and s snapshots

    schedule         slots of a stream    steps in the fullest instant       a value comes
    burst            N                    p N + 1                            0 .. N-1 instants later
    double buffer    2N                   2                                  1 .. 2N-1 instants later
    alternating      N                    2                                  1 .. 2N-1 instants later
    checkpointed     s (of a memory),     N + t(N, s) - N + 1 + 1            0 .. N-1 instants later
                     N (of another)
    transposed       0                    1                                  at once
    fixed lag K      K + 1                K + 2                              K instants later

A step is one instant of a sweep, or of the way forwards, which takes one itself. t is the number of steps forwards that
s snapshots need (`revolve`), of which the way forwards has done N - 1 when the segment ends.
"""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.ir.equations.revolve import forward_steps
from syncml.ir.equations.syntax import LATE, Schedule, Segment


@dataclass(frozen=True, slots=True)
class Demand:
    """The slots for each stream that sweeps read, the most steps in an instant, and when a value comes.

    ``snapshots`` are the slots of a memory that is computed again, 0 by schedules that keep everything. ``traces`` are
    the numbers of the traces that stand for slots by the schedule *transposed*.
    """

    slots: int
    steps: int
    earliest: int
    latest: int
    snapshots: int = 0
    traces: int = 0


def demand_of(segment: Segment, sweeps: int) -> Demand:
    """What ``segment`` asks for, with that many sweeps."""
    length = segment.longest
    if segment.schedule is Schedule.TRANSPOSED:
        return Demand(0, 1, 0, 0)
    if segment.schedule is Schedule.FIXED_LAG:
        return Demand(segment.lag + 1, segment.lag + 2, segment.lag, segment.lag)
    if segment.schedule in LATE:
        return Demand(length * (2 if segment.schedule is Schedule.DOUBLE else 1), 2, 1, 2 * length - 1)
    if segment.schedule is Schedule.CHECKPOINTED:
        snapshots = min(segment.slots, length)
        again = forward_steps(length, snapshots) - (length - 1)
        return Demand(length, length + again + 1, 0, length - 1, snapshots)
    return Demand(length, sweeps * length + 1, 0, length - 1)

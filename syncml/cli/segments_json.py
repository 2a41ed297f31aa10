"""The segments of a node in the JSON documents of `syncml check` and `syncml schedule`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from syncml.cli.streams import SegmentRow
from syncml.diagnostics.json_format import Document


class PassModel(Document):
    """One pass over a segment."""

    kind: Literal["forward", "backward", "update"]
    streams: list[str] = Field(description="The named streams that it computes, or, for an update, changes.")
    late: bool = Field(description="Whether an update is by the segment before, so that it comes one segment later.")


class SegmentModel(Document):
    """A segment of a node: its work is done in these passes, in this order."""

    longest: int = Field(ge=1, description="The most instants that it has.")
    schedule: Literal["burst", "double buffer", "alternating", "checkpointed", "transposed", "fixed lag"]
    passes: list[PassModel]
    slots: int = Field(ge=0, description="For each stream that a sweep reads.")
    snapshots: int = Field(ge=0, description="For each memory that is computed again; 0 where none is.")
    traces: int = Field(ge=0, description="The numbers in forward traces and their sums, by 'transposed'.")
    most_steps: int = Field(ge=1, description="Steps of sweeps, and of the way forwards, in the fullest tick.")
    latency: tuple[int, int] = Field(description="How many ticks after its instant a value that looks ahead comes.")
    error: float | None = Field(
        description="By a fixed lag how far a value is from that in the whole segment at most, rounding not included."
    )
    reason: str = Field(description="Why the schedule was chosen, by 'auto'; empty where it is the user's.")
    line: int = Field(ge=1)


def segment_model(row: SegmentRow) -> SegmentModel:
    """A segment as a part of a document."""
    return SegmentModel.model_validate(
        {
            "longest": row.longest,
            "schedule": row.schedule,
            "passes": [{"kind": kind, "streams": names, "late": late} for kind, names, late in row.passes],
            "slots": row.demand.slots,
            "snapshots": row.demand.snapshots,
            "traces": row.demand.traces,
            "most_steps": row.demand.steps,
            "latency": (row.demand.earliest, row.demand.latest),
            "error": row.error,
            "reason": row.reason,
            "line": row.line,
        }
    )

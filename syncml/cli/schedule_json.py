"""The JSON document of `syncml schedule`, as pydantic models; its schema is published in syncml/cli/schemas."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from syncml.cli.schedule_table import Schedule
from syncml.cli.segments_json import SegmentModel, segment_model
from syncml.diagnostics.json_format import Document

SchemaId = Literal["syncml/schedule/1"]
SCHEMA_ID: SchemaId = "syncml/schedule/1"


class ClockModel(Document):
    """The streams of one clock."""

    clock: str
    rate: str = Field(description="In words; - where the clock depends on data or the node has no rate.")
    ticks: int = Field(ge=0, description="In how many ticks of the executive it runs something.")
    operations: int = Field(ge=0, description="The most operations in a tick.")
    share: float = Field(ge=0, le=1, description="Its share of all operations.")


class MoveModel(Document):
    """A phase that lowers the peak together with the other moves."""

    line: int = Field(ge=1)
    clock: str
    phase: int = Field(ge=0, description="The new phase, in ticks.")
    edit: str


class ScheduleModel(Document):
    """The whole document."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    file: str
    prefix: int = Field(ge=0, description="Ticks that do not come again.")
    period: int = Field(ge=1, description="Ticks that are repeated for ever.")
    complete: bool = Field(description="Whether all ticks of the prefix and the period were counted.")
    operations: list[int] = Field(description="The operations of each tick, an upper bound over all data.")
    peak: int
    clocks: list[ClockModel]
    segments: list[SegmentModel] = Field(description="Those in which something needs the future.")
    moves: list[MoveModel]
    applied: bool = Field(description="Whether the counts are those with the moves.")
    peak_before: int
    peak_after: int
    proved: bool = Field(description="Whether the search for phases came to its end.")


def render_schedule(target: str, found: Schedule) -> str:
    """Render the document that the schema `schedule` describes."""
    document = ScheduleModel(
        file=target,
        prefix=found.counted.prefix,
        period=found.counted.period,
        complete=found.counted.complete,
        operations=list(found.counted.totals),
        peak=found.counted.peak,
        clocks=[
            ClockModel(clock=r.clock, rate=r.rate, ticks=r.ticks, operations=r.operations, share=r.share)
            for r in found.rows
        ],
        segments=[segment_model(row) for row in found.segments],
        moves=[MoveModel(line=m.line, clock=m.clock, phase=m.phase, edit=m.edit) for m in found.moves],
        applied=found.applied,
        peak_before=found.before,
        peak_after=found.after,
        proved=found.proved,
    )
    return document.model_dump_json(indent=2, by_alias=True) + "\n"

"""The JSON document of `syncml check`, as pydantic models; its schema is published in syncml/cli/schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from syncml.cli.segments_json import SegmentModel, segment_model
from syncml.cli.streams import buffer_row, segment_rows, stream_rows
from syncml.clock_calculus import BufferUse
from syncml.diagnostics import Collector, Diagnostic
from syncml.diagnostics.json_format import DiagnosticModel, Document, to_model
from syncml.ir.equations.syntax import Node
from syncml.pipeline import Checked
from syncml.verify.units import Units, infer_units

SchemaId = Literal["syncml/check/1"]
SCHEMA_ID: SchemaId = "syncml/check/1"


class StreamModel(Document):
    """One stream of a node."""

    name: str
    role: Literal["input", "output", "local"]
    type: str
    unit: str = Field(description="Empty where none is declared or follows from those that are.")
    clock: str
    rate: str = Field(description="The rate in words; empty where the clock depends on data.")
    ahead: int | Literal["segment"] = Field(
        description="How many instants ahead it needs: 0, a number, or the rest of its segment."
    )
    late: bool = Field(description="Whether it is computed at the ends of segments from the segment before.")
    line: int = Field(ge=1)


class BufferModel(Document):
    """One buffer of a node."""

    stream: str = Field(description="What is read from the buffer.")
    writer: str = Field(description="The clock at which values are written.")
    reader: str = Field(description="The clock at which values are read.")
    size: int = Field(ge=0, description="The number of values that it has room for.")
    initial: int = Field(ge=0, description="The number of values in it at first.")
    wait: str = Field(description="The longest time that a value waits; empty where the clocks depend on data.")
    line: int = Field(ge=1)


class NodeModel(Document):
    """A node; several nodes have one label where a parametric node has several instances."""

    name: str
    label: str
    file: str
    line: int = Field(ge=1)
    streams: list[StreamModel]
    buffers: list[BufferModel]
    segments: list[SegmentModel]


class CheckModel(Document):
    """The whole document. A program with faults has a document of the schema syncml/diagnostics/1 instead."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    file: str
    main: str
    nodes: list[NodeModel]
    warnings: list[DiagnosticModel]


def render_check(target: str, checked: Checked, warnings: Sequence[Diagnostic]) -> str:
    """Render the document that the schema `check` describes."""
    units = infer_units(checked.program, Collector())
    nodes = [
        _node(n, [use for use in checked.buffers if use.node.name == n.name], units.get(n.name, {}), checked)
        for n in checked.program.nodes
    ]
    document = CheckModel(
        file=target, main=checked.program.main, nodes=nodes, warnings=[to_model(warning) for warning in warnings]
    )
    return document.model_dump_json(indent=2, by_alias=True) + "\n"


def _node(node: Node, uses: list[BufferUse], units: Units, checked: Checked) -> NodeModel:
    streams = [
        StreamModel(
            name=row.name,
            role=row.role.value,
            type=row.type,
            unit=row.unit,
            clock=row.clock,
            rate=row.rate,
            ahead="segment" if row.ahead is None else row.ahead,
            late=row.late,
            line=row.line,
        )
        for row in stream_rows(node, units)
    ]
    buffers = [
        BufferModel(
            stream=row.stream,
            writer=row.writer,
            reader=row.reader,
            size=row.size,
            initial=row.initial,
            wait=row.wait,
            line=row.line,
        )
        for row in map(buffer_row, uses)
    ]
    return NodeModel(
        name=node.name,
        label=node.label,
        file=node.span.file,
        line=node.span.line,
        streams=streams,
        buffers=buffers,
        segments=[segment_model(row) for row in segment_rows(node, checked.early, checked.chosen)],
    )

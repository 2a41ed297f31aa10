"""The JSON document of `syncml check`, as pydantic models; its schema is published in syncml/cli/schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from syncml.cli.streams import stream_rows
from syncml.diagnostics import Diagnostic
from syncml.diagnostics.json_format import DiagnosticModel, Document, to_model
from syncml.ir.equations.syntax import Node
from syncml.pipeline import Checked

SchemaId = Literal["syncml/check/1"]
SCHEMA_ID: SchemaId = "syncml/check/1"


class StreamModel(Document):
    """One stream of a node."""

    name: str
    role: Literal["input", "output", "local"]
    type: str
    clock: str
    rate: str = Field(description="The rate in words; empty where the clock depends on data.")
    line: int = Field(ge=1)


class NodeModel(Document):
    """A node; several nodes have one label where a parametric node has several instances."""

    name: str
    label: str
    file: str
    line: int = Field(ge=1)
    streams: list[StreamModel]


class CheckModel(Document):
    """The whole document. A program with faults has a document of the schema syncml/diagnostics/1 instead."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    file: str
    main: str
    nodes: list[NodeModel]
    warnings: list[DiagnosticModel]


def render_check(target: str, checked: Checked, warnings: Sequence[Diagnostic]) -> str:
    """Render the document that the schema `check` describes."""
    nodes = [_node(node) for node in checked.program.nodes]
    document = CheckModel(
        file=target, main=checked.program.main, nodes=nodes, warnings=[to_model(warning) for warning in warnings]
    )
    return document.model_dump_json(indent=2, by_alias=True) + "\n"


def _node(node: Node) -> NodeModel:
    streams = [
        StreamModel(name=row.name, role=row.role.value, type=row.type, clock=row.clock, rate=row.rate, line=row.line)
        for row in stream_rows(node)
    ]
    return NodeModel(name=node.name, label=node.label, file=node.span.file, line=node.span.line, streams=streams)

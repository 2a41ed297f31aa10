"""The JSON document of `syncml check`; its schema is published beside this module.

After a change here, write the schema anew with `python -m syncml.cli.check_json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from syncml.cli.streams import stream_rows
from syncml.ir.equations.syntax import Node
from syncml.pipeline import Checked

SCHEMA_FILE = Path(__file__).with_name("check.schema.json")

SchemaId = Literal["syncml/check/1"]
SCHEMA_ID: SchemaId = "syncml/check/1"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamModel(_Model):
    """One stream of a node."""

    name: str
    role: Literal["input", "output", "local"]
    type: str
    clock: str
    rate: str = Field(description="The rate in words; empty where the clock depends on data.")
    line: int = Field(ge=1)


class NodeModel(_Model):
    """A node; several nodes have one label where a parametric node has several instances."""

    name: str
    label: str
    file: str
    line: int = Field(ge=1)
    streams: list[StreamModel]


class CheckModel(_Model):
    """The whole document. A program with faults has a document of the schema syncml/diagnostics/1 instead."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    file: str
    main: str
    nodes: list[NodeModel]


def render_check(target: str, checked: Checked) -> str:
    """Render the document that `check.schema.json` describes."""
    nodes = [_node(node) for node in checked.program.nodes]
    document = CheckModel(file=target, main=checked.program.main, nodes=nodes)
    return document.model_dump_json(indent=2, by_alias=True) + "\n"


def _node(node: Node) -> NodeModel:
    streams = [
        StreamModel(name=row.name, role=row.role.value, type=row.type, clock=row.clock, rate=row.rate, line=row.line)
        for row in stream_rows(node)
    ]
    return NodeModel(name=node.name, label=node.label, file=node.span.file, line=node.span.line, streams=streams)


def schema_text() -> str:
    """Return the JSON schema of the document, as it is published."""
    schema = CheckModel.model_json_schema(by_alias=True, mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")

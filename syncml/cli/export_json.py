"""The JSON document of `syncml export`, as pydantic models; its schema is published in syncml/cli/schemas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from syncml.diagnostics.json_format import Document

SchemaId = Literal["syncml/export/1"]
SCHEMA_ID: SchemaId = "syncml/export/1"


class ExportModel(Document):
    """What was written. A program with faults has a document of the schema syncml/diagnostics/1 instead."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    folder: str
    files: list[str]
    recorded_ticks: int = Field(ge=0)


def render_export(folder: Path, files: Sequence[Path], ticks: int) -> str:
    """Render the document that the schema `export` describes."""
    names = [str(path.relative_to(folder)) for path in files]
    return (
        ExportModel(folder=str(folder), files=names, recorded_ticks=ticks).model_dump_json(indent=2, by_alias=True)
        + "\n"
    )

"""The JSON document of `syncml export`, as pydantic models; its schema is published in syncml/cli/schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from syncml.cli.report_json import ReportModel
from syncml.diagnostics.json_format import Document

SchemaId = Literal["syncml/export/1"]
SCHEMA_ID: SchemaId = "syncml/export/1"


class ExportModel(Document):
    """What was written. A program with faults has a document of the schema syncml/diagnostics/1 instead."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    folder: str
    files: list[str]
    recorded_ticks: int = Field(ge=0)
    report: ReportModel | None = Field(default=None, description="With --report: what the package costs.")


def render_export(folder: Path, files: Sequence[Path], ticks: int, report: Mapping[str, Any] | None = None) -> str:
    """Render the document that the schema `export` describes."""
    names = [str(path.relative_to(folder)) for path in files]
    costs = None if report is None else ReportModel.model_validate(report)
    document = ExportModel(folder=str(folder), files=names, recorded_ticks=ticks, report=costs)
    return document.model_dump_json(indent=2, by_alias=True, exclude_none=report is None) + "\n"

"""The JSON format: pydantic models, and the schema that is published beside this module.

After a change here, write the schema anew with `python -m syncml.diagnostics.json_format`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from syncml.diagnostics.codes import CODES
from syncml.diagnostics.model import Diagnostic, Label

SCHEMA_FILE = Path(__file__).with_name("diagnostics.schema.json")

SchemaId = Literal["syncml/diagnostics/1"]
SCHEMA_ID: SchemaId = "syncml/diagnostics/1"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SpanModel(_Model):
    """A range of source text; lines and columns count from one, `end_column` is exclusive."""

    file: str
    line: int = Field(ge=1)
    column: int = Field(ge=1)
    end_line: int = Field(ge=1)
    end_column: int = Field(ge=1)


class LabelModel(_Model):
    """A span and what is there."""

    span: SpanModel
    text: str


class DiagnosticModel(_Model):
    """One fault."""

    code: str = Field(pattern=r"^[A-Z][0-9]{3}$")
    title: str
    severity: Literal["error", "warning", "note"]
    message: str
    primary: LabelModel | None
    secondary: list[LabelModel]
    notes: list[str]
    help: str | None


class DiagnosticsModel(_Model):
    """The whole document."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    diagnostics: list[DiagnosticModel]


def _label(label: Label) -> LabelModel:
    span = label.span
    place = SpanModel(
        file=span.file,
        line=span.line,
        column=span.column,
        end_line=span.end_line,
        end_column=span.end_column,
    )
    return LabelModel(span=place, text=label.text)


def to_model(diagnostic: Diagnostic) -> DiagnosticModel:
    """Convert one diagnostic, for a document that contains diagnostics among other things."""
    return DiagnosticModel(
        code=diagnostic.code,
        title=CODES[diagnostic.code].title,
        severity=diagnostic.severity.value,
        message=diagnostic.message,
        primary=None if diagnostic.primary is None else _label(diagnostic.primary),
        secondary=[_label(label) for label in diagnostic.secondary],
        notes=list(diagnostic.notes),
        help=diagnostic.help,
    )


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Render the document that `diagnostics.schema.json` describes."""
    document = DiagnosticsModel(diagnostics=[to_model(diagnostic) for diagnostic in diagnostics])
    return document.model_dump_json(indent=2, by_alias=True) + "\n"


def schema_text() -> str:
    """Return the JSON schema of the format, as it is published."""
    schema = DiagnosticsModel.model_json_schema(by_alias=True, mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")

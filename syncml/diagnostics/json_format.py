"""The JSON format, as pydantic models; their schema is published in syncml/cli/schemas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from syncml.diagnostics.codes import CODES
from syncml.diagnostics.model import Diagnostic, Label, Span

SchemaId = Literal["syncml/diagnostics/1"]
SCHEMA_ID: SchemaId = "syncml/diagnostics/1"


class Document(BaseModel):
    """A part of a JSON document: closed, and never changed once made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SpanModel(Document):
    """A range of source text; lines and columns count from one, `end_column` is exclusive."""

    file: str
    line: int = Field(ge=1)
    column: int = Field(ge=1)
    end_line: int = Field(ge=1)
    end_column: int = Field(ge=1)


class LabelModel(Document):
    """A span and what is there."""

    span: SpanModel
    text: str


class DiagnosticModel(Document):
    """One fault."""

    code: str = Field(pattern=r"^[A-Z][0-9]{3}$")
    title: str
    severity: Literal["error", "warning", "note"]
    message: str
    primary: LabelModel | None
    secondary: list[LabelModel]
    notes: list[str]
    help: str | None


class DiagnosticsModel(Document):
    """The whole document."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    diagnostics: list[DiagnosticModel]


def span_model(span: Span) -> SpanModel:
    """Convert a span."""
    return SpanModel(
        file=span.file,
        line=span.line,
        column=span.column,
        end_line=span.end_line,
        end_column=span.end_column,
    )


def _label(label: Label) -> LabelModel:
    return LabelModel(span=span_model(label.span), text=label.text)


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
    """Render the document that the schema `diagnostics` describes."""
    document = DiagnosticsModel(diagnostics=[to_model(diagnostic) for diagnostic in diagnostics])
    return document.model_dump_json(indent=2, by_alias=True) + "\n"

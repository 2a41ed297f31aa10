"""The traceability map as JSON, as pydantic models; its schema is published in syncml/cli/schemas."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from syncml.diagnostics.json_format import Document

SchemaId = Literal["syncml/c-trace/1"]
SCHEMA_ID: SchemaId = "syncml/c-trace/1"

LineKind = Literal["stream", "function", "declaration", "structure", "statement"]
"""`stream`: it has an origin; `function`: of a support function; `statement`: code that names no stream."""


class SourceModel(Document):
    """A place in the user's program or in the library."""

    file: str
    line: int = Field(ge=1)
    column: int = Field(ge=1)
    end_line: int
    end_column: int


class StreamModel(Document):
    """A stream: its equation, and the lines of C that compute it."""

    id: str = Field(description="`node.stream`.")
    node: str
    stream: str
    source: SourceModel
    lines: list[str] = Field(description="Lines of C, `file:number`.")


class PropertyModel(Document):
    """A clause of a contract. It speaks of `subjects`; all that they depend on is `cone`."""

    id: str
    node: str
    name: str
    kind: str
    requirement: str = Field(description="The identifier that the clause gives, empty without one.")
    source: SourceModel
    subjects: list[str]
    cone: list[str]
    lines: list[str] = Field(description="The lines of C of the subjects.")
    cone_lines: int = Field(description="How many lines of C the whole cone has.")
    verdict: str = Field(description="proved, violated, unknown, assumed, or `not run`.")
    vectors: list[str] = Field(description="The recorded runs in which the clause was evaluated, and held.")


class RequirementModel(Document):
    """A requirement and the clauses that name it."""

    id: str
    properties: list[str]


class CodeLineModel(Document):
    """A line of C and what it is there for."""

    line: str = Field(description="`file:number`.")
    kind: LineKind
    stream: str = Field(description="The stream that it computes or keeps; of a `function` line, its name.")
    source: SourceModel | None
    properties: list[str] = Field(description="The clauses in whose cone the stream is.")
    requirements: list[str]


class VectorModel(Document):
    """A recorded run."""

    id: str
    file: str
    ticks: int
    source: str
    reaches: list[str] = Field(description="What the run was chosen for.")


class OrphansModel(Document):
    """What has no counterpart, in both directions."""

    requirements_without_code: list[str]
    properties_without_requirement: list[str]
    properties_without_code: list[str]
    properties_without_vectors: list[str]
    lines_without_requirement: list[str] = Field(description="Lines of a stream that is in no requirement's cone.")
    lines_without_source: list[str] = Field(description="Code lines that name no stream; support functions are none.")


class TraceModel(Document):
    """The whole map."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    node: str
    requirements: list[RequirementModel]
    properties: list[PropertyModel]
    streams: list[StreamModel]
    lines: list[CodeLineModel]
    vectors: list[VectorModel]
    orphans: OrphansModel

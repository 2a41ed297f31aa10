"""The JSON document of `syncml sim`, as pydantic models; its schema is published in syncml/cli/schemas."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from syncml.cli.engines import Engine
from syncml.cli.simulation import Simulation, extents
from syncml.diagnostics.json_format import Document, SpanModel, span_model

SchemaId = Literal["syncml/sim/1"]
SCHEMA_ID: SchemaId = "syncml/sim/1"

Number = float | Literal["nan", "inf", "-inf"]


class ExtentModel(Document):
    """The range of a stream of scalar numbers."""

    name: str
    type: str
    unit: str
    clock: str
    least: Number
    greatest: Number
    last: Number


class ClauseModel(Document):
    """What the run showed of a contract clause."""

    name: str
    kind: str
    place: SpanModel
    ticks: int = Field(ge=0, description="At how many ticks the clause is present.")
    failures: int = Field(ge=0, description="At how many of them it fails; of a cover or a mode, at how many it is so.")
    first_failure: int | None = Field(description="The first of these ticks.")


class SimModel(Document):
    """The whole document. A program with faults has a document of the schema syncml/diagnostics/1 instead."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    file: str
    engine: str
    ticks: int = Field(ge=1)
    rate_hz: str | None = Field(description="The base rate as a decimal or a fraction.")
    time_s: float = Field(ge=0)
    runs: int = Field(ge=1)
    failing_runs: int = Field(ge=0)
    streams: list[ExtentModel] = Field(description="Those of the first run with a failure, or else of the first run.")
    contracts: list[ClauseModel] = Field(description="Those of the same run.")


def render_sim(target: str, shown: Simulation, engine: Engine, failed: Sequence[bool]) -> str:
    """Render the document that the schema `sim` describes."""
    trace = shown.trace
    document = SimModel(
        file=target,
        engine=engine.value,
        ticks=trace.ticks,
        rate_hz=None if trace.rate is None else str(trace.rate),
        time_s=shown.time_s,
        runs=len(failed),
        failing_runs=sum(failed),
        streams=[
            ExtentModel(
                name=each.column.name,
                type=str(each.column.type),
                unit=each.column.unit,
                clock=each.column.clock,
                least=_number(each.low),
                greatest=_number(each.high),
                last=_number(each.last),
            )
            for each in extents(trace)
        ],
        contracts=[
            ClauseModel(
                name=each.name,
                kind=each.clause.kind.value,
                place=span_model(each.clause.span),
                ticks=each.instants,
                failures=each.failures,
                first_failure=each.first_failure,
            )
            for each in shown.clauses
        ],
    )
    return json.dumps(document.model_dump(by_alias=True), indent=2, allow_nan=False) + "\n"


def _number(value: float) -> Number:
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"

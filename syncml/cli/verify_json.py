"""The JSON document of `syncml verify`, as pydantic models; its schema is published in syncml/cli/schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, assert_never

from pydantic import Field

from syncml.cli.summary import VerdictName, requirements, verdict_name
from syncml.cli.values import plain
from syncml.diagnostics.json_format import DiagnosticModel, Document, SpanModel, span_model, to_model
from syncml.verify import (
    Core,
    Counterexample,
    Modular,
    Proved,
    Reached,
    Reason,
    Result,
    Unknown,
    Unreachable,
    VerificationReport,
    Violated,
)

SchemaId = Literal["syncml/verify/1"]
SCHEMA_ID: SchemaId = "syncml/verify/1"


class StreamModel(Document):
    """One stream of a trace; a value is null where the stream is absent, and numbers that JSON lacks are strings."""

    name: str
    type: str
    unit: str
    input: bool
    values: list[Any]
    free: list[bool] = Field(
        description="Of an input: at which ticks any other value that meets the assumptions would do; empty if unknown."
    )


class PartModel(Document):
    """A stream that a value depends on."""

    name: str
    value: Any


class ReasonModel(Document):
    """One step of the way from the property back to the inputs."""

    depth: int = Field(ge=0, description="How many steps it is away from the property.")
    tick: int = Field(ge=0)
    name: str
    formula: str
    value: Any
    parts: list[PartModel] = Field(description="What the value depends on.")
    origin: Literal["", "input", "free input", "first value"]
    place: SpanModel


class TraceModel(Document):
    """A run, replayed in the interpreter, whose last tick violates the property or reaches the goal."""

    tick: int = Field(ge=0)
    streams: list[StreamModel]
    explanation: list[ReasonModel] = Field(description="Why the property is false at that tick.")


class CoreModel(Document):
    """What a proof needs; everything else may change without losing it."""

    equations: list[SpanModel]
    assumptions: list[str]
    lemmas: list[str]
    exact: bool = Field(description="Whether the solver found it; otherwise it is everything that the property reads.")
    minimal: bool = Field(description="Whether nothing in it can be left out, one piece at a time.")


class ModularModel(Document):
    """How a proof takes the nodes that are called, by their names."""

    contracts: list[str] = Field(description="Those of which it knows the contract alone.")
    bodies: list[str] = Field(description="Those with a contract whose body it needs all the same.")
    alone: str | None = Field(description="The node that was verified by itself, of which this is an instance.")


class PropertyModel(Document):
    """One property. What does not apply to its verdict is null."""

    name: str
    kind: str
    node: str
    requirement: str
    place: SpanModel
    verdict: VerdictName
    method: str | None
    k: int | None = Field(description="How far the induction looks back; if undecided, the ticks without a violation.")
    semantics: str | None = Field(description="What numbers mean in the verdict.")
    floats: Literal["machine", "reals"] | None = Field(
        description="What floats are in the proof: the machine's, or real numbers; null where it depends on none."
    )
    raising: str | None = Field(
        description="Why a proof with real numbers for floats was not shown for machine floats, where that was tried."
    )
    margin: float | None = Field(
        description="With machine floats: by how much the comparisons of the property hold at least, where it is known."
    )
    rounding: bool = Field(description="Whether a violated property is proved with real numbers for floats.")
    using: list[str] = Field(description="Other properties, proved too, that the proof rests on.")
    invariant: str | None
    certificate: str | None = Field(description="The file that proves it for another solver, beside this document.")
    cached: bool = Field(description="Whether the proof is one of an earlier run, of the same property.")
    modular: ModularModel | None = Field(description="Where contracts stand for the bodies of nodes that are called.")
    core: CoreModel | None = Field(description="Where `--core` asked for it.")
    reason: str | None
    advice: str | None
    time_s: float = Field(ge=0)
    trace: TraceModel | None


class RequirementModel(Document):
    """A requirement: violated if a property is, proved if all are, unreachable if its mode is, else unknown."""

    id: str
    verdict: VerdictName
    properties: list[str]


class VerifyModel(Document):
    """The whole document. A program with faults has a document of the schema syncml/diagnostics/1 instead."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    file: str
    time_s: float = Field(ge=0)
    properties: list[PropertyModel]
    warnings: list[DiagnosticModel]
    requirements: list[RequirementModel]
    unused: list[SpanModel] = Field(description="With `--core`: the lines that no proof needs.")


def render_verify(report: VerificationReport, certificates: Mapping[tuple[str, str], str] | None = None) -> str:
    """Render the document that the schema `verify` describes; `certificates` has the file of each proof."""
    files = certificates or {}
    document = VerifyModel(
        file=report.file,
        time_s=report.time_s,
        properties=[_property(result, files.get((result.node, result.name))) for result in report.results],
        warnings=[to_model(warning) for warning in report.warnings],
        requirements=[
            RequirementModel(id=each.id, verdict=each.verdict, properties=[r.name for r in each.results])
            for each in requirements(report)
        ],
        unused=[span_model(span) for span in report.unused],
    )
    return json.dumps(document.model_dump(by_alias=True), indent=2, allow_nan=False) + "\n"


def _property(result: Result, certificate: str | None) -> PropertyModel:
    verdict = result.verdict
    facts: dict[str, Any] = dict.fromkeys(
        (
            "method",
            "k",
            "semantics",
            "floats",
            "raising",
            "margin",
            "invariant",
            "modular",
            "core",
            "reason",
            "advice",
            "trace",
        )
    )
    facts |= {"using": [], "cached": False, "rounding": isinstance(verdict, Violated) and verdict.rounding}
    match verdict:
        case Proved():
            facts |= _proof(verdict)
        case Unreachable(proof):
            facts |= _proof(proof)
        case Violated() | Reached():
            facts |= {"semantics": verdict.semantics, "trace": _trace(verdict.counterexample)}
        case Unknown():
            facts |= {"k": verdict.depth, "reason": verdict.reason, "advice": verdict.advice}
        case _:
            assert_never(verdict)
    return PropertyModel(
        name=result.name,
        kind=result.kind,
        node=result.node,
        requirement=result.requirement,
        place=span_model(result.span),
        verdict=verdict_name(verdict),
        time_s=result.time_s,
        certificate=certificate,
        **facts,
    )


def _core(core: Core) -> CoreModel:
    return CoreModel(
        equations=[span_model(span) for span in core.equations],
        assumptions=list(core.assumptions),
        lemmas=list(core.lemmas),
        exact=core.exact,
        minimal=core.minimal,
    )


def _modular(how: Modular) -> ModularModel:
    return ModularModel(contracts=list(how.contracts), bodies=list(how.bodies), alone=how.alone or None)


def _proof(proof: Proved) -> dict[str, Any]:
    return {
        "method": proof.method,
        "k": proof.k,
        "semantics": proof.semantics,
        "floats": proof.floats or None,
        "raising": proof.raising or None,
        "margin": proof.margin,
        "using": list(proof.using),
        "invariant": proof.invariant or None,
        "cached": proof.cached,
        "modular": None if proof.modular is None else _modular(proof.modular),
        "core": None if proof.core is None else _core(proof.core),
    }


def _trace(found: Counterexample) -> TraceModel:
    streams = [
        StreamModel(
            name=stream.name,
            type=stream.type,
            unit=stream.unit,
            input=stream.input,
            values=[plain(value, stream.type) for value in stream.values],
            free=list(stream.free),
        )
        for stream in found.streams
    ]
    return TraceModel(tick=found.tick, streams=streams, explanation=list(map(_reason, found.explanation)))


def _reason(reason: Reason) -> ReasonModel:
    return ReasonModel(
        depth=reason.depth,
        tick=reason.tick,
        name=reason.name,
        formula=reason.formula,
        value=plain(reason.value, reason.type),
        parts=[PartModel(name=name, value=plain(value, type_)) for name, value, type_ in reason.parts],
        origin=reason.origin,
        place=span_model(reason.span),
    )

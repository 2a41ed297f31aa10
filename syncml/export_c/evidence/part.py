"""All files of ``evidence/`` that follow from the program, as one part of a package."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import field
from importlib.resources import files
from itertools import groupby
from types import MappingProxyType
from typing import Any

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.export_c.draft import Draft, Files, Part, template
from syncml.export_c.evidence.eva import DRIVER, FUNCTIONS_ENTRY, STEP_ENTRY, EvaPlan, Ranges, eva_plan
from syncml.export_c.evidence.function_tests import FunctionTests, function_tests
from syncml.export_c.evidence.misra import DEFINES, DEVIATIONS
from syncml.export_c.evidence.model import model, readable
from syncml.export_c.evidence.runs import RecordedRun, run_files
from syncml.export_c.evidence.trace_model import TraceModel
from syncml.export_c.evidence.traceability import Verdicts, traceability
from syncml.ir.equations.syntax import Program

CONFIG_SCHEMA = "syncml/c-evidence/1"
WORDING = "Designed to be verified as hand-written code, with the evidence generated; not a qualified tool."


@dataclass(frozen=True, slots=True)
class Justified:
    """An outcome of a condition that a proof shows to be impossible."""

    span: Span
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What the evidence is about, beside the code.

    Attributes:
        program: The clocked equations, with machine numbers.
        runs: The recorded runs.
        ranges: The declared ranges of inputs.
        proofs: ``proofs.json`` and the certificates, by their paths; a document that says that there are none.
        verdicts: The verdicts in it.
        justified: Outcomes that no run can have.
        page: How the traceability map is shown to people.
    """

    program: Program
    runs: tuple[RecordedRun, ...]
    ranges: Ranges
    proofs: Files
    page: Callable[[TraceModel, Mapping[str, str]], str]
    verdicts: Verdicts = field(default_factory=lambda: MappingProxyType({}))
    justified: tuple[Justified, ...] = ()


def evidence(subject: Subject) -> Part:
    """The part that writes the evidence of ``subject``."""

    def part(draft: Draft) -> Files:
        planned = eva_plan(draft, subject.ranges)
        tests = function_tests(draft)
        described = model(draft, subject.program)
        trace = traceability(draft, subject.program, subject.runs, subject.verdicts)
        texts = {f"{path}:{n}": x.text for path, lines in draft.code.items() for n, x in enumerate(lines, start=1)}
        return {
            "evidence/traceability.json": trace.model_dump_json(indent=1, by_alias=True).encode() + b"\n",
            "evidence/traceability.html": subject.page(trace, texts).encode(),
            "evidence/model.json": _json(described),
            "evidence/model.md": readable(described).encode(),
            "evidence/evidence.json": _json(_config(draft, subject, planned, tests)),
            DRIVER: planned.driver.encode(),
            **({"evidence/functions.c": tests.text.encode()} if tests.cases else {}),
            "evidence/collect.py": (files("syncml.export_c.evidence") / "collect.py").read_bytes(),
            "evidence/evidence.mk": template("evidence.mk", {}),
            **run_files(draft, subject.runs),
            **subject.proofs,
        }

    return part


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _config(draft: Draft, subject: Subject, planned: EvaPlan, tests: FunctionTests) -> dict[str, Any]:
    """What ``collect.py`` checks, and against what."""
    return {
        "schema": CONFIG_SCHEMA,
        "wording": WORDING,
        "node": draft.label,
        "sources": list(draft.compiled),
        "main_source": f"src/{draft.node}.c",
        "libraries": ["-lm"] if draft.links_math else [],
        "external": " ".join(f"{own.machine.external}.c" for own in draft.plan.machines if own.machine.external),
        "entries": [f"{draft.node}_init", f"{draft.node}_step"],
        "misra": {
            "defines": list(DEFINES),
            "deviations": [
                {"rule": d.rule, "category": d.category, "where": d.where, "pattern": d.pattern, "reason": d.reason}
                for d in DEVIATIONS
            ],
        },
        "eva": {
            "driver": DRIVER,
            "step": STEP_ENTRY,
            "functions": FUNCTIONS_ENTRY,
            "finite": planned.finite,
            "specified": list(planned.specified),
            "unroll": planned.unroll,
            "assumptions": list(planned.assumptions),
        },
        "vectors": [run.path for run in subject.runs],
        "function_cases": tests.cases,
        "functions_without_cases": list(tests.untested),
        "justified": _justified(draft, subject.justified),
    }


def _justified(draft: Draft, found: tuple[Justified, ...]) -> list[dict[str, Any]]:
    """Impossible outcomes by the lines of C whose statement is made from an expression around the condition."""
    entries: list[dict[str, Any]] = []
    for path, lines in sorted(draft.code.items()):
        numbered = enumerate(lines, start=1)
        for span, group in groupby(numbered, key=lambda pair: pair[1].origin and pair[1].origin.span):
            numbers = [number for number, _ in group]
            entries += [
                {"file": path, "first": numbers[0], "last": numbers[-1], "outcome": j.outcome, "reason": j.reason}
                for j in found
                if span is not None and _within(j.span, span)
            ]
    return entries


def _within(inner: Span, outer: Span) -> bool:
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    ends = (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
    return inner.file == outer.file and starts and ends

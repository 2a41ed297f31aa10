"""From requirements to lines of C and test vectors, and back.

Rule: a requirement has the clauses that name it (``req="SR-12"``); a clause has its subjects and its cone (`cones`); a
stream has the lines of C whose origin is its equation or its declaration; a run has the clauses that it evaluated and
that held throughout. The way back is the inverse of that relation, so both directions agree by construction. What has
no counterpart is listed, not dropped: it is for the reviewer to say whether that is right.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.export_c.draft import Draft
from syncml.export_c.evidence.cones import Cones, Part
from syncml.export_c.evidence.runs import RecordedRun
from syncml.export_c.evidence.trace_model import (
    CodeLineModel,
    LineKind,
    OrphansModel,
    PropertyModel,
    RequirementModel,
    SourceModel,
    StreamModel,
    TraceModel,
    VectorModel,
)
from syncml.export_c.printer import Line
from syncml.export_c.sources import Sources
from syncml.ir.equations.syntax import GOALS, Program, Property, PropertyKind

TOGETHER = 16
"""So many streams of one place of the source are taken to be made by its lines together; of more, as a loop of Python
makes them, each line makes the one that it names."""
NOT_RUN, ASSUMED = "not run", "assumed"
_SUPPORT = re.compile(r"static inline [\w ]+?(\w+)\(")
_STATEMENT = re.compile(r"[^{}]*;\Z")
_DECLARATION = re.compile(r"(extern |typedef |const \w+ \w+\W|\w+ \*?\w+(\[\d+\])*;|.*\) *;)")
_FRAME = re.compile(r"(return |break;)")

Verdicts = Mapping[tuple[Span, str], str]
"""The verdict of each clause, by where and under which name it is stated."""


@dataclass(frozen=True, slots=True)
class _Clause:
    id: str
    node: str
    stated: Property
    subjects: tuple[Part, ...]
    cone: tuple[Part, ...]


def traceability(draft: Draft, program: Program, runs: Sequence[RecordedRun], verdicts: Verdicts) -> TraceModel:
    """The map of a package that was made from ``program``."""
    cones = Cones(program)
    clauses = list(_clauses(program, cones))
    code = dict(_code(draft))
    places = _places(program)
    at_span: dict[Span, dict[Part, None]] = defaultdict(dict)
    for (span, _), parts in places.items():
        at_span[span].update(dict.fromkeys(parts))
    lines_of: dict[Part, list[str]] = defaultdict(list)
    parts_of: dict[str, tuple[Part, ...]] = {}
    for where, line in code.items():
        if line.origin is not None:
            stated = places.get((line.origin.span, line.origin.stream))
            # A call or a record has one line for several streams, and the line bears the name of one of them.
            together = stated if stated and len(stated) > 1 else at_span[line.origin.span]
            parts_of[where] = tuple(together) if len(together) <= TOGETHER else stated or ()
            for part in parts_of[where]:
                lines_of[part].append(where)
    by_part: dict[Part, list[_Clause]] = defaultdict(list)
    for clause in clauses:
        for part in clause.cone:
            by_part[part].append(clause)
    properties = [_property(c, lines_of, draft.origins, runs, verdicts) for c in clauses]
    lines = [
        _line(where, line, parts_of, by_part, kind, name, draft.origins) for where, line, kind, name in _kinds(code)
    ]
    requirements = defaultdict[str, list[str]](list)
    for p in properties:
        if p.requirement:
            requirements[p.requirement].append(p.id)
    return TraceModel(
        node=draft.label,
        requirements=[RequirementModel(id=r, properties=ids) for r, ids in sorted(requirements.items())],
        properties=properties,
        streams=[_stream(part, found, draft.origins) for part, found in lines_of.items()],
        lines=lines,
        vectors=[
            VectorModel(id=r.name, file=r.path, ticks=r.vectors.steps, source=r.source, reaches=list(r.reaches))
            for r in runs
        ],
        orphans=_orphans(properties, requirements, lines),
    )


def _clauses(program: Program, cones: Cones) -> Iterator[_Clause]:
    for node in program.nodes:
        for stated in node.properties:
            if stated.kind not in GOALS:
                cone = cones.of(node, stated)
                yield _Clause(f"{node.name}: {stated.name}", node.name, stated, cone.subjects, cone.parts)


def _code(draft: Draft) -> Iterator[tuple[str, Line]]:
    for path, lines in sorted(draft.code.items()):
        for number, line in enumerate(lines, start=1):
            yield f"{path}:{number}", line


def _places(program: Program) -> dict[tuple[Span, str], tuple[Part, ...]]:
    """The streams that are stated at each place of the source, by name: by their equation, or by their declaration."""
    found: dict[tuple[Span, str], dict[Part, None]] = defaultdict(dict)
    for node in program.nodes:
        for var in (*node.inputs, *node.outputs):
            found[var.span, var.name][Part(node.name, var)] = None
        for equation in node.equations:
            for var in equation.targets:
                found[equation.span, var.name][Part(node.name, var)] = None
                found[var.span, var.name][Part(node.name, var)] = None
    return {place: tuple(parts) for place, parts in found.items()}


def _property(
    clause: _Clause,
    lines_of: Mapping[Part, list[str]],
    origins: Sources,
    runs: Sequence[RecordedRun],
    verdicts: Verdicts,
) -> PropertyModel:
    stated = clause.stated
    seen = [(run.name, run.clauses.get((stated.span, stated.name))) for run in runs]
    return PropertyModel(
        id=clause.id,
        node=clause.node,
        name=stated.name,
        kind=stated.kind.value,
        requirement=stated.requirement,
        source=_source(stated.span, origins),
        subjects=[_id(part) for part in clause.subjects],
        cone=[_id(part) for part in clause.cone],
        lines=list(dict.fromkeys(where for part in clause.subjects for where in lines_of.get(part, ()))),
        cone_lines=len({where for part in clause.cone for where in lines_of.get(part, ())}),
        verdict=ASSUMED if stated.kind is PropertyKind.ASSUME else verdicts.get((stated.span, stated.name), NOT_RUN),
        vectors=[name for name, shown in seen if shown is not None and shown.instants > 0 and shown.failures == 0],
    )


def _stream(part: Part, lines: list[str], origins: Sources) -> StreamModel:
    source = _source(part.var.span, origins)
    return StreamModel(id=_id(part), node=part.node, stream=part.var.name, source=source, lines=lines)


def _kinds(code: Mapping[str, Line]) -> Iterator[tuple[str, Line, LineKind, str]]:
    """Each line that is not empty and no comment, with what it is, and the support function that it belongs to."""
    support, commented = "", False
    for where, line in code.items():
        text = line.text.strip()
        opens = text.startswith("/*")
        if opens or commented or not text:
            commented = (opens or commented) and not text.endswith("*/")
            continue
        if (head := _SUPPORT.match(line.text)) is not None:
            support = head.group(1)
        if line.origin is not None:
            yield where, line, "stream", line.origin.stream
        elif support:
            yield where, line, "function", support
        else:
            yield where, line, _kind(where, text), ""
        if line.text == "}":
            support = ""


def _kind(where: str, text: str) -> LineKind:
    """What a line is that belongs to no stream: a statement is what a reviewer has to explain."""
    if not where.startswith("src/") or _FRAME.match(text) or not _STATEMENT.match(text):
        return "structure"
    return "declaration" if _DECLARATION.match(text) and "(void)" not in text else "statement"


def _line(
    where: str,
    line: Line,
    parts_of: Mapping[str, tuple[Part, ...]],
    by_part: Mapping[Part, list[_Clause]],
    kind: LineKind,
    name: str,
    origins: Sources,
) -> CodeLineModel:
    clauses = {c.id: c.stated.requirement for part in parts_of.get(where, ()) for c in by_part.get(part, ())}
    return CodeLineModel(
        line=where,
        kind=kind,
        stream=name,
        source=None if line.origin is None else _source(line.origin.span, origins),
        properties=list(clauses),
        requirements=sorted({requirement for requirement in clauses.values() if requirement}),
    )


def _orphans(
    properties: Sequence[PropertyModel], requirements: Mapping[str, list[str]], lines: Sequence[CodeLineModel]
) -> OrphansModel:
    by_id = {p.id: p for p in properties}
    return OrphansModel(
        requirements_without_code=[
            r for r, ids in sorted(requirements.items()) if not any(by_id[i].lines for i in ids)
        ],
        properties_without_requirement=[p.id for p in properties if not p.requirement],
        properties_without_code=[p.id for p in properties if not p.lines],
        properties_without_vectors=[p.id for p in properties if not p.vectors],
        lines_without_requirement=[x.line for x in lines if x.kind == "stream" and not x.requirements],
        lines_without_source=[x.line for x in lines if x.kind == "statement"],
    )


def _id(part: Part) -> str:
    return f"{part.node}.{part.var.name}"


def _source(span: Span, origins: Sources) -> SourceModel:
    return SourceModel(
        file=origins.name(span.file),
        line=span.line,
        column=span.column,
        end_line=span.end_line,
        end_column=span.end_column,
    )

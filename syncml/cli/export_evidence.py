"""What an export says beside the code: recorded runs with their sources, declared ranges, verdicts.

Rule: every run is the interpreter's. Where tests are asked for, they are those of `syncml testgen`; where proofs are,
the verdicts of `syncml verify`; otherwise the package says that there are none.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from syncml.cli.recording import random_inputs, recorded
from syncml.dataclass import dataclass
from syncml.export_c.evidence import MAIN, Justified, Observed, RecordedRun, Subject
from syncml.ir.constants import dtype
from syncml.ir.types import FLOATS, MACHINE_INTEGERS, element, integer_range, shape

if TYPE_CHECKING:
    from syncml.diagnostics import Span
    from syncml.export_c.draft import Files
    from syncml.export_c.evidence.runs import Stated
    from syncml.ir.equations.syntax import Node
    from syncml.pipeline import Checked
    from syncml.sim.inputs import Raw
    from syncml.verify import Result
    from syncml.verify.traps import Goal

PROOFS = "evidence/proofs.json"
NOMINAL_TICKS = 64
"""The length of the run in the declared ranges."""
ROBUST_TICKS = 48
"""The length of the run on limits, infinities and NaN."""
WORK = 200_000
"""Equations times ticks of each of them, at some microseconds each; a large program has shorter ones."""
LEAST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked for beside the code: tests by solvers, proofs, and seconds for each."""

    tests: bool
    prove: bool
    timeout: float
    seed: int


def subject(checked: Checked, streaming: Checked, main: RecordedRun, asked: Asked) -> Subject:
    """The evidence of a program with the machine's numbers; ``streaming`` is what the C is made from, folded or not."""
    from syncml.cli.trace_html import trace_page

    ranges = declared_ranges(checked)
    # The main run is of the program as it is written; where windows are folded, the others take a fraction of the time.
    runs = [main, *([nominal_run(streaming, ranges, asked.seed)] if ranges else []), robust_run(streaming, asked.seed)]
    justified: tuple[Justified, ...] = ()
    if asked.tests:
        more, justified = _tests(checked, asked)
        runs += more
    proofs, verdicts, shown = _proofs(checked, asked) if asked.prove else _no_proofs(checked)
    runs += shown
    return Subject(streaming.program, tuple(runs), ranges, proofs, trace_page, verdicts, justified)


def as_run(
    checked: Checked, name: str, source: str, raw: Raw, ticks: int, reaches: tuple[str, ...] = ()
) -> RecordedRun:
    """A run of the interpreter, with what it showed of each clause."""
    from syncml.sim.monitor import monitor

    vectors, trace = recorded(checked, raw, ticks)
    seen: dict[tuple[Span, str], list[int]] = defaultdict(lambda: [0, 0])
    for result in monitor(checked.flat, trace):
        counts = seen[result.clause.span, result.clause.name]
        counts[0] += result.instants
        counts[1] += result.failures
    return RecordedRun(name, source, vectors, reaches, {c: Observed(*counts) for c, counts in seen.items()})


def main_run(checked: Checked, source: str, raw: Raw, ticks: int) -> RecordedRun:
    """The run that ``make check`` replays."""
    return as_run(checked, MAIN, source, raw, ticks)


def nominal_run(checked: Checked, ranges: Mapping[str, tuple[float, float]], seed: int) -> RecordedRun:
    """Random values in the declared ranges, some of them at the ends."""
    ticks = _affordable(checked, NOMINAL_TICKS)
    generator = np.random.default_rng(seed + 2)
    raw = dict(random_inputs(checked.main, ticks, seed + 2))
    for var in checked.main.inputs:
        if var.name in ranges:
            raw[var.name] = _between(*ranges[var.name], element(var.type), (ticks, *shape(var.type)), generator)
    return as_run(checked, "nominal", "nominal: random values in the declared ranges", raw, ticks)


def _affordable(checked: Checked, ticks: int) -> int:
    return min(ticks, max(LEAST_TICKS, WORK // max(1, len(checked.flat.equations))))


def _between(low: float, high: float, kind: Any, extent: tuple[int, ...], generator: np.random.Generator) -> Any:
    if kind not in FLOATS:
        return generator.integers(int(low), int(high), extent, endpoint=True).astype(dtype(kind))
    ends = np.where(generator.random(extent) < 0.5, low, high)
    drawn = np.where(generator.random(extent) < 0.1, ends, generator.uniform(low, high, extent))
    # The nearest number of the type may lie beyond an end, which is a number of the type itself.
    return np.clip(drawn.astype(dtype(kind)), dtype(kind).type(low), dtype(kind).type(high))


def robust_run(checked: Checked, seed: int) -> RecordedRun:
    """Limits of types, zeros of both signs, infinities and NaN, with ordinary values between."""
    ticks = _affordable(checked, ROBUST_TICKS)
    generator = np.random.default_rng(seed + 1)
    raw = dict(random_inputs(checked.main, ticks, seed + 1))
    for var in checked.main.inputs:
        special = _special(element(var.type))
        if special is not None:
            extent = (ticks, *shape(var.type))
            chosen = special[generator.integers(0, len(special), extent)]
            raw[var.name] = np.where(generator.random(extent) < 0.4, chosen, raw[var.name])
    source = "robustness: limits of types, infinities and NaN between random values, whatever the program assumes"
    return as_run(checked, "robustness", source, raw, ticks)


def _special(kind: Any) -> Any:
    if kind in FLOATS:
        info = np.finfo(dtype(kind))
        some = [0.0, -0.0, info.max, -info.max, info.smallest_subnormal, np.inf, -np.inf, np.nan, 1.0, -1.0]
        return np.array(some, dtype(kind))
    if kind in MACHINE_INTEGERS:
        low, high = integer_range(kind)
        return np.array([low, high, 0, 1], dtype(kind))
    return None


def declared_ranges(checked: Checked) -> dict[str, tuple[float, float]]:
    """The ranges of inputs that the program assumes or requires, or that their type bounds."""
    from dataclasses import replace

    from syncml.ir.equations.syntax import PropertyKind
    from syncml.verify.floats.conditions import assumed
    from syncml.verify.floats.domain import meet, top

    node: Node = checked.flat
    clauses = tuple(
        replace(p, kind=PropertyKind.ASSUME) if p.kind is PropertyKind.REQUIRE and not p.instance else p
        for p in node.properties
        if not (p.kind is PropertyKind.ASSUME and p.instance)
    )
    node = replace(node, properties=clauses)
    bounds = assumed(node, {t: e for e in node.equations for t in e.targets})
    found: dict[str, tuple[float, float]] = {}
    for var in node.inputs:
        kind = element(var.type)
        if var in bounds and kind in FLOATS | MACHINE_INTEGERS:
            value = top(var.type, finite=True)
            for low, high in bounds[var]:
                value = meet(value, low, high)
            number = float if kind in FLOATS else int
            least, greatest = number(value.low.min()), number(value.high.max())
            if kind not in FLOATS or max(abs(least), abs(greatest)) < float(np.finfo(dtype(kind)).max):
                found[var.name] = (least, greatest)
    return found


def _tests(checked: Checked, asked: Asked) -> tuple[list[RecordedRun], tuple[Justified, ...]]:
    """The runs of `syncml testgen`, and the outcomes that it proved to be impossible."""
    from syncml.sim.interpreter import replay
    from syncml.verify import Semantics, VerifyOptions
    from syncml.verify.testgen import Unreachable, generate

    options = VerifyOptions(timeout=asked.timeout, jobs=1, seed=asked.seed, semantics=Semantics.REALS)
    suite = generate(checked.program, options, replay, pairs=True)
    runs = [
        as_run(
            checked,
            f"test_{number:02}",
            "coverage: found by the engines of `syncml testgen`",
            run.inputs,
            run.ticks,
            tuple(f"{g.aspect.value} {g.stream or f'line {g.span.line}'} is {g.value}" for g in run.reaches),
        )
        for number, run in enumerate(suite.runs, start=1)
    ]
    justified = tuple(
        Justified(goal.span, outcome, f"no run reaches it: {found.method}, {found.semantics}")
        for goal, found in suite.goals.items()
        if isinstance(found, Unreachable) and (outcome := _outcome(goal))
    )
    return runs, justified


def _outcome(goal: Goal) -> str:
    """The outcome of a condition in C that cannot be if a goal cannot be reached; empty where none follows.

    The second operand of a conjunction is evaluated where the first is true, that of a disjunction where it is false.
    """
    outcomes = {
        "true and false": "false", "true and true": "true", "false or true": "true", "false or false": "false",
        "true": "true", "false": "false",
    }  # fmt: skip
    return outcomes.get(goal.value, "")


Proofs: TypeAlias = "tuple[Files, Mapping[Stated, str], list[RecordedRun]]"
"""The files of verdicts, the verdict of each clause, and the runs of counterexamples and of goals that are reached."""


def _no_proofs(checked: Checked) -> Proofs:
    """A document that says that nothing was proved."""
    document = {
        "schema": "syncml/c-proofs/1",
        "node": checked.main.label,
        "run": False,
        "note": "no proof was run for this export; `syncml export --prove` runs `syncml verify` and keeps its verdicts",
    }
    return {PROOFS: (json.dumps(document, indent=1) + "\n").encode()}, {}, []


def _proofs(checked: Checked, asked: Asked) -> Proofs:
    """Every verdict of `syncml verify`, the certificates that it leaves, and its runs of the exported node."""
    from syncml.cli.evidence import certificate_files, shown_runs
    from syncml.cli.verify_json import render_verify
    from syncml.sim.interpreter import replay
    from syncml.verify import Semantics, VerifyOptions, verify

    options = VerifyOptions(timeout=asked.timeout, seed=asked.seed, semantics=Semantics.STRONGEST)
    report = verify(checked.program, options, replay)
    certificates, names = certificate_files(checked.main.label, report)
    document = json.loads(render_verify(report, names))
    document = {"schema": "syncml/c-proofs/1", "node": checked.main.label, "run": True, "verify": document}
    found: dict[str, bytes] = {PROOFS: (json.dumps(document, indent=1) + "\n").encode()}
    found.update({f"evidence/{path}": text.encode() for path, text in certificates.items()})
    runs = [
        as_run(checked, f"shown_{number:02}", _what(result), example.inputs, example.ticks)
        for number, (result, example) in enumerate(shown_runs(report), start=1)
        if result.node == checked.main.label
    ]
    return found, _worst(report), runs


def _what(result: Result) -> str:
    """What a run that verification found shows."""
    kind = "requirement: the goal" if result.kind in ("cover", "mode") else "counterexample: violates"
    named = f" of {result.requirement}" if result.requirement else ""
    return f"{kind} {result.name}{named}, found by `syncml verify`"


def _worst(report: Any) -> dict[tuple[Span, str], str]:
    """For each clause the worst verdict among its instances."""
    order = ("violated", "unknown", "proved")
    found: dict[tuple[Span, str], str] = {}
    for result in report.results:
        name = type(result.verdict).__name__.lower()
        verdict = {"reached": "proved", "unreachable": "violated"}.get(name, name)
        before = found.get(result.stated, verdict)
        found[result.stated] = min(verdict, before, key=order.index)
    return found

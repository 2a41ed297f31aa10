"""A verification report for people: a table of verdicts, and each counterexample as a table of streams over ticks."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from syncml.cli.cores import core_lines
from syncml.cli.output import echo, emit
from syncml.cli.summary import (
    BROKEN_BY_ROUNDING,
    FLOATS,
    TINTS,
    counted,
    proofs_by_floats,
    requirements,
    rounded_down,
    verdict_name,
)
from syncml.cli.tables import print_table
from syncml.cli.values import shown
from syncml.diagnostics import Diagnostic, Label, Severity
from syncml.verify import (
    Counterexample,
    Modular,
    Proved,
    Reached,
    Result,
    Stream,
    Unknown,
    Unreachable,
    Verdict,
    VerificationReport,
    Violated,
)
from syncml.verify.verdicts import proof_of

# A counterexample that is longer than this is shown by its last ticks.
LONGEST_SHOWN = 12

# Of a run with more streams those are shown that the explanation names, then the first ones.
STREAMS_SHOWN = 40

# So many runs are shown, of further ones where the property is false.
RUNS_SHOWN = 20

# In place of a value of an input that does not matter.
FREE = "*"
FREE_NOTE = "*: any value that meets the assumptions; the run shows the same"

ORIGINS = {"input": "an input", "free input": "an input; any other value does, too", "first value": "its first value"}

# Of the properties that are undecided for one reason, so many are named.
NAMES_SHOWN = 3


def print_report(report: VerificationReport, *, quiet: bool, verbose: bool) -> None:
    """Print the table of verdicts and what there is to say about those that are not `proved`."""
    emit(report.warnings, stream=sys.stdout)
    if not quiet:
        _print_verdicts(report)
        if verbose:
            for line in modular_lines(report):
                echo(line)
    violations = 0
    missed = {id(result) for result in report.missed}
    for result in report.results:
        if isinstance(result.verdict, Violated):
            emit([violation(result, result.verdict)], stream=sys.stdout)
            violations += 1
            if verbose or violations <= RUNS_SHOWN:
                _print_counterexample(result.verdict.counterexample, verbose=verbose)
        elif id(result) in missed:
            emit(list(_findings(result)), stream=sys.stdout)
        elif isinstance(result.verdict, Reached) and result.kind == "cover" and not quiet:
            found = result.verdict.counterexample
            echo(f"{result.kind} {result.name!r} of {result.node} is reached at tick {found.tick}")
            _print_counterexample(found, verbose=verbose)
    if not verbose and (more := violations - RUNS_SHOWN) > 0:
        echo(f"{more} counterexamples more: --property NAME shows one of them, -o DIR writes all")
    if verbose:
        for name, margin in margins(report):
            echo(f"margin: {name} holds by at least {rounded_down(margin)} in machine floats")
    if not quiet:
        for line in core_lines(report):
            echo(line)
        _print_requirements(report)
        if line := proofs_by_floats(report):
            echo(line)
        echo(f"{counted(report)} in {report.time_s:.1f} s")


def _print_verdicts(report: VerificationReport) -> None:
    floats = [FLOATS[p.floats] if (p := proof_of(r.verdict)) is not None else "" for r in report.results]
    rows = [
        (
            result.name,
            result.kind,
            result.node,
            verdict_name(result.verdict),
            # Of a program without floats there is nothing to say.
            *((each,) if any(floats) else ()),
            *_method(result.verdict),
            f"{result.time_s:.2f} s",
            str(result.span.line),
        )
        for result, each in zip(report.results, floats, strict=True)
    ]
    proof = ("verdict", "holds for") if any(floats) else ("verdict",)
    print_table(("property", "kind", "node", *proof, "method", "k", "time", "line"), rows, TINTS)
    for (reason, advice), names in _undecided(report).items():
        echo(f"unknown: {_some(names)}: {reason}")
        echo(f"    try: {advice}")
    for reason, names in _unrounded(report).items():
        echo(f"rounding not shown: {_some(names)}: {reason}")


def margins(report: VerificationReport) -> Iterator[tuple[str, float]]:
    """The properties of which it is known by how much they hold."""
    for result in report.results:
        if isinstance(result.verdict, Proved) and result.verdict.margin is not None:
            yield result.name, result.verdict.margin


def _some(names: Sequence[str]) -> str:
    first, more = ", ".join(names[:NAMES_SHOWN]), len(names) - NAMES_SHOWN
    return f"{first}{f' and {more} more' if more > 0 else ''}"


def _unrounded(report: VerificationReport) -> dict[str, list[str]]:
    """Group the proofs with real numbers for floats by the reason why there is none for machine floats."""
    groups: dict[str, list[str]] = {}
    for result in report.results:
        proof = proof_of(result.verdict)
        if proof is not None and proof.raising:
            groups.setdefault(proof.raising, []).append(result.name)
    return groups


def _print_requirements(report: VerificationReport) -> None:
    found = requirements(report)
    if found:
        rows = [(each.id, each.verdict, ", ".join(r.name for r in each.results)) for each in found]
        print_table(("requirement", "verdict", "properties"), rows, TINTS)


def _undecided(report: VerificationReport) -> dict[tuple[str, str], list[str]]:
    """Group the undecided properties by their reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for result in report.results:
        if isinstance(result.verdict, Unknown):
            groups.setdefault((result.verdict.reason, result.verdict.advice), []).append(result.name)
    return groups


def _method(verdict: Verdict) -> tuple[str, str]:
    match verdict:
        case (Proved() as proof) | Unreachable(proof):
            return method_of(proof), str(proof.k)
        case Violated() | Reached():
            return "replayed", str(verdict.counterexample.ticks)
        case Unknown():
            return "", str(verdict.depth)
        case _:
            assert_never(verdict)


def modular_lines(report: VerificationReport) -> Iterator[str]:
    """Which contracts, and which bodies, the proofs took that took any contract, in one line for equal ones."""
    groups: dict[Modular, list[str]] = {}
    for result in report.results:
        match result.verdict:
            case (Proved() as proof) | Unreachable(proof) if proof.modular is not None:
                groups.setdefault(replace(proof.modular, clause=""), []).append(result.name)
            case _:
                continue
    for how, names in groups.items():
        first, more = ", ".join(names[:NAMES_SHOWN]), len(names) - NAMES_SHOWN
        yield f"modular: {first}{f' and {more} more' if more > 0 else ''}: {modular_text(how)}"


def modular_text(how: Modular) -> str:
    """How a proof takes the nodes that are called."""
    parts = [f"proved of node {how.alone} by itself"] if how.alone else []
    parts += [f"node {name} by its contract" for name in how.contracts]
    return ", ".join([*parts, *(f"node {name} by its body" for name in how.bodies)])


def method_of(proof: Proved) -> str:
    """How the proof was found, and whether that was in an earlier run."""
    return f"{proof.method} (from cache)" if proof.cached else proof.method


def violation(result: Result, verdict: Violated) -> Diagnostic:
    """Return the diagnostic of a violated property."""
    return Diagnostic(
        "V004",
        Severity.ERROR,
        f"{result.kind} {result.name!r} of {result.node} is violated",
        Label(result.span, f"false at tick {verdict.counterexample.tick}"),
        notes=(*((BROKEN_BY_ROUNDING,) if verdict.rounding else ()), *_required(result)),
    )


def _required(result: Result) -> tuple[str, ...]:
    return (f"requirement {result.requirement}",) if result.requirement else ()


def diagnostics_of(report: VerificationReport) -> list[Diagnostic]:
    """Return what is not proved as diagnostics: errors where violated, warnings where undecided."""
    missed = report.missed
    told = (r for r in report.results if r in missed or not isinstance(r.verdict, Unreachable))
    return [*report.warnings, *(found for result in told for found in _findings(result))]


def _findings(result: Result) -> Iterator[Diagnostic]:
    match result.verdict:
        case Proved() | Reached():
            return
        case Unreachable():
            yield Diagnostic(
                "V010",
                Severity.ERROR if result.kind == "cover" else Severity.WARNING,
                f"{result.kind} {result.name!r} of {result.node} is never reached",
                Label(result.span, "false at each instant of each run that meets the assumptions"),
                notes=_required(result),
                help="mend the condition, or an assumption that is too strong",
            )
        case Violated():
            yield violation(result, result.verdict)
        case Unknown(reason, depth, advice):
            yield Diagnostic(
                "V005",
                Severity.WARNING,
                f"{result.kind} {result.name!r} of {result.node} is not decided",
                Label(result.span, "neither proved nor refuted"),
                notes=(" ".join(reason.split()), f"no violation in the first {depth} ticks", *_required(result)),
                help=advice,
            )
        case _:
            assert_never(result.verdict)


def _print_counterexample(found: Counterexample, *, verbose: bool) -> None:
    relevant, more = _relevant(found, verbose=verbose)
    first = max(0, found.ticks - LONGEST_SHOWN)
    if first:
        echo(f"the last {LONGEST_SHOWN} of {found.ticks} ticks")
    ticks = range(first, found.ticks)
    rows = [(_title(stream), *(cell(stream, tick) for tick in ticks)) for stream in relevant]
    print_table(("tick", *map(str, ticks)), rows)
    if more:
        echo(f"and {more} streams more: --verbose shows them")
    if any(map(is_free, relevant)):
        echo(FREE_NOTE)
    echo()
    for line in explained(found):
        echo(line)
    if found.explanation:
        echo()


def _relevant(found: Counterexample, *, verbose: bool) -> tuple[list[Stream], int]:
    """The streams to be shown, and how many more there are."""
    if verbose:
        return list(found.streams), 0
    named = [s for s in found.streams if s.input or s.user]
    reasons = {r.name for r in found.explanation} | {name for r in found.explanation for name, _, _ in r.parts}
    first = sorted(range(len(named)), key=lambda i: named[i].name not in reasons)[:STREAMS_SHOWN]
    return [named[i] for i in sorted(first)], len(named) - len(first)


def is_free(stream: Stream) -> bool:
    """Whether some value of an input does not matter."""
    return any(free and value is not None for free, value in zip(stream.free, stream.values, strict=False))


def cell(stream: Stream, tick: int) -> str:
    """Return the value of a stream at a tick as a table shows it."""
    value = stream.values[tick]
    return FREE if value is not None and stream.free and stream.free[tick] else shown(value, stream.type)


def explained(found: Counterexample) -> Iterator[str]:
    """Return why the property is false, a line for each stream at a tick."""
    width = len(str(found.tick))
    for reason in found.explanation:
        formula = f" = {reason.formula}" if reason.formula else ""
        parts = ", ".join(f"{name} = {shown(value, type_)}" for name, value, type_ in reason.parts)
        facts = [
            f"is {shown(reason.value, reason.type)}",
            *([parts] if parts else []),
            *([ORIGINS[reason.origin]] if reason.origin else []),
        ]
        what = f"{'  ' * reason.depth}{reason.name}{formula}"
        yield f"  {reason.tick:>{width}}  {what}   {'; '.join(facts)}   (line {reason.span.line})"


def _title(stream: Stream) -> str:
    unit = f" [{stream.unit}]" if stream.unit else ""
    return f"{'> ' if stream.input else '  '}{stream.name}{unit}"

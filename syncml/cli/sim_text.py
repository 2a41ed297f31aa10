"""A simulation for people: ranges of the streams, and what became of each contract."""

from __future__ import annotations

from collections.abc import Sequence

from syncml.cli.engines import Engine
from syncml.cli.output import echo
from syncml.cli.simulation import Extent, Simulation, extents
from syncml.cli.tables import print_table
from syncml.ir.equations.syntax import PropertyKind
from syncml.ir.rates import in_hertz
from syncml.sim.monitor import ClauseResult

TINTS = {"holds": "green", "fails": "bold red", "reached": "green", "not reached": "yellow"}


def print_simulation(target: str, shown: Simulation, engine: Engine, failed: Sequence[bool], *, verbose: bool) -> None:
    """Print a summary of a run, or of the run that is shown out of several.

    In short form it has the interface of the main node and no lemma that holds.
    """
    interface = {var.name for var in (*shown.node.inputs, *shown.node.outputs)}
    rows = [_extent_row(each) for each in extents(shown.trace) if verbose or each.column.name in interface]
    if rows:
        print_table(("stream", "least", "greatest", "last"), rows)
        echo()
    listed = [each for each in shown.clauses if verbose or _state(each) == "fails" or not _is_lemma(each)]
    if listed:
        print_table(("contract", "kind", "state", "ticks", "first at"), list(map(_clause_row, listed)), TINTS)
        echo()
    if len(listed) < len(shown.clauses):
        echo(f"{len(shown.clauses) - len(listed)} invariants hold")
    speed = shown.trace.ticks / shown.time_s if shown.time_s else float("inf")
    echo(f"{target}: {duration(shown)} in {shown.time_s:.2f} s ({speed:.3g} ticks/s, {engine})")
    if len(failed) > 1:
        echo(f"{sum(failed)} of {len(failed)} runs have a failing contract")


def _extent_row(extent: Extent) -> tuple[str, ...]:
    column = extent.column
    name = f"{column.name} [{column.unit}]" if column.unit else column.name
    return name, f"{extent.low:.6g}", f"{extent.high:.6g}", f"{extent.last:.6g}"


def _is_lemma(result: ClauseResult) -> bool:
    return result.clause.kind is PropertyKind.INVARIANT


def facts(shown: Simulation) -> list[tuple[str, str]]:
    """Return the rows of the summary in a plot."""
    states = [(f"{each.clause.kind.value} {each.name}", _state(each)) for each in shown.clauses]
    return [("length", duration(shown)), *states]


def duration(shown: Simulation) -> str:
    """Return the length of a run in ticks, and in seconds where the node has a rate."""
    trace = shown.trace
    if trace.rate is None:
        return f"{trace.ticks} ticks"
    return f"{trace.ticks} ticks ({float(trace.ticks / trace.rate):.6g} s at {in_hertz(trace.rate)})"


def _clause_row(result: ClauseResult) -> tuple[str, ...]:
    first = "" if result.first_failure is None else f"tick {result.first_failure}"
    return result.name, result.clause.kind.value, _state(result), str(result.instants), first


def _state(result: ClauseResult) -> str:
    if result.is_goal:
        return "not reached" if result.first_failure is None else "reached"
    return "holds" if result.first_failure is None else "fails"

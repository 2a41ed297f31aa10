"""What makes the runs of a sweep: a function from the places of runs among the parameters and their seeds to outcomes.

Rule: whatever simulates a run, its outcome has the same bits. `in_lanes` runs very many programs at once and
`among_actors` does so among actors; `by_trace` takes whatever gives a trace of one run and reads the same figures off
it. The figures of a stream are its least and greatest value and its last one, over the ticks at which it is present.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import GOALS, Node, Program, Property, Var
from syncml.ir.types import FLOATS, MACHINE_INTEGERS, Scalar, element, integer_range
from syncml.scenario import many
from syncml.scenario.closed_loop import Ran
from syncml.scenario.many_values import many_values
from syncml.scenario.runners import RunOne
from syncml.scenario.suite import COLLISION
from syncml.scenario.templates import Template
from syncml.scenario.values import base_rate
from syncml.scenario.variables import NotSpecialisedError
from syncml.sim.inputs import prepare
from syncml.sim.lanes.figures import Figure, Kind
from syncml.sim.lanes.many import ManyRuns, Results, compile_many
from syncml.sim.monitor import ClauseResult, clause_name, monitor
from syncml.sim.trace import Trace
from syncml.sweep.rows import NEVER, Clauses, Outcomes, Values

Simulator: TypeAlias = Callable[[Values, Values, Mapping[str, Values]], Outcomes]
"""Makes runs, at least one: takes their places among the parameters, their seeds, the parameters that are numbers."""


def clauses_of(flat: Node, *, actors: bool) -> Clauses:
    """The clauses that decide about a run."""
    clauses = _clauses(flat)
    names = [clause_name(clause) for clause in clauses]
    assumed = [ClauseResult(clause, "", 0, None, 0).is_assumption for clause in clauses]
    if actors:
        names.append(COLLISION)
        assumed.append(False)
    return Clauses(tuple(names), tuple(assumed))


def _clauses(flat: Node) -> list[Property]:
    return [p for p in flat.properties if p.kind not in GOALS]


def measured(flat: Node) -> list[Var]:
    """The outputs that have figures: scalar numbers of the machine."""
    return [v for v in flat.outputs if isinstance(v.type, Scalar) and v.type in FLOATS | MACHINE_INTEGERS]


def figure_names(var: Var) -> tuple[str, str, str]:
    """The columns of an output."""
    return f"{var.name}.least", f"{var.name}.greatest", f"{var.name}.last"


def in_lanes(program: Program, flat: Node, template: Template) -> Simulator:
    """Many runs at once, without actors.

    Raises:
        DiagnosticError: S001, the node has no rate.
    """
    base_rate(flat)
    firsts = [Figure(f"first {i}", Kind.FIRST, clause.holds.name) for i, clause in enumerate(_clauses(flat))]
    metrics = _measures(flat)
    code = compile_many(program, figures=[*firsts, *metrics])

    def simulate(places: Values, seeds: Values, numbers: Mapping[str, Values]) -> Outcomes:
        ticks = np.zeros(len(places), dtype=np.int32)
        first = np.full((len(firsts), len(places)), NEVER)
        found: dict[str, Values] = {}
        for part, result in chunks_of_runs(code, flat, template, seeds, numbers, threads=1):
            ticks[part] = result.ticks
            for i, figure in enumerate(firsts):
                first[i, part] = first_tick(result.figures[figure.name])
            for figure in metrics:
                values = result.figures[figure.name]
                found.setdefault(figure.name, np.zeros(len(places), values.dtype))[part] = values
        return Outcomes(ticks, list(first), {name: _positive(values) for name, values in found.items()})

    return simulate


def _measures(flat: Node) -> list[Figure]:
    """What is measured of each run."""
    kinds = (Kind.LEAST, Kind.GREATEST, Kind.LAST)
    return [
        Figure(name, kind, var.name)
        for var in measured(flat)
        for name, kind in zip(figure_names(var), kinds, strict=True)
    ]


def among_actors(program: Program, flat: Node, template: Template, otherwise: Callable[[], Simulator]) -> Simulator:
    """Many runs at once among actors.

    Args:
        program: Clocked equations.
        flat: The main node.
        template: The scenario.
        otherwise: Gives what makes runs for which there is no code for many at once.
    """
    measures = _measures(flat)
    programs = many.Programs(program, flat, tuple(measures))
    clauses = clauses_of(flat, actors=True)
    order = sorted(range(len(clauses.names)), key=lambda place: (not clauses.assumed[place], clauses.names[place]))
    alone: list[Simulator] = []
    code: list[many.ManyRuns] = []

    def together(places: Values, seeds: Values) -> Outcomes:
        if not code:
            code.append(many.ManyRuns(programs, template, own_seeds=True))
        rows = many.joined(list(code[0].rows(places, seeds, threads=1)))
        first = np.full((len(order), len(places)), NEVER)
        for number, place in enumerate(order):
            decided = rows.cause == number
            first[place, decided] = rows.tick[decided]
        metrics = {figure.name: _positive(rows.figures[figure.name]) for figure in measures}
        metrics |= {"collided": rows.collided, "least_gap": rows.least_gap}
        return Outcomes(rows.ticks.astype(np.int32), list(first), metrics)

    def simulate(places: Values, seeds: Values, numbers: Mapping[str, Values]) -> Outcomes:
        if not alone:
            try:
                return together(places, seeds)
            except NotSpecialisedError:
                alone.append(otherwise())
        return alone[0](places, seeds, numbers)

    return simulate


def chunks_of_runs(
    code: ManyRuns, flat: Node, template: Template, seeds: Values, numbers: Mapping[str, Values], threads: int | None
) -> Iterator[tuple[Values, Results]]:
    """Runs of a scenario without actors, those of one length together: their places, and what became of them.

    Args:
        code: What runs.
        flat: The main node.
        template: The scenario.
        seeds: The seed of each run.
        numbers: The parameters that are numbers, a column each.
        threads: The most threads; all processors if None.

    Raises:
        DiagnosticError: S001 to S007, a run is impossible.
    """
    ticks = template.lengths(flat, numbers, len(seeds))
    for length in np.unique(ticks).tolist():
        chosen = np.flatnonzero(ticks == length)

        def given(start: int, count: int, chosen: Values = chosen, length: int = length) -> dict[str, Values]:
            part = chosen[start : start + count]
            columns = {name: column[part] for name, column in numbers.items()}
            return many_values(template.inputs, flat, length, seeds[part], columns)

        for result in code.chunks(given, len(chosen), length, threads=threads):
            yield chosen[result.first : result.first + result.runs], result


def first_tick(figure: Values) -> Values:
    """The tick of a figure `Kind.FIRST`, or `NEVER`."""
    ticks = figure.astype(np.int64) - 1
    return np.where(ticks < 0, NEVER, ticks)


def by_trace(flat: Node, template: Template, run: RunOne) -> Simulator:
    """One run after another, each from its trace."""

    def simulate(places: Values, seeds: Values, _: Mapping[str, Values]) -> Outcomes:
        made = [
            outcome_of(flat, template, run_of(flat, template, run, int(place), int(seed)))
            for place, seed in zip(places, seeds, strict=True)
        ]
        return Outcomes(
            np.concatenate([each.ticks for each in made]),
            [np.concatenate(each) for each in zip(*(each.first for each in made), strict=True)],
            {name: np.concatenate([each.metrics[name] for each in made]) for name in made[0].metrics},
        )

    return simulate


def run_of(flat: Node, template: Template, run: RunOne, place: int, seed: int) -> Ran:
    """One run of a sweep."""
    ticks = template.ticks(flat, place)
    return run(template.values(flat, ticks, place, seed), ticks, template.scene(flat, place))


def outcome_of(flat: Node, template: Template, ran: Ran) -> Outcomes:
    """What one run shows."""
    results = [clause for clause in monitor(flat, ran.trace) if not clause.is_goal]
    first = [NEVER if clause.first_failure is None else clause.first_failure for clause in results]
    metrics = dict(_figures(flat, ran.trace))
    if template.stage is not None:
        first.append(NEVER if ran.collision is None else ran.collision)
        metrics["collided"] = np.array([ran.collision is not None])
        metrics["least_gap"] = np.array([ran.least_gap])
    ticks = np.array([ran.trace.ticks], dtype=np.int32)
    return Outcomes(ticks, [np.array([each]) for each in first], metrics)


def _figures(flat: Node, trace: Trace) -> Iterator[tuple[str, Values]]:
    for var in measured(flat):
        column = trace.column(var.name)
        values = column.values[column.present]
        kind = dtype(element(var.type))
        for name, figure in zip(figure_names(var), _extremes(values, var), strict=True):
            yield name, _positive(np.array([figure], dtype=kind))


def _extremes(values: Values, var: Var) -> Sequence[Any]:
    """The least, greatest and last value; a NaN is no extreme, and a stream that was never present has zeros."""
    if not len(values):
        return (0, 0, 0)
    assert isinstance(var.type, Scalar)
    if var.type in FLOATS:
        low, high = -np.inf, np.inf
        numbers = values[~np.isnan(values)]
    else:
        low, high = integer_range(var.type)
        numbers = values
    return numbers.min(initial=high), numbers.max(initial=low), values[-1]


def _positive(values: Values) -> Values:
    """No zero is negative: which of the two zeros is the least value is nobody's affair."""
    return values + values.dtype.type(0) if values.dtype.kind == "f" else values


def check_simulated(flat: Node, template: Template, place: int) -> None:
    """Refuse a scenario if the run at a place shows what it lacks.

    Raises:
        DiagnosticError: S001 to S012, what is wrong; U001, nothing can be judged.
    """
    ticks = template.ticks(flat, place)
    prepare(flat, template.values(flat, ticks, place), ticks)
    template.scene(flat, place)
    if not clauses_of(flat, actors=template.stage is not None).names and not measured(flat):
        message = f"{flat.label} has no contract and no output that is a number, so a sweep has nothing to record"
        raise DiagnosticError(error("U001", message, flat.span, help='write `ensure(condition, "name")` in the node'))

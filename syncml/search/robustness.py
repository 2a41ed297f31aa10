"""The robustness of many runs, computed while they run.

Rule: margins are streams of the program (`syncml.sim.margins`), so whatever makes a run gives it the same robustness:
lanes, alone or among actors, or one run after another where a scenario asks for what lanes do not compute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from syncml.ir.equations.syntax import Program, Var
from syncml.scenario.closed_loop import prepare
from syncml.scenario.many import ManyRuns, Programs, joined
from syncml.scenario.parameters import Factor, Variation, numeric
from syncml.scenario.points import Bits
from syncml.scenario.runners import compiled_runs
from syncml.scenario.variables import NotSpecialisedError
from syncml.search.methods import generator
from syncml.search.subject import Columns, Subject, is_assumed, settings_of
from syncml.sim.lanes.figures import Figure, Kind
from syncml.sim.lanes.many import compile_many
from syncml.sim.margins import TOUCH, with_margins
from syncml.sweep.rows import NEVER, Values
from syncml.sweep.simulators import chunks_of_runs, first_tick, outcome_of, run_of

Robust: TypeAlias = Callable[[Columns, Bits], Values]
"""The robustness of each run, or its margins, from the parameters and the seeds."""
PILOT = 64
"""Runs that show which promises tell nothing."""


def margins(subject: Subject, threads: int | None = None, *, own_seeds: bool = False) -> Robust:
    """What gives the margin of each promise in each run, ``[promises, runs]``; inf where a run tells nothing of it.

    Args:
        subject: What is looked at.
        threads: The most threads; all processors if None.
        own_seeds: Whether the seeds of runs may differ.
    """
    streams = [subject.clauses[place].holds for place in subject.looked_at if place < len(subject.clauses)]
    node, variables = with_margins(subject.flat, streams)
    program = Program((node,), node.name)
    if subject.template.stage is None:
        compute = _in_lanes(subject, program, variables, threads)
    else:
        compute = _among_actors(subject, program, variables, threads, own_seeds=own_seeds)

    def each(columns: Columns, seeds: Bits) -> Values:
        admitted = subject.template.runs.admits(numeric(columns), len(seeds))
        found = np.full((len(subject.looked_at), len(seeds)), np.inf)
        if admitted.any():
            chosen = {name: column[admitted] for name, column in columns.items()}
            found[:, admitted] = compute(chosen, seeds[admitted])
        return found

    return each


def robustness(subject: Subject, threads: int | None = None, *, own_seeds: bool = False) -> Robust:
    """What gives the robustness of runs: the least margin of the promises that are looked at; see `margins`.

    Promises that have the same margin in all of `PILOT` random runs are put aside: they count only where they fail.
    """
    each = margins(subject, threads, own_seeds=own_seeds)
    aside = np.array([False])
    if len(subject.looked_at) > 1:
        aside = _constant(subject, each, subject.template.seeds(np.arange(PILOT), own=own_seeds))

    def robust(columns: Columns, seeds: Bits) -> Values:
        found = each(columns, seeds)
        return np.where(aside[:, None] & (found > 0.0), np.inf, found).min(axis=0)

    return robust


def _constant(subject: Subject, each: Robust, seeds: Bits) -> Values:
    """Which promises have one margin in all of some random runs, unless all have."""
    runs = subject.template.runs
    found = each(runs.at(generator(0).random((len(seeds), runs.dimensions))), seeds)
    told = found < np.inf
    least, greatest = found.min(axis=1), np.where(told, found, -np.inf).max(axis=1)
    constant = (told.sum(axis=1) > 1) & (least == greatest) & (least > 0.0)
    return constant & ~(constant | ~told.any(axis=1)).all()


def _figures(subject: Subject, margins: tuple[Var, ...]) -> tuple[Figure, ...]:
    """What the code for many runs measures."""
    least = [Figure(f"margin {i}", Kind.LEAST, margin.name) for i, margin in enumerate(margins)]
    return (*least, *(Figure(f"first {i}", Kind.FIRST, p.holds.name) for i, p in enumerate(subject.clauses)))


def _measured(subject: Subject, figures: Mapping[str, Values]) -> tuple[list[Values], list[Values]]:
    """When each clause first fails, and the least margin of each that is looked at, a collision left out."""
    first = [first_tick(figures[f"first {i}"]) for i in range(len(subject.clauses))]
    return first, [values for name, values in figures.items() if name.startswith("margin")]


def _in_lanes(subject: Subject, program: Program, margins: tuple[Var, ...], threads: int | None) -> Robust:
    code = compile_many(program, figures=_figures(subject, margins))
    template = subject.template

    def robust(columns: Columns, seeds: Bits) -> Values:
        found = np.empty((len(subject.looked_at), len(seeds)))
        for part, result in chunks_of_runs(code, subject.flat, template, seeds, numeric(columns), threads):
            found[:, part] = _judged(subject, *_measured(subject, result.figures))
        return found

    return robust


def _among_actors(
    subject: Subject, program: Program, margins: tuple[Var, ...], threads: int | None, *, own_seeds: bool
) -> Robust:
    """Many runs at once; one after another where there is no code for that."""
    template = replace(subject.template)
    code = ManyRuns(Programs(program, program.nodes[0], _figures(subject, margins)), template, own_seeds=own_seeds)
    alone: list[Robust] = []

    def together(columns: Columns, seeds: Bits) -> Values:
        template.runs = _listed(subject.template.runs, columns)
        places = np.arange(len(seeds)) % template.runs.count
        rows = joined(list(code.rows(places, seeds if own_seeds else None, threads=threads)))
        first, least = _measured(subject, rows.figures)
        first.append(np.where(rows.collided, rows.collision, NEVER))
        return _judged(subject, first, [*least, *_distances(subject, rows.collided, rows.least_gap)])

    def robust(columns: Columns, seeds: Bits) -> Values:
        if not alone:
            try:
                return together(columns, seeds)
            except NotSpecialisedError:
                alone.append(_one_by_one(subject, program, margins))
        return alone[0](columns, seeds)

    return robust


def _listed(runs: Variation, columns: Columns) -> Variation:
    """The runs with the parameters of some columns; what does not vary stays."""
    names = tuple(name for factor in runs.factors for name in factor.names)
    rows = tuple(zip(*(columns[name].tolist() for name in names), strict=True))
    return replace(runs, factors=(Factor(names, rows),) if names else ())


def _distances(subject: Subject, collided: Values, least_gap: Values) -> list[Values]:
    """The margin of a collision, if it is looked at."""
    if subject.looked_at[-1] != len(subject.clauses):
        return []
    return [np.where(collided, -1.0, np.maximum(TOUCH, least_gap))]


def _one_by_one(subject: Subject, program: Program, margins: tuple[Var, ...]) -> Robust:
    prepare()
    names = {v.name for v in margins} | {p.holds.name for p in subject.flat.properties}
    run_one = compiled_runs(program, frozenset(names))

    def robust(columns: Columns, seeds: Bits) -> Values:
        found = np.empty((len(subject.looked_at), len(seeds)))
        for i, seed in enumerate(seeds.tolist()):
            template = subject.alone(settings_of(columns, i), seed)
            ran = run_of(subject.flat, template, run_one, 0, template.seed)
            first = outcome_of(subject.flat, template, ran).first
            traced = [ran.trace.column(margin.name) for margin in margins]
            least = [np.array([each.values[each.present].min(initial=np.inf)]) for each in traced]
            least += _distances(subject, np.array([ran.collision is not None]), np.array([ran.least_gap]))
            found[:, i] = _judged(subject, first, least)[:, 0]
        return found

    return robust


def _judged(subject: Subject, ticks: Sequence[Values], least: Sequence[Values]) -> Values:
    """What each promise that is looked at tells of runs: its least margin, or inf where that tells nothing."""
    left = np.full(len(least[0]), NEVER)
    for tick, clause in zip(ticks, subject.clauses, strict=False):
        left = np.minimum(left, tick) if is_assumed(clause) else left
    found: list[Values] = []
    for place, margin in zip(subject.looked_at, least, strict=True):
        fails = ticks[place] < left
        # A margin that is no number above zero, of a run that does not fail, is that of a clause that is never present.
        tells = fails | ((left == NEVER) & (margin > 0.0))
        found.append(np.where(tells, margin, np.inf))
    return np.stack(found)

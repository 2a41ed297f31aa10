"""What a search looks at: the promises of a program on a scenario, and the robustness of a run.

Rule: the robustness of a run is the least margin, over its ticks and over the promises that are looked at, and it is
negative exactly if the run fails: if one of them fails before any assumption does. A run in which an assumption fails
first, or that the constraints of the scenario leave out, has the robustness inf, for it tells nothing.
A collision has the free distance to the lead as its margin, and -1 where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import GOALS, Apply, Equation, Node, Program, Property, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, MACHINE_INTEGERS, Scalar, integer_range
from syncml.scenario.closed_loop import prepare
from syncml.scenario.parameters import Setting, numeric
from syncml.scenario.runners import RunOne, compiled_runs, interpreted_runs
from syncml.scenario.templates import Template
from syncml.search.methods import generator
from syncml.sim.lanes.figures import Figure, Kind
from syncml.sim.lanes.many import compile_many
from syncml.sim.margins import TOUCH, with_margins
from syncml.sim.monitor import ClauseResult, clause_name
from syncml.sweep.rows import COLLISION, NEVER, Values
from syncml.sweep.simulators import chunks_of_runs, first_tick, outcome_of, run_of

Columns: TypeAlias = Mapping[str, Values]
"""The parameters of runs by name, an element for each run."""
Robust: TypeAlias = Callable[[Columns], Values]
"""The robustness of each run."""
PILOT = 64
"""Runs that show which promises tell nothing."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The promise that a stream is never below, or never above, a number."""

    stream: str
    number: float
    below: bool

    @property
    def name(self) -> str:
        """The promise in words."""
        return f"{self.stream} {'>=' if self.below else '<='} {self.number:g}"


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A program on a scenario.

    Attributes:
        flat: The main node with all calls inlined, and what is looked at among its properties.
        template: The scenario.
        clauses: The properties that decide about a run, goals left out.
        looked_at: The places among them of the promises that are looked at; the one after the last is a collision.
    """

    flat: Node
    template: Template
    clauses: tuple[Property, ...]
    looked_at: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What is looked at."""
        every = [*map(clause_name, self.clauses), COLLISION]
        return tuple(every[place] for place in self.looked_at)

    @property
    def program(self) -> Program:
        """The main node alone."""
        return Program((self.flat,), self.flat.name)

    def alone(self, settings: Mapping[str, Setting]) -> Template:
        """The scenario with one run."""
        return replace(self.template, runs=replace(self.template.runs, factors=(), fixed=dict(settings)))

    def failure(self, settings: Mapping[str, Setting]) -> tuple[str, int] | None:
        """The promise that fails in a run, and the first tick at which it does, by the interpreter; None if none does.

        Raises:
            DiagnosticError: S001 to S012, the run is impossible.
        """
        return failure_in(self, self.alone(settings), interpreted_runs(self.program, self.flat))


def subject(flat: Node, template: Template, clause: str | None = None, bound: Bound | None = None) -> Subject:
    """What to look at: the promise of a name, the bound of a stream, or every promise.

    Raises:
        DiagnosticError: U001, there is no such promise, or none at all; S001, there is no such stream.
    """
    if bound is not None:
        flat = _bounded(flat, bound)
    clauses = tuple(p for p in flat.properties if p.kind not in GOALS)
    names = [clause_name(p) for p in clauses]
    promises = [i for i, p in enumerate(clauses) if not _is_assumed(p)]
    if bound is not None:
        chosen = [len(clauses) - 1]
    elif clause is not None:
        chosen = [i for i in promises if clause in (names[i], clauses[i].name)]
        if template.stage is not None and clause == COLLISION:
            chosen.append(len(clauses))
    else:
        chosen = [*promises, *([] if template.stage is None else [len(clauses)])]
    if not chosen:
        known = [names[i] for i in promises]
        what = f"no promise {clause!r}" if clause is not None else "no promise"
        advice = f"it has {', '.join(map(repr, known))}" if known else 'write `ensure(condition, "name")` in the node'
        raise DiagnosticError(error("U001", f"{flat.label} has {what} that a run could break", flat.span, help=advice))
    return Subject(flat, template, clauses, tuple(chosen))


def failure_in(subject: Subject, template: Template, run_one: RunOne) -> tuple[str, int] | None:
    """The promise that fails in the only run of a scenario, and when; see `Subject.failure`."""
    if not template.runs.admitted(np.array([0]))[0]:
        return None
    ran = run_of(subject.flat, template, run_one, 0, template.seed)
    first = [int(each[0]) for each in outcome_of(subject.flat, template, ran).first]
    left = min((first[i] for i, p in enumerate(subject.clauses) if _is_assumed(p)), default=NEVER)
    tick, name = min((first[place], name) for place, name in zip(subject.looked_at, subject.names, strict=True))
    return (name, tick) if tick < left else None


def robustness(subject: Subject, threads: int | None = None) -> Robust:
    """What gives the robustness of runs: compiled code for many at once, or among actors for one after another.

    Promises that have the same margin in all of `PILOT` random runs are put aside: they count only where they fail.
    """
    streams = [subject.clauses[place].holds for place in subject.looked_at if place < len(subject.clauses)]
    node, margins = with_margins(subject.flat, streams)
    program = Program((node,), node.name)
    every = _among_actors if subject.template.stage is not None else _in_lanes
    compute = every(subject, program, margins, threads)

    def each(columns: Columns) -> Values:
        count = len(next(iter(columns.values())))
        admitted = subject.template.runs.admits(numeric(columns), count)
        found = np.full((len(subject.looked_at), count), np.inf)
        if admitted.any():
            found[:, admitted] = compute({name: column[admitted] for name, column in columns.items()})
        return found

    aside = _constant(subject, each) if len(subject.looked_at) > 1 else np.array([False])

    def robust(columns: Columns) -> Values:
        found = each(columns)
        return np.where(aside[:, None] & (found > 0.0), np.inf, found).min(axis=0)

    return robust


def _constant(subject: Subject, each: Robust) -> Values:
    """Which promises have one margin in all of some random runs, unless all have."""
    runs = subject.template.runs
    found = each(runs.at(generator(0).random((PILOT, runs.dimensions))))
    told = found < np.inf
    least, greatest = found.min(axis=1), np.where(told, found, -np.inf).max(axis=1)
    constant = (told.sum(axis=1) > 1) & (least == greatest) & (least > 0.0)
    return constant & ~(constant | ~told.any(axis=1)).all()


def _in_lanes(subject: Subject, program: Program, margins: tuple[Var, ...], threads: int | None) -> Robust:
    figures = [Figure(f"margin {i}", Kind.LEAST, margin.name) for i, margin in enumerate(margins)]
    figures += [Figure(f"first {i}", Kind.FIRST, p.holds.name) for i, p in enumerate(subject.clauses)]
    code = compile_many(program, figures=figures)
    template = subject.template

    def robust(columns: Columns) -> Values:
        found = np.empty((len(subject.looked_at), len(next(iter(columns.values())))))
        seeds = np.full(found.shape[1], template.seed, dtype=np.uint64)
        for part, result in chunks_of_runs(code, subject.flat, template, seeds, numeric(columns), threads):
            first = [first_tick(result.figures[f"first {i}"]) for i in range(len(subject.clauses))]
            least = [result.figures[f"margin {i}"] for i in range(len(margins))]
            found[:, part] = _judged(subject, first, least)
        return found

    return robust


def _among_actors(subject: Subject, program: Program, margins: tuple[Var, ...], _: int | None) -> Robust:
    prepare()
    names = {v.name for v in margins} | {p.holds.name for p in subject.flat.properties}
    run_one = compiled_runs(program, frozenset(names))

    def robust(columns: Columns) -> Values:
        found = np.empty((len(subject.looked_at), len(next(iter(columns.values())))))
        for i in range(found.shape[1]):
            template = subject.alone(settings_of(columns, i))
            ran = run_of(subject.flat, template, run_one, 0, template.seed)
            first = outcome_of(subject.flat, template, ran).first
            traced = [ran.trace.column(margin.name) for margin in margins]
            least = [np.array([each.values[each.present].min(initial=np.inf)]) for each in traced]
            if subject.looked_at[-1] == len(subject.clauses):
                gap = -1.0 if ran.collision is not None else max(TOUCH, ran.least_gap)
                least.append(np.array([gap]))
            found[:, i] = _judged(subject, first, least)[:, 0]
        return found

    return robust


def _judged(subject: Subject, ticks: Sequence[Values], least: Sequence[Values]) -> Values:
    """What each promise that is looked at tells of runs: its least margin, or inf where that tells nothing."""
    left = np.full(len(least[0]), NEVER)
    for tick, clause in zip(ticks, subject.clauses, strict=False):
        left = np.minimum(left, tick) if _is_assumed(clause) else left
    found: list[Values] = []
    for place, margin in zip(subject.looked_at, least, strict=True):
        fails = ticks[place] < left
        # A margin that is no number above zero, of a run that does not fail, is that of a clause that is never present.
        tells = fails | ((left == NEVER) & (margin > 0.0))
        found.append(np.where(tells, margin, np.inf))
    return np.stack(found)


def _bounded(flat: Node, bound: Bound) -> Node:
    stream = next((v for v in flat.clocks if v.name == bound.stream), None)
    if stream is None or not isinstance(stream.type, Scalar) or stream.type not in FLOATS | MACHINE_INTEGERS:
        what = "no stream" if stream is None else "no scalar number in the stream"
        raise DiagnosticError(error("S001", f"{flat.label} has {what} {bound.stream!r}", flat.span))
    number = bound.number
    if stream.type not in FLOATS:
        low, high = integer_range(stream.type)
        if not (number.is_integer() and low <= number <= high):
            message = f"{bound.stream!r} is {stream.type}, and {number:g} is no such number"
            raise DiagnosticError(error("U001", message, stream.span, help="give a number of its type"))
        number = int(number)
    holds = Var("search.bound", BOOL, stream.span)
    rhs = Apply(Op.GE if bound.below else Op.LE, (stream, Const(number, stream.type)))
    return replace(
        flat,
        equations=(*flat.equations, Equation((holds,), rhs, stream.span, flat.clocks[stream])),
        properties=(*flat.properties, Property(PropertyKind.ENSURE, bound.name, holds, stream.span)),
        clocks=MappingProxyType({**flat.clocks, holds: flat.clocks[stream]}),
    )


def _is_assumed(clause: Property) -> bool:
    return ClauseResult(clause, "", 0, None, 0).is_assumption


def settings_of(columns: Columns, run: int) -> dict[str, Setting]:
    """The parameters of one run."""
    return {name: c[run] if isinstance(c[run], str) else float(c[run]) for name, c in columns.items()}

"""What a search looks at: the promises of a program on a scenario, and the robustness of a run.

Rule: the robustness of a run is the least margin, over its ticks and over the promises that are looked at, and it is
negative exactly if the run fails: if one of them fails before any assumption does. A run in which an assumption fails
first, or that the constraints of the scenario leave out, has the robustness inf, for it tells nothing.
A collision has the free distance to the lead as its margin, and -1 where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from syncml.scenario.arrays import State
from syncml.scenario.parameters import Setting
from syncml.scenario.runners import interpreted_runs
from syncml.scenario.suite import COLLISION
from syncml.scenario.templates import Template
from syncml.sim.monitor import ClauseResult, clause_name
from syncml.sim.trace import Trace
from syncml.sweep.rows import NEVER, Values
from syncml.sweep.simulators import outcome_of, run_of

Columns: TypeAlias = Mapping[str, Values]
"""The parameters of runs by name, an element for each run."""


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

    def alone(self, settings: Mapping[str, Setting], seed: int) -> Template:
        """The scenario with one run."""
        return replace(self.template, runs=replace(self.template.runs, factors=(), fixed=dict(settings)), seed=seed)

    def failure(self, settings: Mapping[str, Setting], seed: int) -> tuple[str, int] | None:
        """The promise that fails in a run, and the first tick at which it does, by the interpreter; None if none does.

        Raises:
            DiagnosticError: S001 to S012, the run is impossible.
        """
        return failure_in(self, self.alone(settings, seed))


def subject(flat: Node, template: Template, clause: str | None = None, bound: Bound | None = None) -> Subject:
    """What to look at: the promise of a name, the bound of a stream, or every promise.

    Raises:
        DiagnosticError: U001, there is no such promise, or none at all; S001, there is no such stream.
    """
    if bound is not None:
        flat = _bounded(flat, bound)
    clauses = tuple(p for p in flat.properties if p.kind not in GOALS)
    names = [clause_name(p) for p in clauses]
    promises = [i for i, p in enumerate(clauses) if not is_assumed(p)]
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


def failure_in(subject: Subject, template: Template) -> tuple[str, int] | None:
    """The promise that fails in the only run of a scenario, and when; see `Subject.failure`."""
    if not template.runs.admitted(np.array([0]))[0]:
        return None
    count = len(subject.clauses)
    deciding = [p.holds.name for i, p in enumerate(subject.clauses) if i in subject.looked_at or is_assumed(p)]

    def decided(trace: Trace, actors: State) -> bool:
        columns = map(trace.column, deciding)
        fails = any(bool((column.present & ~column.values).any()) for column in columns)
        return fails or (count in subject.looked_at and actors.lead[2] != 0)

    # Nothing that comes after the first of these changes the answer.
    run_one = interpreted_runs(subject.program, subject.flat, decided)
    ran = run_of(subject.flat, template, run_one, 0, template.seed)
    first = [int(each[0]) for each in outcome_of(subject.flat, template, ran).first]
    left = min((first[i] for i, p in enumerate(subject.clauses) if is_assumed(p)), default=NEVER)
    tick, name = min((first[place], name) for place, name in zip(subject.looked_at, subject.names, strict=True))
    return (name, tick) if tick < left else None


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


def is_assumed(clause: Property) -> bool:
    """Whether a clause speaks of the environment."""
    return ClauseResult(clause, "", 0, None, 0).is_assumption


def settings_of(columns: Columns, run: int) -> dict[str, Setting]:
    """The parameters of one run."""
    return {name: c[run] if isinstance(c[run], str) else float(c[run]) for name, c in columns.items()}

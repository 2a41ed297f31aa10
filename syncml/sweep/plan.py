"""What a sweep makes: a plan that can be sent to another machine, and the sweep that it stands for there.

Rule: the identity of a sweep is the program (its equations and weights), the scenario with all files that it names, the
seed, the number of runs, and this version of syncml. Two sweeps of one identity have the same rows, wherever they run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np

import syncml
from syncml import pipeline
from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.files import noted_reads
from syncml.ir.constants import Array, Const
from syncml.ir.equations.pretty import print_program
from syncml.ir.equations.syntax import Fby, Node, Program, atoms
from syncml.pipeline import Checked
from syncml.scenario.closed_loop import Ran, prepare
from syncml.scenario.parameters import MOST_RUNS, numeric
from syncml.scenario.runners import RunOne, clause_streams, compiled_runs
from syncml.scenario.templates import Template, find_connection, read_template
from syncml.sweep.rows import Clauses, Outcomes, Rows, Values
from syncml.sweep.simulators import (
    Simulator,
    among_actors,
    by_trace,
    check_simulated,
    clauses_of,
    in_lanes,
    outcome_of,
    run_of,
)

PARAMETER = "parameter."
"""What the columns of parameters begin with."""
WARMED = 64
"""Runs among actors that are made before a process is copied."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run, by the files that say it.

    Attributes:
        program: The file of the program, and ``node`` which of its nodes; empty for the only one.
        settings: The values of its parameters.
        scenario: The file of the scenario.
        connection: How the program meets actors; the file beside it if None.
        seed: Instead of the scenario's own.
        runs: How many; as many as the parameters of the scenario make if None.
    """

    program: Path
    node: str
    settings: tuple[tuple[str, str], ...]
    scenario: Path
    connection: Path | None = None
    seed: int | None = None
    runs: int | None = None

    @property
    def target(self) -> str:
        """The program as the command line names it."""
        return f"{self.program}:{self.node}" if self.node else str(self.program)

    def absolute(self) -> Plan:
        """The same for a process that runs in another folder."""
        connection = None if self.connection is None else self.connection.resolve()
        return replace(self, program=self.program.resolve(), scenario=self.scenario.resolve(), connection=connection)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the rows of a sweep depend on."""

    version: str
    program: str
    scenario: str
    seed: int
    runs: int


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """A sweep that is ready to run.

    Attributes:
        plan: Where it comes from.
        identity: What its rows depend on.
        checked: The program.
        flat: Its main node with all calls inlined.
        template: The scenario.
        clauses: What decides about a run.
        simulate: What makes runs, compiled when the first one is due.
    """

    plan: Plan
    identity: Identity
    checked: Checked
    flat: Node
    template: Template
    clauses: Clauses
    simulate: Callable[[], Simulator]

    @property
    def has_actors(self) -> bool:
        """Whether others are on the road."""
        return self.template.stage is not None

    def run(self, number: int, run_one: RunOne) -> Ran:
        """One run, by whatever makes it."""
        (seed,) = self._seeds(np.array([number]))
        return run_of(self.flat, self.template, run_one, number % self.template.runs.count, int(seed))

    def is_admitted(self, number: int) -> bool:
        """Whether the constraints of the scenario admit a run."""
        return bool(self.template.runs.admitted(self._places(np.array([number])))[0])

    def rows(self, first: int, last: int) -> Rows:
        """The rows of the runs from ``first`` to before ``last``; those that constraints leave out have none.

        Raises:
            DiagnosticError: S001 to S012, a run is impossible.
        """
        runs = np.arange(first, last, dtype=np.int64)
        parameters = self.template.runs.columns(self._places(runs))
        admitted = self.template.runs.admits(numeric(parameters), len(runs))
        runs, parameters = runs[admitted], {name: column[admitted] for name, column in parameters.items()}
        if not len(runs):
            return {}
        found = self.simulate()(self._places(runs), self._seeds(runs), numeric(parameters))
        return self._rows(found, runs, parameters)

    def warm(self) -> None:
        """Compile whatever a run needs, so that a copy of this process has it."""
        self.simulate()
        if self.has_actors:
            # Runs from all over, so that each choice of texts is among them.
            count = self.template.runs.count
            spread = np.unique(np.linspace(first_admitted(self.template), count - 1, WARMED).astype(np.int64))
            places = spread[self.template.runs.admitted(spread)]
            self.simulate()(places, self._seeds(places), self.template.runs.numeric_columns(places))

    def row(self, number: int, ran: Ran) -> Rows:
        """The row of one run that was made."""
        runs = np.array([number], dtype=np.int64)
        parameters = self.template.runs.columns(self._places(runs))
        return self._rows(outcome_of(self.flat, self.template, ran), runs, parameters)

    def _rows(self, found: Outcomes, runs: Values, parameters: Mapping[str, Values]) -> Rows:
        return {
            "run": runs,
            "seed": self._seeds(runs),
            **{PARAMETER + name: _texts(values) for name, values in parameters.items()},
            **self.clauses.judged(found.first, len(runs)),
            "ticks": found.ticks,
            **found.metrics,
        }

    def given(self, runs: Values) -> tuple[dict[str, Values], Values]:
        """The parameters of some runs, a column each, and the seeds."""
        return self.template.runs.columns(self._places(runs)), self._seeds(runs)

    def _places(self, runs: Values) -> Values:
        """The places of runs among the combinations of parameters, which they take in turn."""
        return runs % self.template.runs.count

    def _seeds(self, runs: Values) -> Values:
        return self.template.seeds(runs, self.identity.seed)


def opened(plan: Plan) -> Sweep:
    """Read the program and the scenario, and check that a run is possible.

    Raises:
        DiagnosticError: what is wrong with either; U001, the number of runs.
    """
    checked = pipeline.check_file(plan.target, dict(plan.settings))
    return of_program(plan, checked)


def of_program(plan: Plan, checked: Checked) -> Sweep:
    """The sweep of a program that has been checked; see `opened`."""
    if plan.runs is not None and not 1 <= plan.runs <= MOST_RUNS:
        message = f"a sweep has from 1 to {MOST_RUNS:,} runs, not {plan.runs:,}"
        raise DiagnosticError(error("U001", message, help="write `--runs 1e6`"))
    with noted_reads() as read:
        template = read_template(plan.scenario, find_connection(plan.connection, plan.program))
        template.stage_all()
    seed = template.seed if plan.seed is None else plan.seed
    template.runs = template.runs.sampled(plan.runs, seed)
    flat = checked.flat
    check_simulated(flat, template, first_admitted(template))
    identity = Identity(
        syncml.__version__,
        _digest_of_program(Program((flat,), flat.name)),
        _digest_of_files(read),
        seed,
        template.runs.count if plan.runs is None else plan.runs,
    )

    @functools.cache
    def simulate() -> Simulator:
        if template.stage is None:
            return in_lanes(checked.program, flat, template)

        def one_by_one() -> Simulator:
            prepare()
            return by_trace(flat, template, compiled_runs(checked.program, clause_streams(flat)))

        return among_actors(checked.program, flat, template, one_by_one)

    return Sweep(plan, identity, checked, flat, template, clauses_of(flat, actors=template.stage is not None), simulate)


def first_admitted(template: Template) -> int:
    """The first place among the parameters that makes a run.

    Raises:
        DiagnosticError: S008, there is none.
    """
    for places in template.runs.chunks():
        admitted = np.flatnonzero(template.runs.admitted(places))
        if admitted.size:
            return int(places[admitted[0]])
    message = f"the constraints of {template.path.name} leave out every run"
    raise DiagnosticError(error("S008", message, Span.point(str(template.path)), help="change `require`"))


def _digest_of_program(program: Program) -> str:
    """The equations as text, and the weights, of which the text has but a part."""
    digest = sha256(print_program(program).encode())
    for node in program.nodes:
        for equation in node.equations:
            constants = [equation.rhs.init] if isinstance(equation.rhs, Fby) else []
            for atom in (*constants, *atoms(equation.rhs)):
                if isinstance(atom, Const) and isinstance(atom.value, Array):
                    digest.update(atom.value.data)
    return digest.hexdigest()


def _digest_of_files(read: dict[Path, str]) -> str:
    """The contents of files, whatever they are called."""
    return sha256("\n".join(read.values()).encode()).hexdigest()


def _texts(values: Values) -> Values:
    """Texts as an array without objects."""
    return values.astype(np.str_) if values.dtype == object else values

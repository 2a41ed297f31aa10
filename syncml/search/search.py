"""A search from its beginning to a failing run that replays.

Rule: a failing run is told of only if the interpreter has it fail, from the parameters that are told. It is the worst
run that was found, with its parameters as near to their middle as they may be.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, InternalFault, Span, error
from syncml.files import write_whole
from syncml.scenario.model import Connection
from syncml.scenario.parameters import Setting, column_of
from syncml.scenario.runners import interpreted_runs
from syncml.scenario.templates import read_template
from syncml.search.method import Method
from syncml.search.methods import Estimate, Floats, Runs, at_random, cross_entropy
from syncml.search.rare import importance_sampling, subset_simulation
from syncml.search.robustness import robustness
from syncml.search.shrink import rounded, shrunk
from syncml.search.subject import Subject, failure_in, settings_of
from syncml.search.written import written

KEPT = 100
"""The worst runs that are remembered."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to search, and how.

    Attributes:
        method: How runs are chosen.
        runs: The most runs, those of shrinking left out.
        seed: Of the choice; the noise of every run has the seed of the scenario.
        threads: The most threads; all processors if None. What is found does not depend on it.
    """

    method: Method
    runs: int
    seed: int
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Failing:
    """A minimal failing run.

    Attributes:
        settings: Its parameters.
        robustness: How far it is from not failing, below zero.
        clause: The promise that fails.
        tick: The first tick at which it does.
    """

    settings: dict[str, Setting]
    robustness: float
    clause: str
    tick: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        runs: How many runs it made, those of shrinking left out.
        failed: How many of them failed.
        worst: The robustness and the parameters of the worst runs, the worst first.
        estimate: How probable a failure is, if the method says that.
        failing: A minimal failing run; None if no run failed.
    """

    runs: int
    failed: int
    worst: tuple[tuple[float, dict[str, Setting]], ...]
    estimate: Estimate | None
    failing: Failing | None


def search(subject: Subject, wanted: Wanted) -> Found:
    """Search for a failing run of a program on a scenario.

    Raises:
        DiagnosticError: S001 to S012, a run is impossible; U001, nothing varies; D006, a method needs SciPy.
    """
    variation = subject.template.runs
    dimensions = variation.dimensions
    if not dimensions:
        path = subject.template.path
        message = f"no parameter of {path.name} has more than one value, so there is nothing to search"
        raise DiagnosticError(error("U001", message, Span.point(str(path)), help="give a range: {low: 1, high: 2}"))
    robust = robustness(subject, wanted.threads)

    def at(points: Floats) -> Floats:
        return robust(variation.at(points))

    runs = Runs(at, wanted.runs, KEPT)
    estimate: Estimate | None = None
    match wanted.method:
        case Method.RANDOM:
            estimate = at_random(runs, dimensions, wanted.seed)
        case Method.CROSS_ENTROPY:
            cross_entropy(runs, dimensions, wanted.seed)
        case Method.IMPORTANCE:
            estimate = importance_sampling(runs, dimensions, wanted.seed)
        case Method.SUBSET:
            estimate = subset_simulation(runs, dimensions, wanted.seed)
        case _:
            assert_never(wanted.method)
    worst = tuple((value, settings_of(variation.at(point[None]), 0)) for value, point in runs.worst)
    failing: Failing | None = None
    if runs.failed:
        point = shrunk(at, runs.worst[0][1])
        settings = rounded(robust, variation, settings_of(variation.at(point[None]), 0))
        fails = subject.failure(settings)
        if fails is None:
            raise InternalFault("a run that fails in compiled code does not fail in the interpreter")
        value = robust({name: column_of([each]) for name, each in settings.items()})
        failing = Failing(settings, float(value[0]), *fails)
    return Found(runs.made, runs.failed, worst, estimate, failing)


def keep(subject: Subject, failing: Failing, connection: Connection | None, path: Path) -> None:
    """Write a failing run as a scenario file; it stays only if the interpreter has the file fail in the same way.

    Args:
        subject: What was searched.
        failing: The run.
        connection: How the program meets actors where no scenario says it.
        path: The file.

    Raises:
        DiagnosticError: D001, the file cannot be written.
    """
    write_whole(path, written(subject.template.path, failing.settings, path.parent).encode())
    again = failure_in(subject, read_template(path, connection), interpreted_runs(subject.program, subject.flat))
    if again != (failing.clause, failing.tick):
        path.unlink()
        raise InternalFault(f"{path.name} was to fail in {failing.clause!r} at tick {failing.tick}, and has {again}")

"""A search from its beginning to a failing run that replays.

Rule: a failing run is told of only if the interpreter has it fail, from the parameters that are told. It is the worst
run that was found, with its parameters as near to their middle as they may be.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import assert_never

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, InternalFault, Span, error
from syncml.files import write_whole
from syncml.scenario.many_values import is_random
from syncml.scenario.model import Connection
from syncml.scenario.parameters import MOST_RUNS, Setting, column_of
from syncml.scenario.templates import Template, read_template
from syncml.search.method import Method
from syncml.search.methods import Estimate, Floats, Runs, at_random, cross_entropy
from syncml.search.rare import importance_sampling, subset_simulation
from syncml.search.robustness import robustness
from syncml.search.shrink import rounded, shrunk
from syncml.search.subject import Columns, Subject, failure_in, settings_of
from syncml.search.written import run_file

KEPT = 100
"""The worst runs that are remembered."""
LEAST = {Method.IMPORTANCE: 200, Method.SUBSET: 100}
"""The fewest runs of methods that need several generations."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to search, and how.

    Attributes:
        method: How runs are chosen.
        runs: The most runs, those of shrinking left out.
        seed: Of the choice.
        threads: The most threads; all processors if None. What is found does not depend on it.
        own_noise: Whether each run has a seed of its own, which depends on its number and the seed of the scenario;
            else all have that of the scenario.
    """

    method: Method
    runs: int
    seed: int
    threads: int | None = None
    own_noise: bool = False


@dataclass(frozen=True, slots=True)
class One:
    """A run.

    Attributes:
        robustness: Below zero exactly if it fails.
        settings: Its parameters.
        seed: That of its noise.
    """

    robustness: float
    settings: dict[str, Setting]
    seed: int


@dataclass(frozen=True, slots=True)
class Failing:
    """A minimal failing run.

    Attributes:
        run: The run.
        clause: The promise that fails.
        tick: The first tick at which it does.
    """

    run: One
    clause: str
    tick: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        runs: How many runs it made, those of shrinking left out.
        failed: How many of them failed.
        worst: The worst runs, the worst first.
        estimate: How probable a failure is, if the method says that.
        failing: A minimal failing run; None if no run failed.
    """

    runs: int
    failed: int
    worst: tuple[One, ...]
    estimate: Estimate | None
    failing: Failing | None


def search(subject: Subject, wanted: Wanted) -> Found:
    """Search for a failing run of a program on a scenario.

    Raises:
        DiagnosticError: S001 to S012, a run is impossible; U001, nothing varies, or the method does not fit what
            does; D006, a method needs SciPy.
    """
    template, own = subject.template, wanted.own_noise
    variation, dimensions = template.runs, template.runs.dimensions
    _check(template, wanted)
    robust = robustness(subject, wanted.threads, own_seeds=own)

    def made(points: Floats) -> Floats:
        numbers = np.arange(runs.made, runs.made + len(points))
        return robust(variation.at(points), template.seeds(numbers, own=own))

    def settings_at(point: Floats) -> dict[str, Setting]:
        return settings_of(variation.at(point[None]), 0)

    runs = Runs(made, wanted.runs, KEPT)
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
    seeds = template.seeds(np.array([number for _, _, number in runs.worst], dtype=np.int64), own=own).tolist()
    worst = tuple(One(r, settings_at(p), seed) for (r, p, _), seed in zip(runs.worst, seeds, strict=True))
    failing: Failing | None = None
    if runs.failed:
        seed = seeds[0]

        def alike(columns: Columns) -> Floats:
            count = len(next(iter(columns.values()), ()))
            return robust(columns, np.full(count, seed, dtype=np.uint64))

        point = shrunk(lambda points: alike(variation.at(points)), runs.worst[0][1])
        settings = rounded(alike, variation, settings_at(point))
        fails = subject.failure(settings, seed)
        if fails is None:
            raise InternalFault("a run that fails in compiled code does not fail in the interpreter")
        columns = {name: column_of([each]) for name, each in settings.items()}
        value = robust(columns, np.array([seed], dtype=np.uint64))
        failing = Failing(One(float(value[0]), settings, seed), *fails)
    return Found(runs.made, runs.failed, worst, estimate, failing)


def _check(template: Template, wanted: Wanted) -> None:
    """Refuse a search of what does not vary, or by a method that does not go with what does.

    Raises:
        DiagnosticError: U001.
    """
    if wanted.seed < 0:
        raise DiagnosticError(error("U001", f"{wanted.seed} is no seed", help="write --seed 0, or a greater number"))
    least = LEAST.get(wanted.method, 1)
    if not least <= wanted.runs <= MOST_RUNS:
        message = f"a search by {wanted.method} makes from {least} to {MOST_RUNS:,} runs, not {wanted.runs:,}"
        raise DiagnosticError(error("U001", message, help="write `--runs 1e4`"))
    varied = template.runs.dimensions > 0
    at = Span.point(str(template.path))
    if not varied and not wanted.own_noise:
        message = f"no parameter of {template.path.name} has more than one value, so there is nothing to search"
        advice = "give a range: {low: 1, high: 2}; or write --noise each, if the noise is to be searched"
        raise DiagnosticError(error("U001", message, at, help=advice))
    if wanted.own_noise and not any(map(is_random, template.inputs.values())):
        message = f"no input of {template.path.name} is random, so there is one noise only"
        raise DiagnosticError(error("U001", message, at, help="leave out --noise, or write {sigma: 0.2, bound: 1}"))
    if wanted.own_noise and wanted.method is Method.SUBSET:
        message = "subset simulation goes from run to run by small steps, and there is none from one noise to another"
        raise DiagnosticError(error("U001", message, help="write --method importance, or --method random"))
    if not varied and wanted.method is Method.IMPORTANCE:
        message = f"no parameter of {template.path.name} has more than one value, so no run is likelier than another"
        raise DiagnosticError(error("U001", message, at, help="write --method random"))


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
    run = failing.run
    seed = None if run.seed == subject.template.seed else run.seed
    write_whole(path, run_file(subject.template, run.settings, path.parent, seed))
    template = replace(read_template(path, connection), seed=run.seed)
    again = failure_in(subject, template)
    if again != (failing.clause, failing.tick):
        path.unlink()
        raise InternalFault(f"{path.name} was to fail in {failing.clause!r} at tick {failing.tick}, and has {again}")

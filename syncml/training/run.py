"""The loop of a training run.

Rule: after every ``every`` ticks there is a report: the means of the outputs since the last one, and a checkpoint if
there is a folder. A report whose loss, or after which a parameter, is not finite ends the run before anything is
written, so the last checkpoint is a good one. An interruption leaves the last one too.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.sim.trace import Trace
from syncml.training.curve import Point
from syncml.training.learner import Learner
from syncml.training.saved import save

_AT_ONCE = 0.2
"""Seconds of one call, about: that soon an interruption is noticed."""


class Stopped(enum.StrEnum):
    """Why a run ended."""

    STEPS = "steps"
    GOAL = "goal"
    PATIENCE = "patience"
    INTERRUPTED = "interrupted"
    NOT_FINITE = "not finite"


@dataclass(frozen=True, slots=True)
class Plan:
    """When to report and when to stop.

    Attributes:
        steps: The ticks of the whole run.
        every: The ticks between two reports.
        goal: A mean loss that is good enough.
        patience: How many reports without a better loss are too many.
        folder: Where checkpoints go.
    """

    steps: int
    every: int
    goal: float | None = None
    patience: int | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What there is to tell after a report."""

    point: Point
    steps: int
    seconds: float
    ran: int

    @property
    def rate(self) -> float:
        """Ticks in a second."""
        return self.ran / self.seconds if self.seconds > 0.0 else 0.0

    @property
    def left(self) -> float:
        """Seconds to go."""
        return (self.steps - self.point.steps) / self.rate if self.rate else math.inf


@dataclass(frozen=True, slots=True)
class Moment:
    """A tick, and all that it depends on."""

    at: int
    saved: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; ``since`` is the last good moment if something was not finite."""

    stopped: Stopped
    points: tuple[Point, ...]
    seconds: float
    ran: int
    since: Moment | None = None


def train(
    learner: Learner,
    plan: Plan,
    points: Sequence[Point],
    told: Callable[[Progress], None],
    interrupted: Callable[[], bool],
) -> Outcome:
    """Run until a reason to stop.

    Args:
        learner: The program, at its start or where it was saved.
        plan: When to report and when to stop.
        points: The reports before.
        told: Is told of each report.
        interrupted: Whether the user wants to stop.

    Raises:
        DiagnosticError: D001, a checkpoint cannot be written; the one before is still there.
    """
    begin, first = perf_counter(), learner.at
    curve = list(points)
    size = 1

    def outcome(stopped: Stopped, since: Moment | None = None) -> Outcome:
        return Outcome(stopped, tuple(curve), perf_counter() - begin, learner.at - first, since)

    while learner.at < plan.steps:
        since = Moment(learner.at, learner.simulation.saved())
        traces: list[Trace] = []
        end = min(plan.steps, (learner.at // plan.every + 1) * plan.every)
        while learner.at < end:
            if interrupted():
                return outcome(Stopped.INTERRUPTED)
            start, ticks = perf_counter(), min(size, end - learner.at)
            traces.append(learner.run(ticks))
            if ticks == size and perf_counter() - start < _AT_ONCE / 2:
                size *= 2
        point = Point(learner.at, learner.updates, tuple(_mean(traces, var.name) for var in learner.curves))
        if math.isinf(point.loss) or not all(np.isfinite(w).all() for w in learner.weights().values()):
            return outcome(Stopped.NOT_FINITE, since)
        curve.append(point)
        told(Progress(point, plan.steps, perf_counter() - begin, learner.at - first))
        if plan.folder is not None:
            save(plan.folder, learner, curve)
        if plan.goal is not None and point.loss <= plan.goal:
            return outcome(Stopped.GOAL)
        if plan.patience is not None and _stale(curve) >= plan.patience:
            return outcome(Stopped.PATIENCE)
    return outcome(Stopped.STEPS)


def _mean(traces: Sequence[Trace], name: str) -> float:
    """The mean of a stream where it is present: NaN if it never is, infinite if a value is not finite.

    The sum is exact and rounded once, so it does not depend on how the ticks were grouped into calls.
    """
    columns = [trace.column(name) for trace in traces]
    values = np.concatenate([np.asarray(column.values, np.float64)[column.present] for column in columns])
    if not values.size:
        return math.nan
    return math.fsum(values.tolist()) / values.size if np.isfinite(values).all() else math.inf


def _stale(curve: Sequence[Point]) -> int:
    """How many reports there have been since the best one; the first of equals is the best."""
    losses = [math.inf if math.isnan(point.loss) else point.loss for point in curve]
    return len(losses) - 1 - losses.index(min(losses))

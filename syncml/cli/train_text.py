"""How a training run is told: a line that changes on a terminal, lines elsewhere, and a JSON document."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from syncml.cli.output import echo
from syncml.cli.request import Request
from syncml.diagnostics.json_format import Document
from syncml.diagnostics.render import Format
from syncml.training.learner import Learner
from syncml.training.run import Outcome, Plan, Progress, Stopped

SchemaId = Literal["syncml/train/1"]
SCHEMA_ID: SchemaId = "syncml/train/1"


class Teller:
    """Tells of reports, not more often than can be read: in one line on a terminal, else in a line each."""

    def __init__(self, names: Sequence[str], *, quiet: bool) -> None:
        self._names = names
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._told = False
        self._next = 0.0
        """When there is something to tell again; a run may report very often."""

    def __call__(self, progress: Progress) -> None:
        """Tell of a report."""
        done = progress.point.steps >= progress.steps
        if self._quiet or not (done or progress.seconds >= self._next):
            return
        self._next = progress.seconds + (0.1 if self._live else 1.0)
        values = zip(self._names, progress.point.values, strict=True)
        means = "  ".join(f"{name} {value:.6g}" for name, value in values if not math.isnan(value))
        left = "" if done else f"  {_clock(progress.left)} left"
        line = f"{progress.point.steps:,} of {progress.steps:,}  {means}  {progress.rate:,.0f} ticks/s{left}"
        sys.stderr.write(f"\r\x1b[K{line}" if self._live else f"{line}\n")
        sys.stderr.flush()
        self._told = True

    def end(self) -> None:
        """Leave the line."""
        if self._live and self._told:
            sys.stderr.write("\n")


def _clock(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class PointModel(Document):
    """A report."""

    steps: int = Field(ge=0, description="Base ticks so far.")
    updates: int = Field(ge=0, description="Updates of the first parameter so far.")
    values: dict[str, float | None] = Field(description="The mean of each curve since the last report; null if absent.")


class TrainModel(Document):
    """The whole document. A program with faults has a document of the schema syncml/diagnostics/1 instead."""

    schema_id: SchemaId = Field(default=SCHEMA_ID, alias="schema")
    file: str
    loss: str = Field(description="The output that is watched.")
    stopped: Literal["steps", "goal", "patience", "interrupted", "not finite"]
    steps: int = Field(ge=0)
    updates: int = Field(ge=0)
    time_s: float = Field(ge=0)
    ticks_per_s: float = Field(ge=0)
    parameters: int = Field(ge=0, description="The numbers in all parameters.")
    weights: str | None = Field(description="The file of weights.")
    curve: list[PointModel]


def report(request: Request, learner: Learner, plan: Plan, outcome: Outcome, plot: Path | None) -> None:
    """Say how a run ended, in the form that was asked for."""
    from syncml.training.saved import WEIGHTS

    file = None if plan.folder is None or not outcome.points else plan.folder / WEIGHTS
    last = outcome.points[-1] if outcome.points else None
    if request.form is Format.JSON:
        names = [var.name for var in learner.curves]
        document = TrainModel(
            file=request.target,
            loss=learner.loss.name,
            stopped=outcome.stopped.value,
            steps=0 if last is None else last.steps,
            updates=0 if last is None else last.updates,
            time_s=outcome.seconds,
            ticks_per_s=outcome.ran / outcome.seconds if outcome.seconds else 0.0,
            parameters=sum(values.size for values in learner.weights().values()),
            weights=None if file is None else str(file),
            curve=[
                PointModel(
                    steps=p.steps,
                    updates=p.updates,
                    values={n: x if math.isfinite(x) else None for n, x in zip(names, p.values, strict=True)},
                )
                for p in outcome.points
            ],
        )
        sys.stdout.write(json.dumps(document.model_dump(by_alias=True), indent=2, allow_nan=False) + "\n")
        return
    if request.form is not Format.TEXT or request.quiet:
        return
    speed = outcome.ran / outcome.seconds if outcome.seconds else 0.0
    where = "nothing" if last is None else f"{last.steps:,} ticks, {last.updates:,} updates"
    loss = "" if last is None else f", {learner.loss.name} {last.loss:.6g}"
    echo(f"{request.target}: {where}{loss} in {outcome.seconds:.2f} s ({speed:.3g} ticks/s); {_WHY[outcome.stopped]}")
    for path in (file, plot):
        if path is not None:
            echo(f"wrote {path}")
    if outcome.stopped is Stopped.INTERRUPTED:
        echo("the same command with --resume goes on from there" if file is not None
             else "nothing was kept; --checkpoint DIR keeps what a run can go on from")  # fmt: skip


_WHY = {
    Stopped.STEPS: "all steps are done",
    Stopped.GOAL: "the goal is reached",
    Stopped.PATIENCE: "the loss has not become better",
    Stopped.INTERRUPTED: "interrupted",
    Stopped.NOT_FINITE: "stopped",
}

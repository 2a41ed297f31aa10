"""`syncml train`: run a program that learns, show how it goes, keep what it learned."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option
from syncml.cli.exit import ExitCode
from syncml.cli.options import (
    DumpOption,
    FormatOption,
    NodeOption,
    QuietOption,
    SeedOption,
    SetOption,
    Target,
    VerboseOption,
    WeightsOption,
)
from syncml.cli.output import emit, run, working
from syncml.cli.request import Request
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from syncml.training.curve import Point
    from syncml.training.run import Outcome, Plan

REPORTS = 50
"""Reports of a run of which neither --every nor an epoch says how often there is one."""


def train(
    file: Target,
    node: NodeOption = None,
    table: Annotated[
        Path | None,
        Option("--input", metavar="F", help="The data: .csv or .npz, one row a tick.", show_default=False),
    ] = None,
    steps: Annotated[int | None, Option(metavar="N", min=1, help="Base ticks.", show_default=False)] = None,
    epochs: Annotated[
        int | None, Option(metavar="N", min=1, help="Times that the data is read; 1.", show_default=False)
    ] = None,
    loss: Annotated[
        str | None, Option(metavar="NAME", help="The output to watch: `loss`, or the first.", show_default=False)
    ] = None,
    every: Annotated[
        int | None,
        Option(metavar="N", min=1, help="Ticks between reports and checkpoints; an epoch.", show_default=False),
    ] = None,
    checkpoint: Annotated[
        Path | None, Option(metavar="DIR", help="Where weights and the state are kept.", show_default=False)
    ] = None,
    resume: Annotated[bool, Option("--resume", help="Go on from the checkpoint.")] = False,
    goal: Annotated[
        float | None, Option(metavar="X", help="Stop at a mean loss of X or less.", show_default=False)
    ] = None,
    patience: Annotated[
        int | None,
        Option(metavar="N", min=1, help="Stop after N reports without a better loss.", show_default=False),
    ] = None,
    plot: Annotated[Path | None, Option(metavar="F", help="Draw the learning curve: .svg or .png; or .csv.")] = None,
    seed: SeedOption = 0,
    weights: WeightsOption = None,
    form: FormatOption = Format.TEXT,
    given: SetOption = None,
    dump: DumpOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Run a program that learns; show its loss, keep its weights.

    The weights are in DIR/weights.safetensors, which check, verify, sim and export read by --weights. What is
    interrupted goes on by --resume, to the same bits.
    """

    def body() -> ExitCode:
        from syncml.cli.train_text import Teller, report
        from syncml.training.blame import not_finite
        from syncml.training.curve import write_curve
        from syncml.training.learner import Learner, read_data
        from syncml.training.run import Plan, Stopped
        from syncml.training.run import train as trained
        from syncml.training.saved import restore
        from syncml.training.unlearned import without_learning

        request = Request.start(file, node, given, dump, form, quiet=quiet, verbose=verbose, weights=weights, seed=seed)
        _places(checkpoint, plot, resume=resume)
        with working(f"compiling {request.target}", quiet=quiet):
            checked = request.checked()
            remarks = without_learning(checked.program)
            data = read_data(table, checked.main)
            total, often = _lengths(steps, epochs, every, data.rows)
            learner = Learner(checked, data, loss)
            points: list[Point] = [] if not resume or checkpoint is None else restore(checkpoint, learner)
        emit(remarks, stream=sys.stderr)
        plan = Plan(total, often, goal, patience, checkpoint)
        teller = Teller([var.name for var in learner.curves], quiet=quiet or form is not Format.TEXT)
        with _interruptible() as interrupted:
            outcome = trained(learner, plan, points, teller, interrupted)
        teller.end()
        faults = [learner.unlearned] if learner.unlearned and outcome.stopped is Stopped.STEPS else []
        if outcome.stopped is Stopped.NOT_FINITE and outcome.since is not None:
            with working("looking for where it began", quiet=quiet):
                faults = [not_finite(learner, outcome.since, _kept(plan, outcome))]
        if plot is not None and outcome.points:
            write_curve(plot, [var.name for var in learner.curves], outcome.points, request.target)
        report(request, learner, plan, outcome, plot if outcome.points else None)
        emit(faults, form if form is not Format.JSON else Format.TEXT, sys.stderr)
        return _code(outcome)

    run(form, body)


def _code(outcome: Outcome) -> ExitCode:
    from syncml.training.run import Stopped

    match outcome.stopped:
        case Stopped.NOT_FINITE:
            return ExitCode.REJECTED
        case Stopped.INTERRUPTED:
            return ExitCode.INTERRUPTED
        case _:
            return ExitCode.OK


def _kept(plan: Plan, outcome: Outcome) -> str:
    """What of a run that failed is still there."""
    if plan.folder is None or not outcome.points:
        return ""
    return f"{plan.folder} has the checkpoint of tick {outcome.points[-1].steps}"


def _places(checkpoint: Path | None, plot: Path | None, *, resume: bool) -> None:
    """Refuse what cannot be written before any work is done.

    Raises:
        DiagnosticError: U001, an option is missing or wrong; U003, the folder is in use; D001, a file or folder
            cannot be written.
    """
    from syncml.diagnostics import DiagnosticError, error
    from syncml.files import check_place
    from syncml.training.curve import FORMATS
    from syncml.training.saved import RUN

    if resume and checkpoint is None:
        raise DiagnosticError(error("U001", "--resume goes on from a folder", help="give --checkpoint DIR"))
    if plot is not None:
        if plot.suffix not in FORMATS:
            raise DiagnosticError(
                error("U001", f"no format of a curve is called {plot.suffix!r}", help=f"use {', '.join(FORMATS)}")
            )
        check_place(plot)
    if checkpoint is not None:
        if checkpoint.exists() and not checkpoint.is_dir():
            raise DiagnosticError(error("D001", f"{checkpoint} is no folder", help="give the path of a folder"))
        if not resume and (checkpoint / RUN).exists():
            message = f"{checkpoint} has the checkpoint of another run"
            raise DiagnosticError(error("U003", message, help="go on with --resume, or name another folder"))
        check_place(checkpoint / RUN)


def _lengths(steps: int | None, epochs: int | None, every: int | None, rows: int) -> tuple[int, int]:
    """The ticks of the run, and of the time between two reports.

    Raises:
        DiagnosticError: U001, nothing says how long the run is, or two options do.
    """
    from syncml.diagnostics import DiagnosticError, error

    if steps is not None and epochs is not None:
        raise DiagnosticError(error("U001", "--steps and --epochs both say how long to train", help="give one of them"))
    if not rows and (epochs is not None or steps is None):
        raise DiagnosticError(error("U001", "nothing says how long to train", help="give --steps N"))
    total = steps if steps is not None else rows * (epochs or 1)
    return total, every or rows or max(1, total // REPORTS)


@contextmanager
def _interruptible() -> Generator[Interrupted]:
    """Take Ctrl-C as a wish; a second one ends the process at once."""
    wish = Interrupted()
    before = signal.signal(signal.SIGINT, wish.note)
    try:
        yield wish
    finally:
        signal.signal(signal.SIGINT, before)


class Interrupted:
    """Whether the user wants to stop."""

    def __init__(self) -> None:
        self._wanted = False

    def note(self, *_: object) -> None:
        """The user does; the second time it cannot wait."""
        if self._wanted:
            raise KeyboardInterrupt
        self._wanted = True

    def __call__(self) -> bool:
        """Whether the user does."""
        return self._wanted

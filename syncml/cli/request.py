"""What every command on a program starts with: the program itself, checked, with dumps of the passes on the way."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from syncml.cli.options import settings, target
from syncml.dataclass import dataclass
from syncml.diagnostics import DiagnosticError, error
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from syncml.ir.equations.syntax import Program
    from syncml.ir.step.schedules import LoopTable
    from syncml.ir.step.syntax import StepProgram
    from syncml.pipeline import Checked

EVERY_PASS = "all"


@dataclass(frozen=True, slots=True)
class Request:
    """One program on the command line, and how to speak about it."""

    target: str
    settings: dict[str, str]
    dumps: Dumps
    form: Format
    quiet: bool
    verbose: bool
    loops: LoopTable | None = None
    """The machine whose loops dumps show; the one that simulates, if none."""
    memory: int | None = None
    """The bytes from which on tensors share memory in dumps; None for never, as where programs are simulated."""
    weights: Path | None = None
    seed: int = 0
    """What the first values of parameters are drawn from, if they are in no file."""

    @staticmethod
    def start(
        file: str,
        node: str | None,
        given: Sequence[str] | None,
        dump: Sequence[str] | None,
        form: Format,
        *,
        quiet: bool,
        verbose: bool,
        weights: Path | None = None,
        seed: int = 0,
    ) -> Request:
        """Take the common options apart.

        Raises:
            DiagnosticError: U001 for an option without a meaning.
        """
        stream = sys.stdout if form is Format.TEXT else sys.stderr
        dumps = Dumps.of(dump, stream)
        return Request(target(file, node), settings(given), dumps, form, quiet, verbose, weights=weights, seed=seed)

    def checked(self) -> Checked:
        """Load and check the program; with `--dump`, run it through all passes.

        Raises:
            DiagnosticError: the faults of the program.
        """
        return self.traced_and_checked()[1]

    def traced_and_checked(self) -> tuple[Program, Checked]:
        """`checked`, with the program as it was traced."""
        from syncml import pipeline

        with _without_collections():
            # What the program prints while it is traced must not mix with a document on standard output.
            with contextlib.redirect_stdout(sys.stderr):
                program = pipeline.load(self.target, self.settings, self.seed)
            if self.weights is not None:
                from syncml.training.checkpoints import read_weights, started_from

                program = started_from(program, read_weights(self.weights))
            checked = pipeline.check(program, self.dumps)
        if self.dumps.wanted:
            from syncml.ir.step.schedules import SIMULATION_LOOPS

            loops = self.loops or SIMULATION_LOOPS
            pipeline.step_code(checked, flat=True, shown=self.dumps, loops=loops, memory=self.memory)
        return program, checked


@contextlib.contextmanager
def _without_collections() -> Generator[None]:
    """Build without searching for garbage: what a compiler makes, it keeps."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # Nor is there any later, neither here nor in the copies of this process that solve.
        gc.freeze()
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Dumps:
    """Prints what the wanted passes yield."""

    wanted: frozenset[str]
    stream: TextIO

    @staticmethod
    def of(names: Sequence[str] | None, stream: TextIO) -> Dumps:
        """Accept names of passes, or `all`.

        Raises:
            DiagnosticError: U001 for a name that no pass has.
        """
        if not names:
            return Dumps(frozenset(), stream)
        from syncml.pipeline import passes

        known = passes()
        unknown = [name for name in names if name not in (EVERY_PASS, *known)]
        if unknown:
            choices = ", ".join((EVERY_PASS, *known))
            faults = (error("U001", f"there is no pass {name!r}", help=f"one of {choices}") for name in unknown)
            raise DiagnosticError(*faults)
        return Dumps(frozenset(known if EVERY_PASS in names else names), stream)

    def __call__(self, name: str, program: Program | StepProgram) -> None:
        """Print the program if the pass is wanted; the pipeline calls this after every pass."""
        if name in self.wanted:
            from syncml import pipeline

            self.stream.write(f"# after {name}\n{pipeline.text(program).rstrip()}\n\n")

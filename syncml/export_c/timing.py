"""How long one step of exported C takes.

Rule: the package's own code runs over recorded inputs from its initial state. On this machine it runs several times and
the fastest pass counts, since everything else that runs only adds time; on an emulated one instructions are counted,
exactly.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from syncml.dataclass import dataclass
from syncml.export_c.draft import Options
from syncml.export_c.package import package
from syncml.export_c.runner import CompilationError, build_with, run_command
from syncml.export_c.targets import TargetMachine
from syncml.export_c.vectors import Values, Vectors, encode
from syncml.ir.step.syntax import StepProgram


def seconds_per_step(
    program: StepProgram,
    inputs: Values,
    steps: int,
    compiler: str = "gcc",
    flags: Sequence[str] = ("-O3",),
    passes: int = 20,
) -> float:
    """The time of one step of the main machine, in seconds.

    Args:
        program: Checked step code.
        inputs: For each input of the main machine an array of the shape (steps, *shape of its type).
        steps: The number of recorded ticks; few enough for their inputs to stay in the cache.
        compiler: The C compiler.
        flags: Options added to ``-std=c99 -ffp-contract=off``.
        passes: How often the recording is run.

    Raises:
        CompilationError: the compiler is missing or reports an error, or the program fails to run.
    """
    exported = package(program)
    with tempfile.TemporaryDirectory(prefix="syncml-c-") as name:
        folder = Path(name)
        (folder / "vectors.bin").write_bytes(encode(exported.leaves, Vectors(steps, inputs)))
        timing = build_with("timing", exported, folder, compiler, flags)
        return 1e-9 * float(run_command([str(timing), "vectors.bin", str(passes)], folder).split()[0])


@dataclass(frozen=True, slots=True)
class Instructions:
    """How many instructions the steps of a run take: the fewest, the most, and the mean rounded down."""

    least: int
    most: int
    mean: int


def instructions_per_step(
    program: StepProgram, inputs: Values, steps: int, machine: TargetMachine, level: str = "-O2"
) -> Instructions:
    """The instructions of the steps of the main machine on an emulated ``machine``.

    Args:
        program: Checked step code.
        inputs: For each input of the main machine an array of the shape (steps, *shape of its type).
        steps: The number of ticks.
        machine: A target with an emulator.
        level: The option of optimisation.

    Raises:
        CompilationError: a tool is missing or reports an error, or the program fails to run.
    """
    exported = package(program, Options(Vectors(steps, inputs), machine))
    with tempfile.TemporaryDirectory(prefix="syncml-c-") as name:
        for path, data in exported.files.items():
            (Path(name) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(name) / path).write_bytes(data)
        printed = run_command(["make", "-s", "instructions", f"OPT={level}"], Path(name))
    found = re.search(r"least (\d+) most (\d+) mean (\d+)", printed)
    if found is None:
        raise CompilationError(printed)
    return Instructions(*map(int, found.groups()))

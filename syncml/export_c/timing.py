"""How long one step of exported C takes.

Rule: the package's own code runs over recorded inputs from its initial state, several times; the fastest pass counts,
since everything else that runs on the machine only adds time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from syncml.export_c.package import package
from syncml.export_c.runner import build_with, run_command
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

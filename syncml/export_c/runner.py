"""Compile an exported package and run it.

Rule: what runs is the package itself with its own harness; inputs and results pass through its vector files, so every
bit arrives.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.export_c.draft import Options
from syncml.export_c.package import Package, package
from syncml.export_c.vectors import Results, Values, Vectors, decode_results, encode
from syncml.ir.step.syntax import StepProgram

BASE_FLAGS = ("-std=c99", "-ffp-contract=off")


class CompilationError(Exception):
    """The C compiler rejected an exported package, or the package failed to run; the text is what it said."""


def build(exported: Package, folder: Path, compiler: str = "gcc", flags: Sequence[str] = ("-O0",)) -> Path:
    """Write the sources of ``exported`` to ``folder``, compile them with its harness, and return the executable.

    Raises:
        CompilationError: the compiler is missing or reports an error.
    """
    return build_with("harness", exported, folder, compiler, flags)


def build_with(main: str, exported: Package, folder: Path, compiler: str, flags: Sequence[str]) -> Path:
    """`build` with another program of the package's folder ``harness`` in the place of the harness."""
    for name, data in exported.files.items():
        if name.endswith((".c", ".h")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    libraries = ["-lm"] if exported.links_math else []
    sources = [*exported.compiled, f"harness/{main}.c"]
    run_command([compiler, *BASE_FLAGS, "-Iinclude", *flags, "-o", main + ".out", *sources, *libraries], folder)
    return folder / f"{main}.out"


def run_command(command: Sequence[str], folder: Path) -> str:
    """What ``command``, run in ``folder``, prints; CompilationError if it cannot run or fails."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as fault:
        raise CompilationError(f"cannot run {command[0]}: {fault.strerror}") from fault
    if done.returncode != 0:
        raise CompilationError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def compile_and_run(
    program: StepProgram,
    inputs: Values,
    steps: int,
    compiler: str = "gcc",
    flags: Sequence[str] = ("-O0",),
    options: Options | None = None,
) -> Results:
    """Export ``program``, compile it with ``compiler`` and ``flags``, and run it for ``steps`` ticks.

    Args:
        program: Checked step code.
        inputs: For each input of the main machine an array of the shape (steps, *shape of its type), any value where
            it is absent; an enumeration as indices of its constructors.
        steps: The number of ticks.
        compiler: The C compiler.
        flags: Options added to ``-std=c99 -ffp-contract=off``.
        options: What is asked of the export.

    Returns:
        Outputs and state after every tick. An output that is absent at a tick shows the value it keeps.

    Raises:
        CompilationError: the compiler is missing or reports an error, or the program fails to run.
        ValueError: an input is missing or has the wrong shape.
        DiagnosticError: X002, two names of the interface are the same in C.
    """
    exported = package(program, options)
    with tempfile.TemporaryDirectory(prefix="syncml-c-") as name:
        folder = Path(name)
        (folder / "vectors.bin").write_bytes(encode(exported.leaves, Vectors(steps, inputs)))
        harness = build(exported, folder, compiler, flags)
        run_command([str(harness), "vectors.bin", "results.bin"], folder)
        return decode_results(exported.leaves, (folder / "results.bin").read_bytes())


def same_bits(one: NDArray[Any], two: NDArray[Any]) -> bool:
    """Whether two arrays of values have one type, one shape and the same bits, any NaN like any other."""
    if one.dtype != two.dtype or one.shape != two.shape:
        return False
    if one.dtype.kind != "f":
        return bool(np.array_equal(one, two))
    bits = np.dtype(f"u{one.dtype.itemsize}")
    equal = (np.ascontiguousarray(one).view(bits) == np.ascontiguousarray(two).view(bits)) | (
        np.isnan(one) & np.isnan(two)
    )
    return bool(equal.all())

"""The C side of the comparison: one folder with exported code, hand-written code and the race between them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.export_c.contests import HERE, Arrays, Contest
from syncml.export_c import Package, package, print_functions
from syncml.ir.elementary import function
from syncml.ir.types import Scalar
from syncml.pipeline import Checked, step_code


class Unequal(Exception):
    """The exported and the hand-written code differ in an output, or the race does not run; the text says where."""


def prepare(contest: Contest, checked: Checked, inputs: Arrays, ticks: int, folder: Path) -> Package:
    """Write everything that is compiled, and the recorded inputs."""
    exported = package(step_code(checked, flat=False))
    for name, data in exported.files.items():
        if name.startswith(("src/", "include/")):
            (folder / Path(name).name).write_bytes(data)
    for name in (f"{contest.by_hand}.c", f"{contest.by_hand}.h", "race.c"):
        shutil.copy(HERE / name, folder)
    functions = [function(op, Scalar.F32) for op in contest.functions]
    (folder / "functions.h").write_text(print_functions(functions))
    (folder / "weights.h").write_text("".join(array(*item) for item in contest.weights().items()))
    (folder / "contest.h").write_text(_contest(contest, exported, ticks))
    (folder / "inputs.bin").write_bytes(b"".join(inputs[leaf.name].tobytes() for leaf in exported.leaves.inputs))
    return exported


def array(name: str, values: np.ndarray) -> str:
    """A constant scalar or array of C with the exact values."""
    extents = "".join(f"[{n}]" for n in values.shape)
    return f"static const float {name}{extents} = {_initialiser(values)};\n"


def _initialiser(values: np.ndarray) -> str:
    if values.ndim == 0:
        return f"{float(values).hex()}f"
    return "{" + ", ".join(map(_initialiser, values)) + "}"


def _contest(contest: Contest, exported: Package, ticks: int) -> str:
    """The header that tells the race which node runs."""
    node, leaves = exported.name, exported.leaves
    lines = [
        f'#include "{contest.by_hand}.h"',
        f"typedef {node}_in in_type;",
        f"typedef {node}_out out_type;",
        f"typedef {node}_state exported_state;",
        f"#define EXPORTED_INIT {node}_init",
        f"#define EXPORTED_STEP {node}_step",
        f"#define TICKS {ticks}",
        f"#define INPUT_FIELDS {' '.join(f'FIELD({leaf.designator})' for leaf in leaves.inputs)}",
        f"#define OUTPUT_FIELDS {' '.join(f'FIELD({leaf.designator})' for leaf in leaves.outputs)}",
    ]
    return "\n".join(lines) + "\n"


def compile_race(folder: Path, flags: str) -> None:
    """Compile the folder with ``flags``, which begin with the compiler."""
    sources = sorted(path.name for path in folder.glob("*.c"))
    command = [*flags.split(), "-std=c99", "-ffp-contract=off", *sources, "-o", binary(flags)]
    subprocess.run(command, cwd=folder, check=True)


def binary(flags: str) -> str:
    """The name of the race compiled with ``flags``."""
    return "race" + flags.replace(" ", "").replace("=", "")


def race(folder: Path, flags: str, passes: int) -> tuple[float, float]:
    """Nanoseconds per tick of the exported and of the hand-written code; the outputs go to ``outputs.bin``.

    Raises:
        Unequal: an output differs.
    """
    command = [f"./{binary(flags)}", "inputs.bin", "outputs.bin", str(passes)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unequal(f"{flags}: {done.stdout or done.stderr}")
    exported, written = map(float, done.stdout.split())
    return exported, written

"""The loops by hand in C, compiled by each compiler at hand, as functions of this process."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.export_c.build import array
from benchmarks.sim.loops import weights
from syncml.export_c import print_functions
from syncml.ir.elementary import function
from syncml.ir.operators import Op
from syncml.ir.types import Scalar

HERE = Path(__file__).resolve().parent
EXACT = ("-O3", "-march=native", "-ffp-contract=off", "-fno-trapping-math", "-fno-math-errno")
"""Flags that keep every bit."""
WIDER = ("-mprefer-vector-width=512",)


@dataclass(frozen=True)
class ByHand:
    """The C of one compiler."""

    name: str
    library: Any

    def run(self, loop: str, style: str, inputs: Mapping[str, Any], ticks: int) -> list[Any]:
        """The figures of all runs."""
        arrays = [np.ascontiguousarray(a) for a in inputs.values()]
        runs = len(arrays[0])
        figures = [np.zeros(runs, np.float32 if loop == "policy" else np.float64) for _ in range(4)]
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, *figures)]
        getattr(self.library, f"{loop}_{style}")(ctypes.c_long(runs), ctypes.c_long(ticks), *pointers)
        return figures


def build(folder: Path) -> list[ByHand]:
    """Compile the loops with gcc and clang, those that are installed."""
    (folder / "functions.h").write_text(print_functions([function(Op.TANH, Scalar.F32)]))
    names = {f"{i}.{part}": f"{part[0]}{i}" for i in range(3) for part in ("weight", "bias")}
    (folder / "weights.h").write_text("".join(array(names[n], values) for n, values in weights().items()))
    shutil.copy(HERE / "by_hand.c", folder)
    found: list[ByHand] = []
    for compiler in ("gcc", "clang"):
        if shutil.which(compiler):
            library = folder / f"{compiler}.so"
            command = [compiler, "-std=c11", *EXACT, *WIDER, "-shared", "-fPIC", "by_hand.c", "-o", str(library)]
            subprocess.run(command, cwd=folder, check=True)
            found.append(ByHand(compiler, ctypes.CDLL(str(library))))
    return found

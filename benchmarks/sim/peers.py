"""The loops by hand in C, compiled by each compiler at hand, as functions of this process."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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


def libraries(source: Path, folder: Path) -> Iterator[tuple[str, Any]]:
    """The functions of a C file by each compiler that is installed, with its name; built in a folder."""
    for compiler in ("gcc", "clang"):
        if shutil.which(compiler):
            library = folder / f"{compiler}.so"
            command = [compiler, "-std=c11", *EXACT, *WIDER, "-I.", "-shared", "-fPIC", str(source), "-o", str(library)]
            subprocess.run(command, cwd=folder, check=True)
            yield compiler, ctypes.CDLL(str(library))


def build(folder: Path) -> list[ByHand]:
    """The loops of `by_hand.c` by gcc and clang, those that are installed."""
    (folder / "functions.h").write_text(print_functions([function(Op.TANH, Scalar.F32)]))
    names = {f"{i}.{part}": f"{part[0]}{i}" for i in range(3) for part in ("weight", "bias")}
    (folder / "weights.h").write_text("".join(array(names[n], values) for n, values in weights().items()))
    return [ByHand(name, library) for name, library in libraries(HERE / "by_hand.c", folder)]


def race(what: str, peers: Mapping[str, Callable[[], Sequence[Any]]], rounds: int) -> dict[str, list[float]]:
    """The processor time of each peer in each round, all of which have the figures of the first one bit for bit.

    Raises:
        SystemExit: the figures of a peer differ.
    """
    times: dict[str, list[float]] = {name: [] for name in peers}
    wanted = [figure.tobytes() for figure in next(iter(peers.values()))()]
    for _ in range(rounds):
        for name, peer in peers.items():
            begin = time.process_time()
            figures = peer()
            times[name].append(time.process_time() - begin)
            same = [figure.tobytes() == other for figure, other in zip(figures, wanted, strict=True)]
            if not all(same):
                raise SystemExit(f"{what}: {name} has other figures than {next(iter(peers))}: {same}")
    return times

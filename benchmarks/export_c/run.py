"""Exported C against C written by hand: nanoseconds per tick of the same controller in one run, and compile times.

The two take turns on the same inputs; the fastest of many passes counts, and every output must be equal bit for bit.
Both call the project's ``tanh``, as a person would call a function that he has. Ends with exit code 1 where the
exported code takes more than `GOAL` times as long.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from syncml.export_c import export, print_function
from syncml.ir.elementary import function
from syncml.ir.operators import Op
from syncml.ir.types import Scalar
from syncml.pipeline import check_file, step_code

HERE = Path(__file__).parent
GOAL = 1.1
CONFIGURATIONS = [("gcc", "-O2"), ("gcc", "-O3"), ("clang", "-O2"), ("clang", "-O3")]


def array(name: str, values: np.ndarray) -> str:
    """A constant array of C, with the exact values."""
    extents = "".join(f"[{n}]" for n in values.shape)
    numbers = ", ".join(f"{float(v).hex()}f" for v in values.reshape(-1))
    rows = f"{{{numbers}}}"
    if values.ndim == 2:
        rows = "{" + ", ".join("{" + ", ".join(f"{float(v).hex()}f" for v in row) + "}" for row in values) + "}"
    return f"static const float {name}{extents} = {rows};\n"


def hand_written_weights(tensors: dict[str, np.ndarray]) -> str:
    """The weights as by_hand.c includes them: inputs first, so that the inner loop runs over outputs."""
    text = "".join(array(f"w{k}", tensors[f"{k}.weight"].T) + array(f"b{k}", tensors[f"{k}.bias"]) for k in (0, 1))
    last = tensors["2.weight"].reshape(-1)
    return text + array("w2", last) + f"static const float b2 = {float(tensors['2.bias'][0]).hex()}f;\n"


def main() -> int:
    """Measure and print."""
    begin = time.perf_counter()
    checked = check_file(f"{HERE / 'controller.py'}:bench")
    tensors = {
        f"{k}.{part}": values
        for k, layer in enumerate(load_controller().NETWORK.layers)
        for part, values in (("weight", layer.weight), ("bias", layer.bias))
    }
    slow = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code = step_code(checked, flat=False)
        export(code, folder)
        print(f"tracing, checking, lowering and printing {time.perf_counter() - begin:.2f} s")
        output = code.machines[-1].outputs[0].name
        for file in ("by_hand.c", "by_hand.h", "race.c"):
            shutil.copy(HERE / file, folder)
        (folder / "tanh.h").write_text(print_function(function(Op.TANH, Scalar.F32)))
        (folder / "weights.h").write_text(hand_written_weights(tensors))
        print("compiler       exported ns   by hand ns   ratio   compile s")
        for compiler, level in CONFIGURATIONS:
            if not shutil.which(compiler):
                print(f"{compiler} is not installed")
                continue
            flags = ["-std=c99", level, "-ffp-contract=off", f"-DOUTPUT={output}"]
            begin = time.perf_counter()
            subprocess.run([compiler, *flags, "-c", "bench.c"], cwd=folder, check=True)
            compiling = time.perf_counter() - begin
            sources = ["race.c", "by_hand.c", "bench.c", "bench_data.c"]
            subprocess.run([compiler, *flags, *sources, "-o", "race"], cwd=folder, check=True)
            done = subprocess.run(["./race"], cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                print(done.stdout)
                return 1
            exported, written = map(float, done.stdout.split())
            slow += exported > GOAL * written
            print(
                f"{compiler:<6}{level:<9}{exported:11.1f} {written:12.1f} {exported / written:7.2f} {compiling:11.2f}"
            )
    return int(slow > 0)


def load_controller():
    """The module with the controller."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("controller", HERE / "controller.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    raise SystemExit(main())

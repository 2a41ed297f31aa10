"""Exported C against C of other exporters, runtimes, and C written by hand, in one run.

    python -m benchmarks.export_c.peers.run [--onnx2c PATH] [--kws PATH] [--flags '-O3' ...] [--rounds N]

All C is compiled with the same strict flags. The contenders take turns and the fastest of many short blocks counts,
since other work on the machine only adds time; a ratio is how often the exported code fits into the other's time. A
peer that is not installed is left out and named. onnxruntime has one thread and its inputs and outputs bound.
"""

from __future__ import annotations

import argparse
import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.export_c.build import array
from benchmarks.export_c.peers import networks
from syncml.export_c import Options, package, print_functions
from syncml.export_c.targets import CORTEX_M4F, HOST, TargetMachine
from syncml.ir.elementary import function
from syncml.ir.operators import Op
from syncml.ir.types import Scalar
from syncml.lang.load import program_of
from syncml.pipeline import Checked, check, check_file, step_code

HERE = Path(__file__).parent
STRICT = ("-std=gnu99", "-ffp-contract=off")
Time = Callable[[], float]
"""Nanoseconds of one call, the fastest of some."""


class Bench:
    """A folder in which contenders are built, and how they are called."""

    def __init__(self, folder: Path, onnx2c: str | None) -> None:
        self.folder = folder
        self.onnx2c = onnx2c
        self._input = np.random.default_rng(0).normal(size=1024).astype(np.float32)
        self.output = np.zeros(65536, np.float32)
        self._timing = self._library(["gcc", "-O2"], [HERE / "timing.c"], "timing").fastest
        self._timing.restype = ctypes.c_double

    def exported(self, name: str, checked: Checked, target: TargetMachine) -> tuple[list[Path], str]:
        """The sources of an exported node, and the C function that runs it."""
        exported = package(step_code(checked, flat=False), Options(target=target))
        folder = self.folder / f"{name}_{target.name}"
        for path, data in exported.files.items():
            if path.startswith(("src/", "include/")):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
        node = exported.name
        call = f"{node}_step((const {node}_in *)in, ({node}_out *)out, &state);"
        text = f'#include "{folder}/include/{node}.h"\nstatic {node}_state state;\n' + _run(call)
        return self._sources(f"{name}_{target.name}", text, [folder / path for path in exported.compiled])

    def generated(self, name: str, model: Path, call: str) -> tuple[list[Path], str] | None:
        """The same of what onnx2c makes of ``model``; ``call`` is a statement that calls ``entry``."""
        if self.onnx2c is None:
            return None
        done = subprocess.run([self.onnx2c, str(model)], check=True, capture_output=True, text=True)
        return self._sources(f"{name}_onnx2c", done.stdout + "\n" + _run(call), [])

    def by_hand(self, activation: str, width: int) -> tuple[list[Path], str]:
        """The network as an engineer writes it, in tiles of ``width``."""
        tensors = {f"w{k}": w.T for k, (w, _) in enumerate(networks.DENSE)}
        tensors |= {f"b{k}": b for k, (_, b) in enumerate(networks.DENSE)}
        head = print_functions([function(Op.TANH, Scalar.F32)]) + "".join(array(*item) for item in tensors.items())
        head += f"#define WIDTH {width}\n#define ACTIVATION {activation}\n"
        text = head + f'#include "{HERE / "mlp_by_hand.h"}"\n' + _run("mlp_by_hand(in, out);")
        return self._sources(f"by_hand_{activation}_{width}", text, [])

    def _sources(self, name: str, text: str, others: list[Path]) -> tuple[list[Path], str]:
        path = self.folder / f"{name}.c"
        path.write_text(text)
        return [path, *others], name

    def timed(self, sources: tuple[list[Path], str], compiler: Sequence[str], calls: int) -> Time:
        """What measures the contender, compiled."""
        paths, name = sources
        run = self._library([*compiler, *STRICT], paths, f"{name}{'_'.join(compiler)}".replace("=", "_")).run
        pointers = (self._input.ctypes.data_as(ctypes.c_void_p), self.output.ctypes.data_as(ctypes.c_void_p))
        return partial(self._timing, run, *pointers, calls, 20)

    def _library(self, compiler: Sequence[str], paths: Sequence[Path], name: str) -> Any:
        binary = self.folder / f"{name}.so"
        include = [f"-I{path.parent.parent / 'include'}" for path in paths if path.parent.name == "src"]
        command = [*compiler, "-w", "-shared", "-fPIC", *include, *map(str, paths), "-lm", "-o", str(binary)]
        subprocess.run(command, check=True)
        return ctypes.CDLL(str(binary))

    def instructions(self, sources: tuple[list[Path], str], level: str) -> tuple[int, int]:
        """Instructions of one call on a Cortex-M4F, and the bytes of code and constants."""
        paths, name = sources
        binary = self.folder / f"{name}{level}.elf"
        include = [f"-I{path.parent.parent / 'include'}" for path in paths if path.parent.name == "src"]
        link = ["-nostartfiles", "--specs=nosys.specs", f"-T{HERE / 'cortex.ld'}", "-ffunction-sections"]
        command = ["arm-none-eabi-gcc", *CORTEX_M4F.flags, level, "-w", *STRICT, *link, "-Wl,--gc-sections", *include]
        subprocess.run([*command, *map(str, paths), str(HERE / "cortex.c"), "-lm", "-o", str(binary)], check=True)
        options = ["-icount", "shift=0", "-nographic", "-semihosting-config", "enable=on,target=native"]
        machine = ["qemu-system-arm", "-M", "mps2-an386", *options, "-kernel", str(binary)]
        done = subprocess.run(machine, check=True, capture_output=True, text=True, timeout=60)
        size = subprocess.run(["arm-none-eabi-size", str(binary)], check=True, capture_output=True, text=True)
        return int(done.stdout or done.stderr), int(size.stdout.splitlines()[1].split()[0])


def _run(call: str) -> str:
    return f"void run(const float *in, float *out)\n{{\n    {call}\n}}\n"


def onnxruntime_of(model: Path) -> Time | None:
    """What measures a model in onnxruntime, or None where that is not installed."""
    try:
        onnxruntime: Any = import_module("onnxruntime")
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    generator = np.random.default_rng(0)
    for given in session.get_inputs():
        extents = [n if isinstance(n, int) else 1 for n in given.shape]
        binding.bind_cpu_input(given.name, generator.normal(size=extents).astype(np.float32))
    for made in session.get_outputs():
        binding.bind_output(made.name)

    def fastest() -> float:
        best = float("inf")
        for _ in range(100):
            start = time.perf_counter_ns()
            session.run_with_iobinding(binding)
            best = min(best, time.perf_counter_ns() - start)
        return best

    return fastest


def show(title: str, contenders: dict[str, Time | None], rounds: int) -> None:
    """Measure in turns and print one table."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, measure in contenders.items():
            if measure is not None:
                best[name] = min(best.get(name, float("inf")), measure())
    print(title)
    for name in contenders:
        shown = f"{best[name]:12,.0f} ns {best[name] / best['exported']:8.2f}" if name in best else "  not installed"
        print(f"  {name:<22}{shown}")


def on_host(bench: Bench, flags: str, rounds: int, kws: Path | None) -> None:
    """All networks with one set of flags."""
    compiler = ["gcc", *flags.split()]
    folder = bench.folder

    def timed(sources: tuple[list[Path], str] | None, calls: int = 200) -> Time | None:
        return None if sources is None else bench.timed(sources, compiler, calls)

    for activation, node, hand in (("Relu", networks.mlp_relu, "relu"), ("Tanh", networks.mlp_tanh, "tanh_f32")):
        entry = "entry((const float (*)[8])in, (float (*)[2])out);"
        contenders = {
            "exported": timed(bench.exported(hand, check(program_of(node)), HOST)),
            **{f"by hand, {w} wide": timed(bench.by_hand(hand, w)) for w in (16, 32, 64)},
            "onnx2c": timed(bench.generated(hand, folder / f"{activation}.onnx", entry)),
            "onnxruntime": onnxruntime_of(folder / f"{activation}.onnx"),
        }
        show(f"8-64-64-2 {activation}, gcc {flags}", contenders, rounds)
    entry = (
        "static float h[32], c[32];\n    entry((const float (*)[1][16])in, (const float (*)[1][32])h, "
        "(const float (*)[1][32])c, (float (*)[1][32])h, (float (*)[1][32])c);\n    (void)memcpy(out, h, sizeof h);"
    )
    other = timed(bench.generated("lstm", folder / "lstm.onnx", entry))
    for name, node in (("LSTM", networks.lstm), ("GRU", networks.gru)):
        measured = timed(bench.exported(name.lower(), check(program_of(node)), HOST))
        contenders = {"exported": measured, "onnx2c's LSTM": other}
        contenders["onnxruntime's LSTM"] = onnxruntime_of(folder / "lstm.onnx")
        show(f"{name} 16->32, one step, gcc {flags}", contenders, rounds)
    entry = "entry((const float (*)[10][49])in, (float (*)[8][39])out);"
    contenders = {
        "exported": timed(bench.exported("convolutions", check(program_of(networks.convolutions)), HOST)),
        "onnx2c, window": timed(bench.generated("convolutions", folder / "convolutions.onnx", entry), 5),
        "onnxruntime, window": onnxruntime_of(folder / "convolutions.onnx"),
    }
    show(f"three convolutions over time, one frame, gcc {flags}", contenders, rounds)
    if kws is not None:
        entry = "entry((const float (*)[49][10][1])in, (float (*)[12])out);"
        contenders = {
            "exported": timed(bench.exported("kws", check_file(str(kws)), HOST), 2),
            "onnx2c": timed(bench.generated("kws", kws, entry), 1),
            "onnxruntime": onnxruntime_of(kws),
        }
        show(f"keyword spotting, gcc {flags}", contenders, rounds)


def on_cortex(bench: Bench) -> None:
    """Instructions on a Cortex-M4F."""
    if shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None:
        print("Cortex-M4F: arm-none-eabi-gcc or qemu-system-arm is not installed")
        return
    print("Cortex-M4F under QEMU: instructions of one call, bytes of flash of the whole program")
    for activation, node in (("Relu", networks.mlp_relu), ("Tanh", networks.mlp_tanh)):
        entry = "entry((const float (*)[8])in, (float (*)[2])out);"
        ours = bench.exported(activation.lower(), check(program_of(node)), CORTEX_M4F)
        theirs = bench.generated(f"cortex_{activation}", bench.folder / f"{activation}.onnx", entry)
        for level in ("-O2", "-O3"):
            count, size = bench.instructions(ours, level)
            line = f"  {activation} {level}: exported {count:,} ({size:,} B)"
            if theirs is not None:
                other, other_size = bench.instructions(theirs, level)
                line += f", onnx2c {other:,} ({other_size:,} B), ratio {count / other:.2f}"
            print(line)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure everything that is installed."""
    parser = argparse.ArgumentParser(description="Exported C against other exporters and runtimes.")
    parser.add_argument("--onnx2c", default=shutil.which("onnx2c"), help="the program")
    parser.add_argument("--kws", type=Path, help="the keyword-spotting network of MLPerf Tiny in f32, an ONNX file")
    parser.add_argument("--flags", nargs="+", default=["-O3", "-O3 -march=native"])
    parser.add_argument("--rounds", type=int, default=6)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), chosen.onnx2c)
        _models(bench.folder)
        for flags in chosen.flags:
            on_host(bench, flags, chosen.rounds, chosen.kws)
        on_cortex(bench)
    return 0


def _models(folder: Path) -> None:
    from benchmarks.export_c.peers import models

    for activation in ("Relu", "Tanh"):
        models.mlp(activation, folder / f"{activation}.onnx")
    models.lstm(folder / "lstm.onnx")
    models.convolutions(folder / "convolutions.onnx")


if __name__ == "__main__":
    raise SystemExit(main())

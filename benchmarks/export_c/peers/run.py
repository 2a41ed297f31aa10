"""Exported C against C of other exporters, runtimes, and C written by hand, in one run.

    python -m benchmarks.export_c.peers.run [--onnx2c PATH] [--heptagon PATH] [--python PATH] [--kws PATH]
                                            [--flags '-O3' ...] [--rounds N]

All C is compiled with the same strict flags. The contenders take turns and the fastest of many short blocks counts,
since other work on the machine only adds time; a ratio is how often the exported code fits into the other's time. A
peer that is not installed is left out, and the line says what is missing. Runtimes have one thread, and their inputs
and outputs are in place. C that computes something else than the exported code does stops the run.
"""

from __future__ import annotations

import argparse
import ctypes
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from benchmarks.export_c.build import array
from benchmarks.export_c.peers import networks, others
from benchmarks.export_c.peers.control import control
from syncml.export_c import Options, package, print_functions
from syncml.export_c.targets import CORTEX_M4F, HOST, TargetMachine
from syncml.ir.elementary import function
from syncml.ir.operators import Op
from syncml.ir.types import Scalar
from syncml.lang.load import program_of
from syncml.pipeline import Checked, check, check_file, step_code

HERE = Path(__file__).parent
STRICT = ("-std=gnu99", "-ffp-contract=off")
Time: TypeAlias = Callable[[], float]
"""Nanoseconds of one call, the fastest of some."""
Sources: TypeAlias = tuple[list[Path], str, tuple[Path, ...]]
"""Files of C that define ``run``, a name, and folders of headers."""


class Unequal(Exception):
    """A peer computes something else than the exported code; the text says which."""


class Bench:
    """A folder in which contenders are built, and how they are called."""

    def __init__(self, folder: Path, onnx2c: str | None) -> None:
        self.folder = folder
        self.onnx2c = onnx2c
        self._input = np.random.default_rng(0).normal(size=1024).astype(np.float32)
        self.output = np.zeros(65536, np.float32)
        self._timing = self._library(["gcc", "-O2"], [HERE / "timing.c"], "timing").fastest
        self._timing.restype = ctypes.c_double

    def exported(self, name: str, checked: Checked, target: TargetMachine, text: str = "") -> Sources:
        """The sources of an exported node, and the C function that runs it: ``text``, or one step."""
        exported = package(step_code(checked, flat=False), Options(target=target))
        folder = self.folder / f"{name}_{target.name}"
        for path, data in exported.files.items():
            if path.startswith(("src/", "include/")):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
        node = exported.name
        call = f"{node}_step((const {node}_in *)in, ({node}_out *)out, &state);"
        text = text or f'#include "{node}.h"\nstatic {node}_state state;\n' + _run(call)
        compiled = [folder / path for path in exported.compiled]
        return self.written(f"{name}_{target.name}", (text, tuple(compiled), (folder / "include",)))

    def generated(self, name: str, model: Path, call: str) -> Sources | str:
        """The same of what onnx2c makes of ``model``; ``call`` is a statement that calls ``entry``."""
        if self.onnx2c is None:
            return "not installed: --onnx2c PATH"
        done = subprocess.run([self.onnx2c, str(model)], check=True, capture_output=True, text=True)
        return self.written(f"{name}_onnx2c", (done.stdout + "\n" + _run(call), (), ()))

    def by_hand(self, activation: str, width: int) -> Sources:
        """The network as an engineer writes it, in tiles of ``width``."""
        tensors = {f"w{k}": w.T for k, (w, _) in enumerate(networks.DENSE)}
        tensors |= {f"b{k}": b for k, (_, b) in enumerate(networks.DENSE)}
        head = print_functions([function(Op.TANH, Scalar.F32)]) + "".join(array(*item) for item in tensors.items())
        head += f"#define WIDTH {width}\n#define ACTIVATION {activation}\n"
        text = head + f'#include "{HERE / "mlp_by_hand.h"}"\n' + _run("mlp_by_hand(in, out);")
        return self.written(f"by_hand_{activation}_{width}", (text, (), ()))

    def written(self, name: str, source: others.Source) -> Sources:
        """The same of a text."""
        text, files, include = source
        path = self.folder / f"{name}.c"
        path.write_text(text)
        return [path, *files], name, include

    def timed(self, sources: Sources, compiler: Sequence[str], calls: int) -> Time:
        """What measures the contender, compiled."""
        paths, name, include = sources
        built = f"{name}{'_'.join(compiler)}".replace("=", "_")
        run = self._library([*compiler, *STRICT], paths, built, include).run
        pointers = (self._input.ctypes.data_as(ctypes.c_void_p), self.output.ctypes.data_as(ctypes.c_void_p))
        return partial(self._timing, run, *pointers, calls, 20)

    def _library(self, compiler: Sequence[str], paths: Sequence[Path], name: str, include: Sequence[Path] = ()) -> Any:
        binary = self.folder / f"{name}.so"
        headers = [f"-I{folder}" for folder in include]
        command = [*compiler, "-w", "-shared", "-fPIC", *headers, *map(str, paths), "-lm", "-o", str(binary)]
        subprocess.run(command, check=True)
        return ctypes.CDLL(str(binary))

    def instructions(self, sources: Sources, level: str) -> tuple[int, int]:
        """Instructions of one call on a Cortex-M4F, and the bytes of code and constants."""
        paths, name, folders = sources
        binary = self.folder / f"{name}{level}.elf"
        include = [f"-I{folder}" for folder in folders]
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


def agreeing(bench: Bench, name: str, ours: Time, theirs: Time, outputs: int, tolerance: float = 0.0) -> Time:
    """``theirs``, which writes what ``ours`` writes.

    Raises:
        Unequal: an output differs by more than ``tolerance``.
    """
    ours()
    expected = bench.output[:outputs].copy()
    bench.output[:outputs] = np.nan
    theirs()
    if not np.allclose(bench.output[:outputs], expected, rtol=tolerance, atol=tolerance):
        raise Unequal(f"{name} computes something else than the exported code")
    return theirs


def show(title: str, contenders: dict[str, Time | str], rounds: int) -> None:
    """Measure in turns and print one table; a text says why a contender is absent."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, measure in contenders.items():
            if not isinstance(measure, str):
                best[name] = min(best.get(name, float("inf")), measure())
    print(title)
    for name, measure in contenders.items():
        ratio = best[name] / best["exported"] if name in best else 0.0
        shown = measure if isinstance(measure, str) else f"{best[name]:12,.0f} ns {ratio:8.2f}"
        print(f"  {name:<22}{shown}", flush=True)


class Runtimes:
    """The runtimes of an interpreter, which end together."""

    def __init__(self, interpreter: str, stack: ExitStack) -> None:
        self.interpreter = interpreter
        self._stack = stack

    def of(self, runtime: str, model: Path) -> Time | str:
        """What measures a model, or what is missing."""
        found = others.Runtime(self.interpreter, runtime, model)
        if found.absent is not None:
            return f"{found.absent}: --python INTERPRETER"
        self._stack.callback(found.close)
        return found


def on_host(bench: Bench, flags: str, rounds: int, kws: Path | None, runtimes: Runtimes, heptagon: str | None) -> None:
    """All programs with one set of flags."""
    compiler = ["gcc", *flags.split()]
    folder = bench.folder

    def timed(sources: Sources | str, calls: int = 200) -> Time | str:
        return sources if isinstance(sources, str) else bench.timed(sources, compiler, calls)

    for activation, node, hand in (("Relu", networks.mlp_relu, "relu"), ("Tanh", networks.mlp_tanh, "tanh_f32")):
        model = folder / f"{activation}.onnx"
        entry = "entry((const float (*)[8])in, (float (*)[2])out);"
        ours = bench.timed(bench.exported(hand, check(program_of(node)), HOST), compiler, 200)
        contenders: dict[str, Time | str] = {
            "exported": ours,
            **{f"by hand, {w} wide": timed(bench.by_hand(hand, w)) for w in (16, 32, 64)},
            "onnx2c": timed(bench.generated(hand, model, entry)),
        }
        if activation == "Relu":
            source = others.emlearn(runtimes.interpreter, folder)
            if isinstance(source, str):
                contenders["emlearn"] = f"{source}: --python INTERPRETER"
            else:
                theirs = bench.timed(bench.written("emlearn", source), compiler, 200)
                contenders["emlearn"] = agreeing(bench, "emlearn", ours, theirs, 2, 1e-3)
        contenders["onnxruntime"] = runtimes.of("onnxruntime", model)
        contenders["LiteRT"] = runtimes.of("litert", model)
        show(f"8-64-64-2 {activation}, gcc {flags}", contenders, rounds)
    show(f"control program, {others.TICKS} steps, gcc {flags}", _control(bench, compiler, heptagon), rounds)
    entry = (
        "static float h[32], c[32];\n    entry((const float (*)[1][16])in, (const float (*)[1][32])h, "
        "(const float (*)[1][32])c, (float (*)[1][32])h, (float (*)[1][32])c);\n    (void)memcpy(out, h, sizeof h);"
    )
    other = timed(bench.generated("lstm", folder / "lstm.onnx", entry))
    for name, node in (("LSTM", networks.lstm), ("GRU", networks.gru)):
        measured = timed(bench.exported(name.lower(), check(program_of(node)), HOST))
        contenders = {"exported": measured, "onnx2c's LSTM": other}
        contenders["onnxruntime's LSTM"] = runtimes.of("onnxruntime", folder / "lstm.onnx")
        show(f"{name} 16->32, one step, gcc {flags}", contenders, rounds)
    entry = "entry((const float (*)[10][49])in, (float (*)[8][39])out);"
    contenders = {
        "exported": timed(bench.exported("convolutions", check(program_of(networks.convolutions)), HOST)),
        "onnx2c, window": timed(bench.generated("convolutions", folder / "convolutions.onnx", entry), 5),
        "onnxruntime, window": runtimes.of("onnxruntime", folder / "convolutions.onnx"),
    }
    show(f"three convolutions over time, one frame, gcc {flags}", contenders, rounds)
    if kws is not None:
        entry = "entry((const float (*)[49][10][1])in, (float (*)[12])out);"
        contenders = {
            "exported": timed(bench.exported("kws", check_file(str(kws)), HOST), 2),
            "onnx2c": timed(bench.generated("kws", kws, entry), 1),
            "onnxruntime": runtimes.of("onnxruntime", kws),
            "LiteRT": runtimes.of("litert", kws),
        }
        show(f"keyword spotting, gcc {flags}", contenders, rounds)


def _control(bench: Bench, compiler: list[str], heptagon: str | None) -> dict[str, Time | str]:
    """The control program here and in Heptagon, whose constants have no suffix: they are of one precision for both."""
    flags = [*compiler, "-fsingle-precision-constant"]
    step = (
        "const control_in given = {x[0], x[1], x[2] > 0.0f, x[3] > 0.0f};\n        control_out made;\n"
        "        control_step(&given, &made, &self);"
    )
    text = others.control_run('#include "control.h"', "control_state", "control_init", step)
    ours = bench.timed(bench.exported("control", check(program_of(control)), HOST, text), flags, 50)
    if heptagon is None:
        return {"exported": ours, "Heptagon": "not installed: --heptagon PATH"}
    theirs = bench.timed(bench.written("heptagon", others.heptagon(heptagon, bench.folder)), flags, 50)
    outputs = others.TICKS * others.CONTROL_OUTPUTS
    return {"exported": ours, "Heptagon": agreeing(bench, "Heptagon", ours, theirs, outputs)}


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
            if not isinstance(theirs, str):
                other, other_size = bench.instructions(theirs, level)
                line += f", onnx2c {other:,} ({other_size:,} B), ratio {count / other:.2f}"
            print(line)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure everything that is installed."""
    parser = argparse.ArgumentParser(description="Exported C against other exporters and runtimes.")
    parser.add_argument("--onnx2c", default=shutil.which("onnx2c"), help="the program")
    parser.add_argument("--heptagon", default=shutil.which("heptc"), help="the program heptc")
    parser.add_argument(
        "--python", default=sys.executable, help="an interpreter with onnxruntime, ai_edge_litert, emlearn"
    )
    parser.add_argument("--kws", type=Path, help="the keyword-spotting network of MLPerf Tiny in f32, an ONNX file")
    parser.add_argument("--flags", nargs="+", default=["-O3", "-O3 -march=native"])
    parser.add_argument("--rounds", type=int, default=6)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        runtimes = Runtimes(chosen.python, stack)
        bench = Bench(Path(name), chosen.onnx2c)
        _models(bench.folder)
        for flags in chosen.flags:
            on_host(bench, flags, chosen.rounds, chosen.kws, runtimes, chosen.heptagon)
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

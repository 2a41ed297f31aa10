"""Measures the error of the elementary functions, as exported C, and compares it with their certificates.

binary32, one argument: every input, against the double precision functions of the C library. binary32, two arguments:
random samples, against the same. binary64: random samples, against MPFR (skipped, and said so, where it is not
installed). Before that, a sparse run under the compiler's sanitizer for undefined behaviour.

Usage: python tests/exhaustive/check_elementary.py [--quick] [--jobs N]
Exit code 1: a certificate does not hold. The compiler is $CC, or cc.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from syncml.export_c.functions import print_functions
from syncml.ir.elementary import CERTIFICATES, ELEMENTARY, Evidence, function
from syncml.ir.operators import Op
from syncml.ir.types import F32, F64, Scalar

HERE = Path(__file__).parent
ORDER = sorted(ELEMENTARY, key=lambda op: list(Op).index(op))
BINARY = {Op.ATAN2, Op.POW}
# The tested functions are strict; the flags keep the compiler so. Traps are not looked at, which lets gcc vectorise.
FLAGS = ["-std=c99", "-O3", "-ffp-contract=off", "-fno-trapping-math", "-Wall", "-Wextra", "-Werror"]
SANITIZE = ["-fsanitize=undefined,float-divide-by-zero,float-cast-overflow", "-fno-sanitize-recover=all"]


@dataclass(frozen=True)
class Effort:
    stride: int
    samples_f32: int
    samples_f64: int


FULL = Effort(1, 200_000_000, 5_000_000)
QUICK = Effort(1009, 1_000_000, 50_000)
SPARSE = Effort(20011, 50_000, 0)


@dataclass(frozen=True)
class Measured:
    op: Op
    type: Scalar
    error: float
    at: str
    least: float
    greatest: float
    descents: int
    faults: int

    def violations(self, effort: Effort) -> Iterator[str]:
        stated = CERTIFICATES[self.op, self.type]
        if self.faults:
            yield f"{self.faults} wrong special values or signs"
        if self.error > stated.error_ulp:
            yield f"error {self.error} ulp, above the {stated.error_ulp} stated"
        if effort is FULL and stated.evidence is Evidence.EVERY_INPUT and stated.error_ulp - self.error >= 0.01:
            yield f"error {self.error} ulp; the table may state less than {stated.error_ulp}"
        if self.least < stated.low or self.greatest > stated.high:
            yield f"results from {self.least} to {self.greatest}, beyond {stated.low} to {stated.high}"
        if stated.monotone and self.descents:
            yield f"{self.descents} descents of a monotone function"


def compiled(build: Path, source: str, flags: list[str], libraries: list[str]) -> Path:
    target = build / f"{Path(source).stem}{len(flags)}"
    compiler = os.environ.get("CC", "cc")
    command = [compiler, *flags, f"-I{build}", f"-I{HERE}", "-o", str(target), str(HERE / source), *libraries]
    subprocess.run(command, check=True)
    return target


def has_mpfr() -> bool:
    compiler = os.environ.get("CC", "cc")
    probe = subprocess.run(
        [compiler, "-E", "-x", "c", "-"], input="#include <mpfr.h>\n", capture_output=True, text=True, check=False
    )
    return probe.returncode == 0


def measure(program: Path, op: Op, type_: Scalar, effort: Effort) -> Measured:
    numbers = [effort.stride, effort.samples_f32] if type_ is F32 else [effort.samples_f64]
    command = [str(program), op.value, *map(str, numbers)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    error, x, y, least, greatest, descents, faults = run.stdout.split()
    at = f"{x}, {y}" if op in BINARY else x
    return Measured(
        op, type_, float(error), at, float.fromhex(least), float.fromhex(greatest), int(descents), int(faults)
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a thousandth of the inputs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else FULL

    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder)
        functions = [function(op, type_) for op in ORDER for type_ in (F32, F64)]
        (build / "functions.h").write_text(print_functions(functions))
        # Each program uses half of the functions; unused inline functions are no defect.
        sanitized = compiled(build, "elementary_f32.c", [*FLAGS, "-Wno-unused-function", *SANITIZE], ["-lm"])
        programs = {F32: compiled(build, "elementary_f32.c", [*FLAGS, "-Wno-unused-function"], ["-lm"])}
        if has_mpfr():
            libraries = ["-lmpfr", "-lgmp", "-lm"]
            programs[F64] = compiled(build, "elementary_f64.c", [*FLAGS, "-Wno-unused-function"], libraries)
        else:
            print("f64 not measured: MPFR is not installed", file=sys.stderr)

        with ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(lambda op: measure(sanitized, op, F32, SPARSE), ORDER))
            work = [(op, type_) for type_ in programs for op in ORDER]
            results = list(pool.map(lambda job: measure(programs[job[1]], *job, effort), work))
    return report(results, effort)


def report(results: list[Measured], effort: Effort) -> int:
    print("| function | type | largest error (ulp) | stated | evidence | at |")
    print("|---|---|---|---|---|---|")
    wrong = 0
    for result in results:
        stated = CERTIFICATES[result.op, result.type]
        print(
            f"| {result.op.value} | {result.type} | {result.error:.3f} | {stated.error_ulp} "
            f"| {stated.evidence.value} | `{result.at}` |"
        )
        for violation in result.violations(effort):
            wrong += 1
            print(f"{result.op.value} {result.type}: {violation}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

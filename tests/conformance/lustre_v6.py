"""Lustre V6: 20-step traces of `test/should_work` against its interpreter, and the codes of `test/should_fail`.

Each program is run from the node that has the name of its file, on random inputs that depend on that name only. The
values are compared where both sides have one: that interpreter prints `nil` where a value is undefined.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from zlib import crc32

from syncml.diagnostics import DiagnosticError
from syncml.ir.types import BOOL, EnumType, Scalar
from syncml.lustre.load import load_lustre
from syncml.pipeline import Checked, check
from syncml.sim.interpreter import interpret
from tests.conformance.outcome import Outcome, Result

STEPS = 20
TOLERANCE = 1e-4
"""The interpreter computes with doubles and prints a few digits."""
FAMILIES = {"clock": "CTRL", "type": "TRLC", "semantics": "RTKLCI", "syntax": "R", "assert": "RTKLCI",
            "polymorphic": "RTL", "exec": "RTKLCI"}  # fmt: skip


def should_work(folder: Path, interpreter: Path | None) -> Iterator[Outcome]:
    """Compare each program with its reference trace."""
    for path in sorted(folder.glob("*.lus")):
        if interpreter is None:
            yield _read_only(path)
        else:
            yield _compare(path, interpreter)


def should_fail(folder: Path, interpreter: Path | None) -> Iterator[Outcome]:
    """Each program is rejected with a code of the family of its folder; some fail there at run time only."""
    for path in sorted(folder.glob("*/*.lus")):
        name = f"{path.parent.name}/{path.name}"
        try:
            check(load_lustre(str(path)))
        except DiagnosticError as fault:
            codes = {d.code for d in fault.diagnostics}
            if codes == {"R002"}:
                yield Outcome(name, Result.NOT_READ, str(fault.diagnostics[0]))
            else:
                right = any(code[0] in FAMILIES[path.parent.name] for code in codes)
                result = Result.SAME if right else Result.DIFFERENT
                yield Outcome(name, result, str(fault.diagnostics[0]))
        else:
            passes = interpreter is not None and _compiles(path, interpreter)
            result = Result.NOT_COMPARED if passes else Result.DIFFERENT
            yield Outcome(name, result, "it is accepted" + (", and that compiler accepts it" if passes else ""))


def _compiles(path: Path, interpreter: Path) -> bool:
    run = subprocess.run([str(interpreter), path.name], capture_output=True, timeout=20, cwd=path.parent)
    return run.returncode == 0


def _read_only(path: Path) -> Outcome:
    try:
        check(load_lustre(f"{path}:{path.stem}"))
    except DiagnosticError as fault:
        return Outcome(path.name, Result.NOT_READ, str(fault.diagnostics[0]))
    return Outcome(path.name, Result.NOT_COMPARED, "it is read; LV6 names no interpreter")


def _compare(path: Path, interpreter: Path) -> Outcome:
    kinds = _interface(path, interpreter)
    if kinds is None:
        return Outcome(path.name, Result.NOT_COMPARED, "that compiler does not run it")
    try:
        checked = check(load_lustre(f"{path}:{path.stem}", {"dialect": "v6"}))
    except DiagnosticError as fault:
        return Outcome(path.name, Result.NOT_READ, str(fault.diagnostics[0]))
    inputs = _inputs(checked, path.stem)
    if len(inputs) != len(kinds):
        return Outcome(path.name, Result.DIFFERENT, f"{len(inputs)} inputs, there {len(kinds)}")
    text = "\n".join(" ".join(_shown(column[t]) for column in inputs.values()) for t in range(STEPS)) + "\n"
    reference = _run(path, interpreter, text)
    if not reference:
        return Outcome(path.name, Result.NOT_COMPARED, "that interpreter yields no step")
    trace = interpret(checked.program, inputs, len(reference)).trace
    columns = [trace.column(var.name) for var in checked.main.outputs]
    for tick, row in enumerate(reference):
        if len(row) != len(columns):
            return Outcome(path.name, Result.DIFFERENT, f"{len(columns)} outputs, there {len(row)}")
        for column, var, expected in zip(columns, checked.main.outputs, row, strict=True):
            if column.present[tick] and not _same(column.values[tick], var.type, expected):
                why = f"{var.name} is {column.values[tick]} at step {tick + 1}, there {expected}"
                return Outcome(path.name, Result.DIFFERENT, why)
    return Outcome(path.name, Result.SAME)


def _interface(path: Path, interpreter: Path) -> list[str] | None:
    """The inputs that the interpreter asks for; None where it does not run the program."""
    printed = _call(path, interpreter, "")
    found = re.search(r"^#inputs(.*)$", printed, re.MULTILINE)
    return None if found is None else found.group(1).split()


def _run(path: Path, interpreter: Path, text: str) -> list[list[str]]:
    printed = _call(path, interpreter, text)
    return [line.partition("#outs")[2].split() for line in printed.splitlines() if "#outs " in line][:STEPS]


def _call(path: Path, interpreter: Path, text: str) -> str:
    command = [str(interpreter), "-exec", "-n", path.stem, path.name]
    try:
        run = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=20, cwd=path.parent, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return ""
    return run.stdout


def _inputs(checked: Checked, name: str) -> dict[str, list[Any]]:
    chance = random.Random(crc32(name.encode()))
    found: dict[str, list[Any]] = {}
    for var in checked.main.inputs:
        match var.type:
            case EnumType():
                found[var.name] = [chance.choice(var.type.constructors) for _ in range(STEPS)]
            case Scalar.BOOL:
                found[var.name] = [chance.random() < 0.5 for _ in range(STEPS)]
            case Scalar.REAL:
                found[var.name] = [Fraction(chance.randint(-20, 80), 4) for _ in range(STEPS)]
            case _:
                found[var.name] = [chance.randint(-3, 12) for _ in range(STEPS)]
    return found


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(float(value)) if isinstance(value, Fraction) else str(value)


def _same(value: Any, type_: object, expected: str) -> bool:
    if expected.lower() in ("nil", "?", "u", "undef"):
        return True
    if type_ is BOOL:
        return bool(value) is (expected in ("t", "true", "1"))
    if isinstance(type_, EnumType):
        return expected in (str(int(value)), type_.constructors[int(value)]) or expected.endswith(
            f"::{type_.constructors[int(value)]}"
        )
    if type_ is Scalar.REAL:
        number = float(expected)
        return number != number or abs(float(value) - number) <= TOLERANCE * max(1.0, abs(number))
    return int(value) == int(expected)

"""Lustre V6: 20-step traces of `test/should_work` against its interpreter, and the codes of `test/should_fail`.

Each program is run from the node that has the name of its file, on random inputs that depend on that name only. The
values are compared where both sides have one: that interpreter prints `nil` where a value is undefined. A program that
it stops, since an assertion is violated, is tried on other inputs; the longest trace counts. Enumerations are numbers
there, both ways. Where the first line of a program says with which options and further files the suite runs it, they
are given; to the reader here the files are included ones.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

from syncml.diagnostics import DiagnosticError
from syncml.ir.equations.syntax import PropertyKind, Var
from syncml.ir.types import BOOL, EnumType, Scalar, Type
from syncml.lustre.load import load_lustre
from syncml.pipeline import Checked, check
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace
from syncml.verify.undefined import undefined_outputs
from tests.conformance.outcome import Outcome, Result

STEPS = 20
TRIALS = 8
"""How many inputs are tried until one runs for all steps."""
TOLERANCE = 1e-4
"""The interpreter computes with doubles and prints a few digits."""
FAMILIES = {"clock": "CTRL", "type": "TRLC", "semantics": "RTKLCI", "syntax": "R", "assert": "RTKLCI",
            "polymorphic": "RTL", "exec": "RTKLCI"}  # fmt: skip
VIOLATED = "assertion is violated"
NOTHING = ("nil", "?", "u", "undef")


@dataclass(frozen=True, slots=True)
class Reference:
    """What the interpreter printed for one input, of which there is one column for each of its names."""

    inputs: list[list[Any]]
    rows: list[list[str]]
    violated: bool


def should_work(folder: Path, interpreter: Path | None) -> Iterator[Outcome]:
    """Compare each program with its reference trace."""
    for path in sorted(folder.glob("*.lus")):
        yield _compare(path, interpreter)


def should_fail(folder: Path, interpreter: Path | None) -> Iterator[Outcome]:
    """Each program is rejected with a code of the family of its folder; some fail there at run time only."""
    for path in sorted(folder.glob("*/*.lus")):
        name = f"{path.parent.name}/{path.name}"
        try:
            checked = read(path, "")
        except DiagnosticError as fault:
            codes = {d.code for d in fault.diagnostics}
            if codes == {"R002"}:
                yield Outcome(name, Result.NOT_READ, str(fault.diagnostics[0]))
            else:
                right = any(code[0] in FAMILIES[path.parent.name] for code in codes)
                result = Result.SAME if right else Result.DIFFERENT
                yield Outcome(name, result, str(fault.diagnostics[0]))
        else:
            yield _accepted(path, name, checked, interpreter)


def _accepted(path: Path, name: str, checked: Checked, interpreter: Path | None) -> Outcome:
    """A program that is accepted here: there an assertion may be violated in a run, which has to be so here."""
    if interpreter is None:
        return Outcome(name, Result.NOT_COMPARED, "it is accepted; LV6 names no interpreter")
    kinds = _interface(path, interpreter)
    if kinds is None:
        return Outcome(name, Result.DIFFERENT, "it is accepted")
    reference = _reference(path, interpreter, kinds, checked)
    if not reference.violated:
        if warnings := undefined_outputs(checked.program):
            return Outcome(name, Result.WARNED, str(warnings[0]))
        return Outcome(name, Result.NOT_COMPARED, "it is accepted, and that compiler accepts it")
    trace = _trace(checked, reference)
    asserts = [p.holds for p in checked.main.properties if p.kind is PropertyKind.ASSUME]
    last = len(reference.rows) - 1
    broken = {t for t in range(last + 1) for holds in asserts if _is_false(trace, holds, t)}
    if broken == {last}:
        return Outcome(name, Result.SAME)
    return Outcome(name, Result.DIFFERENT, f"its assertions are violated at {sorted(broken)}, there at {last}")


def _is_false(trace: Trace, holds: Var, tick: int) -> bool:
    column = trace.column(holds.name)
    return bool(column.present[tick]) and not column.values[tick]


def read(path: Path, node: str) -> Checked:
    """The program of a node, or of the whole file, with the files that its first line names."""
    target, others = path, [option for option in _options(path) if option.endswith(".lus")]
    with TemporaryDirectory() as folder:
        if others:
            included = "".join(f'include "{path.parent.resolve() / other}" ' for other in others)
            target = Path(folder) / path.name
            target.write_text(included + path.read_text("latin-1"), "utf-8")
        return check(load_lustre(f"{target}:{node}" if node else str(target), {"dialect": "v6"}))


def _options(path: Path) -> list[str]:
    """What the first line of a program says that its run takes."""
    first = path.read_text("latin-1").partition("\n")[0]
    return first.partition("nonreg:")[2].replace('"', " ").split()


def _compare(path: Path, interpreter: Path | None) -> Outcome:
    try:
        checked = read(path, path.stem)
        fault = ""
    except DiagnosticError as found:
        checked = None
        fault = str(found.diagnostics[0])
    if interpreter is None:
        return Outcome(
            path.name,
            Result.NOT_READ if fault else Result.NOT_COMPARED,
            fault or "it is read; LV6 names no interpreter",
        )
    kinds = _interface(path, interpreter)
    if kinds is None:
        return Outcome(path.name, Result.NOT_COMPARED, f"that compiler rejects it; here: {fault or 'read'}")
    if checked is not None and len(checked.main.inputs) != len(kinds):
        return Outcome(path.name, Result.DIFFERENT, f"{len(checked.main.inputs)} inputs, there {len(kinds)}")
    reference = _reference(path, interpreter, kinds, checked)
    if not reference.rows:
        return Outcome(path.name, Result.NOT_COMPARED, f"that interpreter does not run it; here: {fault or 'read'}")
    if checked is None:
        return Outcome(path.name, Result.NOT_READ, fault)
    return _compared(path.name, checked, reference)


def _compared(name: str, checked: Checked, reference: Reference) -> Outcome:
    trace = _trace(checked, reference)
    columns = [trace.column(var.name) for var in checked.main.outputs]
    compared = 0
    for tick, row in enumerate(reference.rows):
        if len(row) != len(columns):
            return Outcome(name, Result.DIFFERENT, f"{len(columns)} outputs, there {len(row)}")
        for column, var, expected in zip(columns, checked.main.outputs, row, strict=True):
            if not column.present[tick] or expected.lower() in NOTHING:
                continue
            compared += 1
            if not _same(column.values[tick], var.type, expected):
                why = f"{var.name} is {column.values[tick]} at step {tick + 1}, there {expected}"
                return Outcome(name, Result.DIFFERENT, why)
    if not compared:
        return Outcome(name, Result.NOT_COMPARED, "every output is undefined there; here: read")
    return Outcome(name, Result.SAME)


def _interface(path: Path, interpreter: Path) -> list[str] | None:
    """The types of the inputs that the interpreter asks for; None where it does not run the program."""
    printed, _ = _call(path, interpreter, "")
    found = re.search(r"^#inputs(.*)$", printed, re.MULTILINE)
    return None if found is None else [word.rpartition(":")[2] for word in found.group(1).split()]


def _reference(path: Path, interpreter: Path, kinds: Sequence[str], checked: Checked | None) -> Reference:
    """The longest of some traces on random inputs."""
    best = Reference([], [], violated=False)
    for trial in range(TRIALS):
        types = _types(kinds, checked)
        inputs = _inputs(types, crc32(path.stem.encode()) + trial)
        shown = [[_shown(value, type_) for value in column] for column, type_ in zip(inputs, types, strict=True)]
        text = "".join(" ".join(column[t] for column in shown) + "\n" for t in range(STEPS))
        printed, errors = _call(path, interpreter, text)
        rows = [line.partition("#outs")[2].split() for line in printed.splitlines() if "#outs " in line][:STEPS]
        if trial == 0 or len(rows) > len(best.rows):
            best = Reference(inputs, rows, VIOLATED in errors and len(rows) < STEPS)
        if len(rows) == STEPS:
            break
    return best


def _call(path: Path, interpreter: Path, text: str) -> tuple[str, str]:
    command = [str(interpreter), "-exec", "-n", path.stem, path.name, *_options(path)]
    try:
        run = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=20, cwd=path.parent, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return "", ""
    return run.stdout, run.stderr


def inputs_of(checked: Checked, name: str) -> dict[str, list[Any]]:
    """Random inputs that depend on a name only."""
    columns = _inputs([v.type for v in checked.main.inputs], crc32(name.encode()))
    return dict(zip((v.name for v in checked.main.inputs), columns, strict=True))


def _types(kinds: Sequence[str], checked: Checked | None) -> list[Type]:
    """The types of the inputs that are known here, else those that are printed there."""
    if checked is not None:
        return [v.type for v in checked.main.inputs]
    names = {"bool": Scalar.BOOL, "real": Scalar.REAL}
    return [names.get(kind, Scalar.INT) for kind in kinds]


def _inputs(types: Sequence[Type], seed: int) -> list[list[Any]]:
    """One column for each input."""
    chance = random.Random(seed)
    columns: list[list[Any]] = []
    for type_ in types:
        match type_:
            case EnumType():
                columns.append([chance.choice(type_.constructors) for _ in range(STEPS)])
            case Scalar.BOOL:
                columns.append([chance.random() < 0.5 for _ in range(STEPS)])
            case Scalar.REAL | Scalar.F64:
                columns.append([Fraction(chance.randint(-20, 80), 4) for _ in range(STEPS)])
            case _:
                columns.append([chance.randint(-3, 12) for _ in range(STEPS)])
    return columns


def _trace(checked: Checked, reference: Reference) -> Trace:
    """The trace of this interpreter on the same inputs."""
    columns = dict(zip((v.name for v in checked.main.inputs), reference.inputs, strict=True))
    return interpret(checked.program, columns, len(reference.rows)).trace


def _shown(value: Any, type_: Type) -> str:
    if isinstance(type_, EnumType):
        return str(type_.constructors.index(value))
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(float(value)) if isinstance(value, Fraction) else str(value)


def _same(value: Any, type_: object, expected: str) -> bool:
    if type_ is BOOL:
        return bool(value) is (expected in ("t", "true", "1"))
    if type_ is Scalar.REAL:
        number = float(expected)
        return number != number or abs(float(value) - number) <= TOLERANCE * max(1.0, abs(number))
    return int(value) == int(expected)

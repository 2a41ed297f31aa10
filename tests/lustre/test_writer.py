"""The writer: what is read back has the traces of what was written."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from syncml.diagnostics import DiagnosticError
from syncml.ir.equations.syntax import Program, PropertyKind
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, MACHINE_INTEGERS, EnumType, Scalar, element
from syncml.lustre.load import load_lustre
from syncml.lustre.writer import write_lustre
from syncml.pipeline import Checked, check, load
from syncml.sim.interpreter import interpret
from tests.lustre.reading import read
from tests.support import programs
from tests.support.programs import inputs_for

ACCEPTED = sorted((Path(__file__).resolve().parents[1] / "accept").glob("*.py"))
WRITTEN = {
    "buffer_found_by_use", "buffer_in_a_node", "buffer_of_data", "buffer_rates", "buffer_system", "calls", "clocks",
    "comparisons", "every", "hold_of_expression", "memory", "methods", "multirate_calls", "python_control", "rates",
    "records", "reset_block", "reset_call", "results", "siblings", "unpacking", "wires", "words",
}  # fmt: skip
"""The accepted programs that Lustre has a form for, over exact numbers."""
TICKS = 40


def read_back(folder: Path, program: Program, *, ideal: bool) -> Checked:
    path = folder / "written.lus"
    path.write_text(write_lustre(program, ideal=ideal), "utf-8")
    return check(load_lustre(str(path)))


def compare(one: Checked, other: Checked, inputs: dict[str, list[Any]], ticks: int, *, ideal: bool) -> None:
    """Where a stream is present in the original, the written program has its value; it has one everywhere."""
    first = interpret(one.program, inputs, ticks).trace
    given_ = dict(zip((v.name for v in other.main.inputs), _everywhere(one, inputs, ticks, ideal), strict=True))
    second = interpret(other.program, given_, ticks).trace
    for var, written in zip(one.main.outputs, other.main.outputs, strict=True):
        expected, found = first.column(var.name), second.column(written.name)
        for tick in range(ticks):
            if expected.present[tick]:
                value, other_value = expected.values[tick], found.values[tick]
                if ideal and element(var.type) in FLOATS:
                    assert float(other_value) == pytest.approx(float(value), rel=1e-3, abs=1e-3), (var.name, tick)
                else:
                    assert int(value) == int(other_value), (var.name, tick)


def _everywhere(checked: Checked, inputs: dict[str, list[Any]], ticks: int, ideal: bool) -> Iterator[list[Any]]:
    for var in checked.main.inputs:
        values = list(inputs[var.name])[:ticks]
        last = next((v for v in values if v is not None), 0)
        whole: list[Any] = []
        for value in values:
            last = last if value is None else value
            exact = ideal and element(var.type) in FLOATS
            whole.append(Fraction(float(last)) if exact else last.item() if hasattr(last, "item") else last)
        yield whole


def small(program: Program, ticks: int) -> dict[str, list[Any]]:
    """Inputs that no machine number has to round or wrap."""
    generator = np.random.default_rng(3)
    found: dict[str, list[Any]] = {}
    for var in program.node(program.main).inputs:
        kind = element(var.type)
        if kind is BOOL:
            found[var.name] = [bool(x) for x in generator.integers(0, 2, ticks)]
        elif isinstance(kind, EnumType):
            found[var.name] = [kind.constructors[x] for x in generator.integers(0, len(kind.constructors), ticks)]
        elif kind in MACHINE_INTEGERS or kind is Scalar.INT:
            found[var.name] = [int(x) for x in generator.integers(0, 6, ticks)]
        else:
            found[var.name] = [float(x) / 4 for x in generator.integers(-12, 12, ticks)]
    return found


@pytest.mark.parametrize("path", [p for p in ACCEPTED if p.stem in WRITTEN], ids=lambda p: p.stem)
def test_an_accepted_program_goes_to_lustre_and_back(tmp_path: Path, path: Path) -> None:
    checked = check(load(str(path)))
    compare(checked, read_back(tmp_path, checked.program, ideal=True), small(checked.program, TICKS), TICKS, ideal=True)


def test_floats_have_no_form(tmp_path: Path) -> None:
    checked = check(load(str(next(p for p in ACCEPTED if p.stem == "calls"))))
    with pytest.raises(DiagnosticError, match="R006"):
        write_lustre(checked.program)


def test_what_has_no_form_is_named() -> None:
    checked = check(load(str(next(p for p in ACCEPTED if p.stem == "functions"))))
    with pytest.raises(DiagnosticError) as raised:
        write_lustre(checked.program, ideal=True)
    assert {d.code for d in raised.value.diagnostics} == {"R006"}
    assert "`exp`" in raised.value.diagnostics[0].message


_OPERATORS = (Op.ADD, Op.SUB, Op.MUL, Op.MIN, Op.MAX, Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)


@given(st.data())
def test_a_random_program_goes_to_lustre_and_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(programs, "TYPES", (BOOL, Scalar.I8, Scalar.U8, Scalar.I32, Scalar.U16, programs.MODE))
        patched.setattr(programs, "_BINARY", _OPERATORS)
        program = data.draw(programs.programs())
    checked = check(program)
    try:
        other = read_back(tmp_path_factory.mktemp("lustre"), checked.program, ideal=False)
    except DiagnosticError as fault:
        assert {d.code for d in fault.diagnostics} == {"R006"}
        return
    compare(checked, other, inputs_for(checked.program, 12, seed=1), 12, ideal=False)


SOURCE = """
type mode = enum {OFF, ON};
node sum(x: int) returns (s: int); let s = x -> pre s + x; tel
node main(x: int; c: bool; r: real) returns (y: int; z: real; m: mode; q: int);
(*@contract
  assume "small" x < 100 and x > -100;
  guarantee "sign" m = ON or y <= 0;
  mode fast (require c; ensure q >= 0 or q < 0;);
  mode slow (require not c;);
*)
var s: int when c;
let
  s = sum(x when c);
  y = merge c (true -> s) (false -> 0 when not c);
  z = r / (real x) + 0.125;
  m = if y > 0 then ON else OFF;
  q = (x div 3) * 10 + x mod (0 - 3);
  check "bound" q < 1000000;
tel
"""


def test_the_text(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    checked = read(tmp_path, SOURCE)
    assert write_lustre(checked.program) == snapshot


def test_a_contract_goes_to_lustre_and_back(tmp_path: Path) -> None:
    checked = read(tmp_path, SOURCE)
    other = read_back(tmp_path, checked.program, ideal=False)
    # A mode becomes what it promises.
    kept = [p for p in checked.main.properties if p.kind is not PropertyKind.MODE]
    kinds = sorted((p.kind.value, p.name) for p in kept)
    assert sorted((p.kind.value, p.name) for p in other.main.properties) == kinds
    assert ("require", "small") in kinds
    assert {p.kind for p in kept} == {PropertyKind.REQUIRE, PropertyKind.ENSURE}
    inputs = {"x": [5, -7, 0, 9, 4], "c": [True, False, True, True, False], "r": [Fraction(1, 2)] * 5}
    compare(checked, other, inputs, 5, ideal=True)


def test_a_goal_goes_to_lustre_and_back(tmp_path: Path) -> None:
    checked = read(tmp_path, 'node main(x: int) returns (y: int);\nlet y = x; check reachable "five" y = 5; tel')
    assert 'check reachable "five"' in write_lustre(checked.program)
    other = read_back(tmp_path, checked.program, ideal=False)
    assert [(p.kind, p.name) for p in other.main.properties] == [(PropertyKind.COVER, "five")]
    compare(checked, other, {"x": [5, 6]}, 2, ideal=True)


@pytest.mark.parametrize(("x", "y"), [(7, 2), (-7, 2), (7, -2), (-7, -2), (6, 3), (5, 0)])
def test_division_rounds_down_in_the_text(tmp_path: Path, x: int, y: int) -> None:
    """The operators of the table are written with those of Kind 2."""
    text = "node main(x, y: int) returns (q, r: int);\nlet q = x div y; r = x mod y; tel"
    checked = read(tmp_path, text, division="truncating")
    compare(checked, read_back(tmp_path, checked.program, ideal=False), {"x": [x], "y": [y]}, 1, ideal=False)

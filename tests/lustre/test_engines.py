"""Programs of machine types from Lustre have one trace in the interpreter, in Numba and in C."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syncml.export_c import compile_and_run
from syncml.pipeline import Checked, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.lustre.reading import read, verdicts
from tests.support.programs import inputs_for
from tests.support.tools import require

TICKS = 30
KIND2 = """
type mode = enum {SLOW, FAST};
node integrate(x: int16; reset: bool) returns (y: int16);
let y = if reset then (int16 0) else ((int16 0) -> pre y) + x; tel
node main(a: int16; b: uint8; c, r: bool) returns (y: int16; u: uint8; m: mode; q: int32; z: int16^2);
var s: int16 when c;
let
  s = integrate(a when c, r when c);
  y = merge(c; s; (int16 7) when not c);
  u = condact(c, twice(b), uint8 3);
  m = if b > (uint8 100) then FAST else SLOW;
  q = (int32 a) div (int32 b) + (int32 a) mod (int32 (-7));
  z[i] = if i = 0 then a else z[i - 1] + (restart integrate every r)(a, false);
tel
node twice(b: uint8) returns (u: uint8); let u = b + b; tel
"""
VELUS = """
node sum(x: float64) returns (y: float64);
let y = (0.0 fby y) + x; tel
node main(x: float64; n: int; c: bool) returns (y: float64; k: int; w: float32);
var s: float64 when c;
let
  s = sum(x when c);
  y = merge c s (0.5 when not c);
  k = (0 fby k) + n / 3;
  w = (x : float32) * (2.0 : float32);
tel
"""


@pytest.fixture(params=[(KIND2, "kind2", "main"), (VELUS, "velus", "main")], ids=["kind2", "velus"])
def checked(request: pytest.FixtureRequest, tmp_path: Path) -> Checked:
    text, dialect, node = request.param
    return read(tmp_path, text, node, dialect=dialect)


def test_numba_has_the_trace_of_the_interpreter(checked: Checked) -> None:
    inputs = inputs_for(checked.program, TICKS, seed=2)
    expected = interpret(checked.program, inputs, TICKS).trace
    names = tuple(v.name for v in checked.main.outputs)
    found = compile_program(checked.program).run(inputs, TICKS)
    assert first_difference(expected.only(names), found.only(names)) is None


@pytest.mark.parametrize("options", [("gcc", "-O0"), ("gcc", "-O3"), ("clang", "-O3")])
def test_c_has_the_trace_of_the_interpreter(checked: Checked, options: tuple[str, str]) -> None:
    compiler, level = options
    require(compiler)
    inputs = inputs_for(checked.program, TICKS, seed=3)
    expected = interpret(checked.program, inputs, TICKS).trace.only(tuple(v.name for v in checked.main.outputs))
    given = {var.name: column.values for var, column in prepare(checked.main, inputs, TICKS).items()}
    found = compile_and_run(step_code(checked, flat=False), given, TICKS, compiler, (level,)).outputs
    columns = tuple(Column(c.name, c.type, np.asarray(found[c.name]), c.present) for c in expected.columns)
    assert first_difference(expected, Trace(columns, TICKS)) is None


def test_verdicts(tmp_path: Path) -> None:
    text = """
contract bounded(x: int) returns (y: int);
let assume "positive" x >= 0; guarantee "bound" y <= 10; tel
node count(x: int) returns (y: int);
(*@contract import bounded(x) returns (y); var g: int = 0 -> pre y; guarantee "grows" y >= g; *)
let y = if (0 -> pre y) < 10 then (0 -> pre y) + 1 else 10; tel
node main(c: bool) returns (y: int);
let
  y = count(if c then 1 else 0);
  --%PROPERTY "right" y > 0;
  --%PROPERTY "wrong" y < 5;
tel
"""
    found = verdicts(tmp_path, text)
    assert found["right"] == "proved"
    assert found["wrong"] == "violated"
    assert {v for name, v in found.items() if "bound" in name or "grows" in name or "positive" in name} == {"proved"}


def test_the_contract_of_an_imported_node_is_trusted(tmp_path: Path) -> None:
    text = """
node imported sensor(x: int) returns (y: int);
(*@contract assume "known" x > 0; guarantee "small" y > 0 and y < 5; *)
node main(x: int) returns (y: int);
let
  y = sensor(if x > 0 then x else 1);
  --%PROPERTY "right" y < 5;
  --%PROPERTY "wrong" y < 4;
tel
"""
    found = verdicts(tmp_path, text)
    assert (found["right"], found["wrong"]) == ("proved", "violated")
    assert {v for name, v in found.items() if "known" in name} == {"proved"}


def test_an_external_function_yields_the_same_for_the_same_arguments(tmp_path: Path) -> None:
    text = """
extern function half(x: int) returns (y: int);
unsafe extern function draw(x: int) returns (y: int);
node main(x: int) returns (y: int);
let
  y = half(x);
  --%PROPERTY "one" y = half(x);
  --%PROPERTY "zero" y = 0;
  --%PROPERTY "two" draw(x) = draw(x);
tel
"""
    found = verdicts(tmp_path, text)
    assert (found["one"], found["zero"], found["two"]) == ("proved", "violated", "violated")

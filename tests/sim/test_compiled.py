"""Compiled simulation against the interpreter, bit for bit; and its cache on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncml.clock_calculus import infer_clocks
from syncml.diagnostics.model import DiagnosticError
from syncml.files import cache_folder
from syncml.ir.clocks import BASE, every, word
from syncml.ir.equations.syntax import Fby, Program, Wave
from syncml.ir.operators import Op
from syncml.ir.step.lowering import Observe
from syncml.ir.types import BOOL, F32, I32, Scalar, TensorType
from syncml.sim.compiled import Simulation, compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace, first_difference
from tests.support.ir import NodeBuilder, const
from tests.support.operators import PROGRAMS
from tests.support.programs import inputs_for, programs

TICKS = 12


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A cache of these tests' own, empty at first."""
    patch = pytest.MonkeyPatch()
    patch.setenv("SYNCML_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


def same_state(simulation: Simulation, state: dict[str, Any]) -> None:
    found = simulation.state()
    for name, value in state.items():
        if name in found:
            a, b = np.asarray(found[name]), np.asarray(value)
            assert a.dtype == b.dtype
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), name
            assert a.dtype.kind != "f" or np.array_equal(np.signbit(a), np.signbit(b)) or np.isnan(a).any(), name


def agree(program: Program, inputs: dict[str, Any], ticks: int, observe: Observe = Observe.ALL) -> Simulation:
    """Run both; the compiled one in two pieces, and once more from the start."""
    reference = interpret(program, inputs, ticks)
    simulation = compile_program(program, observe)
    first = simulation.run(inputs, ticks // 3)
    rest = simulation.run({name: values[ticks // 3 :] for name, values in inputs.items()}, ticks - ticks // 3)
    same_state(simulation, dict(reference.state))
    simulation.reset()
    whole = simulation.run(inputs, ticks)
    assert first_difference(whole, reference.trace.only(whole.names())) is None
    assert first_difference(joined(first, rest), whole) is None
    return simulation


def joined(first: Trace, rest: Trace) -> Trace:
    columns = tuple(
        replace(
            a,
            values=np.concatenate([a.values, b.values]),
            present=np.concatenate([a.present, b.present]),
        )
        for a, b in zip(first.columns, rest.columns, strict=True)
    )
    return Trace(columns, first.ticks + rest.ticks)


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(0, 1000))
def test_random_programs(program: Program, seed: int) -> None:
    clocked = infer_clocks(program)
    agree(clocked, inputs_for(clocked, TICKS, seed), TICKS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["u64", "f32", "bool", "Mode"])
def test_every_operator(kind: str) -> None:
    program = infer_clocks(PROGRAMS[kind])
    agree(program, inputs_for(program, 40, 5), 40, Observe.OUTPUTS)


def rates() -> Program:
    """Two rates and a data-dependent clock, with a register on each."""
    b = NodeBuilder("rates", Fraction(100))
    x, c = b.input("x", F32), b.input("c", BOOL)
    slow = b.input("slow", I32, every(BASE, word((0,), (1, 0, 0))))
    tick = b.define(b.declare("tick", BOOL), Wave(word((0,), (1, 0, 0))))
    total = b.declare("total", I32)
    b.define(total, Fby(const(0, I32), b.op(Op.ADD, total, slow, name="sum")))
    seen = b.when(x, c, name="seen")
    count = b.declare("count", I32)
    b.define(count, Fby(const(0, I32), b.op(Op.ADD, count, const(1, I32))))
    gated = b.when(count, c, name="gated")
    merged = b.merge(tick, (True, total), (False, const(-1, I32)), name="merged")
    return infer_clocks(Program((b.node([merged, seen, gated]),), "rates"))


def test_absent_streams_are_absent_and_ages_carry_over_from_run_to_run() -> None:
    program = rates()
    inputs = {
        "x": [float(i) for i in range(20)],
        "c": [i % 3 == 1 for i in range(20)],
        "slow": [i if i % 3 == 1 else None for i in range(20)],
    }
    simulation = agree(program, inputs, 20)
    trace = simulation.run(inputs, 0)
    assert trace.ticks == 0
    with pytest.raises(DiagnosticError, match="S002"):
        simulation.reset()
        simulation.run({**inputs, "slow": [None] * 20}, 20)


def test_a_failed_run_leaves_the_state_alone() -> None:
    simulation = compile_program(rates())
    before = dict(simulation.state())
    with pytest.raises(DiagnosticError):
        simulation.run({"x": [1.0] * 6, "c": [True] * 6, "slow": [None] * 6}, 6)
    assert simulation.state() == before


def test_mathematical_numbers_run_on_64_bits() -> None:
    b = NodeBuilder("maths")
    n, r = b.input("n", Scalar.INT), b.input("r", Scalar.REAL)
    total = b.declare("total", Scalar.INT)
    following = b.op(Op.ADD, total, n, name="following")
    b.define(total, Fby(const(2, Scalar.INT), following))
    half = b.op(Op.DIV, r, const(Fraction(2), Scalar.REAL), name="half")
    nothing = b.op(Op.DIV, r, const(0, Scalar.REAL), name="nothing")
    quotient = b.op(Op.FLOORDIV, following, const(-3, Scalar.INT), name="quotient")
    program = infer_clocks(Program((b.node([following, half, nothing, quotient]),), "maths"))
    inputs = {"n": [3, -7, 10**12], "r": [Fraction(1), Fraction(3, 4), Fraction(-2)]}
    trace = compile_program(program).run(inputs, 3)
    reference = interpret(program, inputs, 3).trace
    for column in trace.columns:
        assert list(column.values) == list(reference.column(column.name).values), column.name


def test_a_tensor_too_large_for_the_stack_stays_in_its_array() -> None:
    b = NodeBuilder("large")
    x = b.input("x", F32)
    state = b.declare("state", TensorType(F32, (5000,)))
    moved = b.op(Op.ADD, state, x, name="moved")
    b.define(state, Fby(const(np.arange(5000) * 0.25, F32), moved))
    program = infer_clocks(Program((b.node([moved, b.op(Op.SUM, state, attribute=(0,), name="total")]),), "large"))
    agree(program, {"x": [0.1, 0.2, -0.3, 1e7]}, 4)


def test_long_steps_are_cut_into_parts() -> None:
    b = NodeBuilder("long")
    x, c = b.input("x", F32), b.input("c", BOOL)
    value = b.when(x, c)
    for i in range(120):
        register = b.declare(f"r{i}", F32)
        value = b.op(Op.ADD, value, register, name=f"v{i}")
        b.define(register, Fby(const(0.5, F32), value))
    out = b.merge(c, (True, value), (False, const(0.0, F32)), name="out")
    program = infer_clocks(Program((b.node([out]),), "long"))
    agree(program, {"x": [0.1 * i for i in range(9)], "c": [i % 3 > 0 for i in range(9)]}, 9, Observe.OUTPUTS)


# The cache.

SCRIPT = """
import sys
from tests.sim.test_compiled import rates
from syncml.sim.compiled import compile_program
program = rates()
assert "numba" not in sys.modules, "imported before it is needed"
simulation = compile_program(program)
inputs = {"x": [1.0] * 9, "c": [True] * 9, "slow": [4] * 9}
print(simulation.run(inputs, 9).column("merged").values.tolist())
"""


def run_apart(cache: Path) -> str:
    """Compile and run in a process of its own; the trace."""
    environment = {**os.environ, "SYNCML_CACHE_DIR": str(cache), "PYTHONPATH": "."}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.strip()


def folders(cache: Path) -> list[Path]:
    return sorted((cache / "numba").iterdir())


def test_the_second_process_compiles_nothing_and_damage_is_repaired(tmp_path: Path) -> None:
    values = run_apart(tmp_path)
    (folder,) = folders(tmp_path)
    compiled = {p: p.read_bytes() for p in folder.rglob("*.nbc")}
    assert compiled
    assert run_apart(tmp_path) == values
    assert {p: p.read_bytes() for p in folder.rglob("*.nbc")} == compiled, "the second process compiled again"
    for path, contents in compiled.items():
        path.write_bytes(contents[: len(contents) // 2] + b"\0" + contents[len(contents) // 2 + 1 :])
    assert run_apart(tmp_path) == values
    (folder / "manifest.json").write_text(json.dumps({"step.py": "?"}))
    (folder / "step.py").write_text("raise SystemExit('an old file')")
    assert run_apart(tmp_path) == values
    assert len(folders(tmp_path)) == 1, "something was left behind"


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    assert run_apart(blocked / "cache").startswith("[-1,")


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SYNCML_CACHE_DIR", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("SYNCML_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform.startswith("linux"):
        assert cache_folder() == tmp_path / "xdg" / "syncml"

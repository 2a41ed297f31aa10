"""Spread calls: `spread(f, ticks=k)(x)` has the values of `f(x)`, k - 1 ticks later, in every engine."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from syncml.diagnostics import DiagnosticError
from syncml.export_c import compile_and_run
from syncml.ir.clocks import BASE, word
from syncml.ir.equations.check import check_program
from syncml.ir.equations.syntax import Buffer, Call, Program, Var
from syncml.ir.types import BOOL
from syncml.pipeline import Checked, check, load, step_code
from syncml.schedule import count
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference
from tests.support.ir import NodeBuilder
from tests.support.programs import inputs_for, programs

TICKS = 60

NETWORK = """\
import numpy as np
from typing import Literal as L
from syncml import Hz, Stream, Vec, buffer, constant, every, f32, merge, node, pre, sample, spread
from syncml import state, tanh, vec, when

RNG = np.random.default_rng(1)
W = constant(RNG.normal(size=(12, 12)) / 4, name="w")


@node
def policy(x: Stream[f32]) -> tuple[Stream[f32], Stream[Vec[L[12]]]]:
    h = state(init=np.zeros(12))
    h.next = tanh(W @ h + vec(*(x * (0.1 * i) for i in range(12))))
    c = x > 0.0
    y = merge(c, when(x, c) * 2.0, pre(when(x, ~c), init=0.5))
    return y + (W @ tanh(W @ h))[0] + pre(x, init=0.0), h


@node(rate=Hz(100))
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[Vec[L[12]]], Stream[f32], Stream[Vec[L[12]]]]:
    slow = sample(x, to=Hz(10))
    a, b = spread(policy, ticks=TICKS)(slow)
    c, d = policy(slow)
    last = every(10, phase=TICKS - 1)
    return a, b, buffer(c, at=last), buffer(d, at=last)
"""


def traced(folder: Path, ticks: int) -> Program:
    path = folder / "spread.py"
    path.write_text(NETWORK.replace("TICKS", str(ticks)))
    return load(str(path))


@pytest.mark.parametrize("ticks", [1, 2, 3, 4, 7, 10])
def test_a_spread_call_is_a_delayed_call(tmp_path: Path, ticks: int) -> None:
    checked = check(traced(tmp_path, ticks))
    check_program(checked.program)
    x = np.random.default_rng(ticks).normal(size=TICKS).astype(np.float32)
    a, b, c, d = (v.name for v in checked.main.outputs)
    trace = interpret(checked.program, {"x": x}, TICKS).trace
    for spread_, called in ((a, c), (b, d)):
        left, right = trace.column(spread_), trace.column(called)
        assert np.array_equal(left.present, right.present)
        assert np.array_equal(left.values[left.present], right.values[right.present])
        assert np.flatnonzero(left.present)[0] == ticks - 1
    compiled = compile_program(checked.program).run({"x": x}, TICKS)
    assert first_difference(trace.only(compiled.names()), compiled) is None
    if shutil.which("gcc"):
        found = compile_and_run(step_code(checked, flat=False), {"x": x}, TICKS, "gcc", ("-O2",)).outputs
        column = trace.column(a)
        assert np.array_equal(found[a][column.present], column.values[column.present])


def test_the_peak_falls(tmp_path: Path) -> None:
    whole = NETWORK.replace("    c, d = policy(slow)\n", "").replace(
        ", buffer(c, at=last), buffer(d, at=last)", ", a, b"
    )
    peaks = []
    for ticks in (1, 2, 4):
        (tmp_path / "spread.py").write_text(whole.replace("TICKS", str(ticks)))
        peaks.append(count(check(load(str(tmp_path / "spread.py")))).peak)
    assert peaks[0] > 1.6 * peaks[1] > 1.6 * peaks[2] - 1


def unspread(program: Program) -> Program:
    """The program with plain calls."""
    main = program.nodes[-1]
    equations = tuple(
        replace(e, rhs=replace(e.rhs, spread=1)) if isinstance(e.rhs, Call) else e for e in main.equations
    )
    return replace(program, nodes=(*program.nodes[:-1], replace(main, equations=equations)))


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(2, 5), st.booleans(), st.integers(0, 2**16))
def test_any_node_that_can_be_spread_keeps_its_values(
    drawn: Program, ticks: int, is_reset: bool, values_seed: int
) -> None:
    callee = drawn.nodes[-1]
    assume(callee.rate is None and not callee.clocks)
    b = NodeBuilder("spreading")
    tick, last = b.wave(word((), (1, 0, 0, 0, 0))), b.wave(word((0,) * (ticks - 1), (1, 0, 0, 0, 0)))
    given_ = [b.when(b.input(f"in_{v.name}", v.type, BASE), tick) for v in callee.inputs]
    resets = (b.when(b.input("restart", BOOL, BASE), tick),) if is_reset else ()
    targets = b.call(callee, *given_, resets=resets)
    results: list[Var] = [b.define(b.declare(f"out{i}", t.type), Buffer(t, last)) for i, t in enumerate(targets)]
    node = b.node(results)
    equations = tuple(
        replace(e, rhs=replace(e.rhs, spread=ticks)) if isinstance(e.rhs, Call) else e for e in node.equations
    )
    program = Program((*drawn.nodes, replace(node, equations=equations)), node.name)
    try:
        plain: Checked = check(unspread(program))
        staged = check(program)
    except DiagnosticError:
        assume(False)
        raise
    check_program(staged.program)
    values = inputs_for(plain.program, TICKS, values_seed)
    names = tuple(dict.fromkeys(v.name for v in results))
    expected, found = (interpret(c.program, values, TICKS).trace.only(names) for c in (plain, staged))
    assert first_difference(expected, found) is None

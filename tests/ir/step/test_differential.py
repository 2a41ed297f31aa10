"""Step code has the interpreter's trace and registers: on every operator, on random programs, on long ones."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncml.clock_calculus import infer_clocks
from syncml.ir.clocks import word
from syncml.ir.equations.inline import inline, inline_loops
from syncml.ir.equations.syntax import Fby, Program
from syncml.ir.operators import Op
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Observe, Observed, lower, observed
from syncml.ir.step.pretty import print_step
from syncml.ir.step.syntax import StepProgram
from syncml.ir.types import F32, I32
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from tests.support.ir import NodeBuilder, const
from tests.support.operators import PROGRAMS
from tests.support.programs import inputs_for, programs
from tests.support.step_machine import StepMachine

TICKS = 10


def same(a: Any, b: Any) -> bool:
    """Equal bits; every NaN counts as one value."""
    x, y = np.asarray(a), np.asarray(b)
    assert x.dtype == y.dtype
    assert x.shape == y.shape
    if x.dtype.kind == "f":
        bits = f"u{x.itemsize}"
        return bool(((x.view(bits) == y.view(bits)) | (np.isnan(x) & np.isnan(y))).all())
    return np.array_equal(x, y)


def compare(program: Program, code: StepProgram, names: list[str], seed: int) -> None:
    """Run both on the same inputs, and compare outputs where they are present, and registers."""
    check_step(code)
    inputs = inputs_for(program, TICKS, seed)
    reference = interpret(program, inputs, TICKS)
    node = program.node(program.main)
    given_ = prepare(node, inputs, TICKS)
    machine = StepMachine(code)
    for tick in range(TICKS):
        outputs = machine.step(*(given_[v].values[tick] for v in node.inputs))
        for name, value in zip(names, outputs, strict=True):
            column = reference.trace.column(name)
            assert not column.present[tick] or same(value, column.values[tick]), f"{name} at {tick}\n{print_step(code)}"
    state = machine.state()
    for name, value in reference.state.items():
        assert name not in state or same(state[name], value), f"{name}\n{print_step(code)}"


def compare_all(program: Program, seed: int) -> None:
    """Flat with two choices of what is observed, and one machine for each node."""
    flat = inline(program)
    node = flat.node(flat.main)
    outputs = [o.name for o in node.outputs]
    choices: tuple[Observed, ...] = (Observe.OUTPUTS, Observe.ALL)
    for observe in choices:
        compare(program, lower(flat, observe), outputs + [v.name for v in observed(node, observe)], seed)
    compare(program, lower(inline_loops(program)), outputs, seed)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(0, 1000))
def test_random_programs(program: Program, seed: int) -> None:
    compare_all(infer_clocks(program), seed)


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_every_operator_on_every_type(program: Program) -> None:
    compare_all(infer_clocks(program), seed=1)


def test_the_operators_are_all_there() -> None:
    found = {e.rhs.op for p in PROGRAMS.values() for n in p.nodes for e in n.equations if hasattr(e.rhs, "op")}
    assert found == set(Op)


def long_program(count: int) -> Program:
    """A chain of filters on five rates, with registers all along it."""
    b = NodeBuilder("long")
    x, y = b.input("x", F32), b.input("y", F32)
    ticks = [b.wave(word((), (1,) + (0,) * k), name=f"c{k}") for k in range(1, 6)]
    for i in range(count):
        tick = ticks[i % 5]
        register, held = b.declare(f"r{i}", F32), b.declare(f"h{i}", F32)
        scaled = b.op(Op.MUL, b.op(Op.ADD, x, y), register)
        b.define(register, Fby(const(1.0, F32), scaled))
        slow = b.op(Op.MIN, b.when(scaled, tick), const(3.0, F32))
        x = b.merge(tick, (True, slow), (False, b.when(held, tick, False)))
        b.define(held, Fby(const(0.0, F32), x))
    return Program((b.node([x]),), "long")


def test_the_depth_of_a_program_is_no_limit() -> None:
    code = lower(infer_clocks(long_program(2500)))
    check_step(code)
    assert sum(len(m.state) for m in code.machines) == 5000 + 5


def test_a_chain_of_delays_and_of_copies_is_no_limit() -> None:
    b = NodeBuilder("delays")
    x = b.input("x", I32)
    for i in range(3000):
        x = b.op(Op.COPY, b.fby(const(i, I32), x))
    ring = [b.declare(f"ring{i}", I32) for i in range(3000)]
    for i, var in enumerate(ring):
        b.define(var, Fby(const(i, I32), ring[i - 1]))
    program = infer_clocks(Program((b.node([x, ring[7]]),), "delays"))
    code = lower(program)
    check_step(code)
    machine = StepMachine(code)
    assert machine.step(np.int32(5)) == [2999, 7]
    assert machine.step(np.int32(5)) == [2998, 6]


def test_the_order_does_not_depend_on_hashes() -> None:
    script = (
        "from tests.ir.step.test_differential import long_program\n"
        "from syncml.clock_calculus import infer_clocks\n"
        "from syncml.ir.step.lowering import lower\n"
        "from syncml.ir.step.pretty import print_step\n"
        "print(print_step(lower(infer_clocks(long_program(12)))))\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1

"""Random programs that look ahead, back and on slower clocks: the fixed point, the sweeps and C agree bit for bit."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from syncml.diagnostics import DiagnosticError
from syncml.export_c import compile_and_run
from syncml.ir.clocks import word
from syncml.ir.equations.check import check_program
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Apply, Fby, Pack, Post, Program, Schedule, Segment, Var
from syncml.ir.operators import Op
from syncml.ir.step.check import check_step
from syncml.ir.types import BOOL, F32, I32, TensorType
from syncml.pipeline import Checked, check, step_code, text
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.support.ir import NodeBuilder, const
from tests.support.programs import inputs_for

TICKS = 22
V2 = TensorType(F32, (2,))


@dataclass
class _Drawn:
    """A node under construction: its streams on the clock of the segment, and those on a slower one."""

    draw: Any
    b: NodeBuilder
    segment: Segment
    condition: Var
    fast: list[Var] = field(default_factory=list)
    slow: list[Var] = field(default_factory=list)
    open: list[tuple[Var, bool]] = field(default_factory=list)

    def pick(self, pool: list[Var], type_: Any) -> Any:
        found = [v for v in pool if v.type == type_]
        return self.draw(st.sampled_from(found)) if found and self.draw(st.integers(0, 5)) else _constant(type_)


def _constant(type_: Any) -> Any:
    return const(0.5, F32) if type_ == F32 else const([0.25, -2.0], F32)


def _step(d: _Drawn) -> None:
    slow = bool(d.slow) and d.draw(st.integers(0, 3)) == 0
    pool = d.slow if slow else d.fast
    x = d.draw(st.sampled_from(pool))
    kind = d.draw(st.sampled_from(("op", "op", "where", "delay", "ahead", "back loop", "loop ahead", "when", "merge")))
    b, first, last = d.b, d.segment.first, d.segment.last
    match kind:
        case "op":
            op = d.draw(st.sampled_from((Op.ADD, Op.SUB, Op.MUL, Op.MIN, Op.MAX)))
            pool.append(b.op(op, x, d.pick(pool, x.type)))
        case "where" if not slow:
            border = d.draw(st.sampled_from((first, last, d.condition)))
            pool.append(b.op(Op.WHERE, border, x, d.pick(pool, x.type)))
        case "delay":
            pool.append(b.define(b.fresh(x.type), Fby(_constant(x.type), x, (first,))))
        case "ahead":
            pool.append(b.define(b.fresh(x.type), Post(x, d.pick(pool, x.type), d.segment)))
        case "back loop" | "loop ahead" if not slow:
            memory, value = b.fresh(x.type), b.fresh(x.type)
            if kind == "back loop":
                b.define(memory, Fby(_constant(x.type), value, (first,)))
            else:
                b.define(memory, Post(value, d.pick(pool, x.type), d.segment))
            b.define(value, Apply(d.draw(st.sampled_from((Op.ADD, Op.MAX))), (x, memory)))
            pool.append(value)
        case "when" if not slow:
            d.slow.append(b.when(x, d.condition))
        case "merge" if slow:
            other = b.when(d.pick(d.fast, x.type), d.condition, False)
            d.fast.append(b.merge(d.condition, (True, x), (False, other)))
        case _:
            pass


@st.composite
def programs(draw: Any) -> Program:
    """One node with one segment, of a fixed length or of lengths that an input gives."""
    b = NodeBuilder("top")
    longest = draw(st.integers(1, 5))
    x, v, c, ends = b.input("x", F32), b.input("v", V2), b.input("c", BOOL), b.input("ends", BOOL)
    schedule = Schedule.BURST
    if draw(st.booleans()):
        schedule = draw(st.sampled_from((Schedule.BURST, *Schedule)))
        first = b.wave(word((), (1,) + (0,) * (longest - 1)), "first")
        last = b.wave(word((), (0,) * (longest - 1) + (1,)), "last")
    else:
        first, last, position = b.declare("first", BOOL), b.declare("last", BOOL), b.declare("position", I32)
        b.define(first, Fby(const(True, BOOL), last))
        b.define(position, Fby(const(0, I32), b.op(Op.ADD, position, const(1, I32)), (first,)))
        b.define(last, Apply(Op.OR, (ends, b.op(Op.EQ, position, const(longest - 1, I32)))))
    segment = Segment(first, last, longest, schedule)
    d = _Drawn(draw, b, segment, c, [x, v])
    for _ in range(draw(st.integers(3, 12))):
        _step(d)
    outputs = [b.op(Op.COPY, ends), last]
    for value in d.fast[-3:]:
        packed = TensorType(F32, (longest, *((2,) if value.type == V2 else ())))
        outputs.append(b.define(b.fresh(packed), Pack(value, segment)))
        if schedule is Schedule.BURST:
            outputs.append(b.when(value, last))
    return Program((b.node(outputs),), "top")


def _checked(drawn: Program) -> Checked:
    try:
        return check(drawn)
    except DiagnosticError as refused:
        assert {d.code for d in refused.diagnostics} <= {"K011", "K015"}
        assume(False)
        raise


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=list(HealthCheck), derandomize=False, database=None)
@given(drawn=programs(), seed=st.integers(0, 999), compiled=st.integers(0, 9))
def test_every_engine_agrees(drawn: Program, seed: int, compiled: int) -> None:
    checked = _checked(drawn)
    note(text(checked.program))
    check_program(checked.program)
    values = inputs_for(checked.program, TICKS, seed)
    expected = interpret(checked.program, values, TICKS).trace.only(tuple(v.name for v in checked.main.outputs))
    lowered = lower_segments(checked.program)
    check_program(lowered)
    assert first_difference(expected, interpret(lowered, values, TICKS).trace.only(_names(expected))) is None
    code = step_code(checked, flat=False)
    check_step(code)
    given_ = {v.name: c.values for v, c in prepare(checked.main, values, TICKS).items()}
    for compiler, level in (("gcc", "-O0"), ("gcc", "-O3"), ("clang", "-O3")):
        if shutil.which(compiler) is not None:
            found = compile_and_run(code, given_, TICKS, compiler, (level,)).outputs
            columns = tuple(Column(c.name, c.type, np.asarray(found[c.name]), c.present) for c in expected.columns)
            assert first_difference(expected, Trace(columns, TICKS)) is None
    if compiled == 0:
        trace = compile_program(checked.program).run(values, TICKS)
        assert first_difference(expected, trace.only(_names(expected))) is None


def _names(trace: Trace) -> tuple[str, ...]:
    return tuple(column.name for column in trace.columns)

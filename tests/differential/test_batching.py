"""A node applied to each element of an array is one operation on the array, bit for bit."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from syncml import Mat, Stream, Vec, constant, each, ensure, f32, node, pack, pre, segment, shared, tanh, unpack, window
from syncml.export_c import compile_and_run
from syncml.ir.equations.batching import batch
from syncml.ir.equations.check import check_program
from syncml.ir.equations.folding import Fold
from syncml.ir.equations.syntax import Iterate, Program
from syncml.ir.operators import Op
from syncml.ir.types import TensorType
from syncml.ir.typing_rules import OperatorTypeError
from syncml.lang.load import program_of
from syncml.pipeline import Checked, check, folded, step_code, text
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference
from tests.support.engines import assert_same, outputs_of
from tests.support.ir import NodeBuilder
from tests.support.programs import Draw, inputs_for
from tests.support.windows import ELEMENTS, Drawn, step

TICKS = 8


def always(_node: object, _rhs: object) -> bool:
    return True


def arrays(program: Program) -> int:
    return sum(isinstance(e.rhs, Iterate) for n in program.nodes for e in n.equations)


@st.composite
def mapped(draw: Draw) -> Program:
    """A node of random operations, for each of several values."""
    callee = NodeBuilder("one")
    drawn = Drawn(draw, callee)
    kind = drawn.pick(ELEMENTS)
    extents = drawn.pick(((4,), (6,), (3, 4)))
    drawn.pool.append(callee.input("x", TensorType(kind, extents)))
    gain = callee.input("gain", kind)
    for _ in range(draw(st.integers(1, 6))):
        x = drawn.pick(drawn.pool[-3:])
        try:
            step(drawn, x, gain)
        except OperatorTypeError:
            continue
    one = callee.node([callee.op(Op.COPY, drawn.pool[-1], name="y")])
    b = NodeBuilder("top")
    count = draw(st.integers(1, 5))
    xs, common = b.input("xs", TensorType(kind, (count, *extents))), b.input("gain", kind)
    outputs = b.iterate(one, xs, common, extent=count, shared=frozenset({1}))
    return Program((one, b.node([b.op(Op.COPY, o, name=f"z{i}") for i, o in enumerate(outputs)])), "top")


@settings(max_examples=80, suppress_health_check=list(HealthCheck), deadline=None)
@given(drawn=mapped(), seed=st.integers(0, 2**16))
def test_the_interpreter_sees_no_difference(drawn: Program, seed: int) -> None:
    checked = check(drawn)
    note(text(checked.program))
    found = batch(checked.program, always)
    note(text(found))
    check_program(found)
    values = inputs_for(checked.program, TICKS, seed)
    run = interpret(checked.program, values, TICKS)
    names = tuple(v.name for v in checked.main.outputs)
    again = interpret(found, values, TICKS)
    assert first_difference(run.trace.only(names), again.trace.only(names)) is None


WEIGHT = constant(np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32), name="weight")


@node
def layer(x: Stream[Vec[L[4]]], gain: Stream[f32]) -> Stream[Vec[L[5]]]:
    return tanh(WEIGHT @ x) * gain


def test_a_network_on_a_packed_segment_is_one_product_of_matrices() -> None:
    """The first law of time and space: a network at each instant is the batch of a segment, a segment later."""

    @node
    def main(x: Stream[Vec[L[4]]]) -> tuple[Stream[Any], Stream[Any]]:
        at_once = layer(x, constant(2.0))
        with segment(every=6):
            batched = unpack(each(layer)(pack(x), shared(constant(2.0))))
            late = unpack(pack(at_once))
        return batched, late

    checked = check(program_of(main))
    program = batch(checked.program, always)
    assert (arrays(checked.program), arrays(program)) == (1, 0)
    assert any("einsum" in line and "f32[6, 5]" in line for line in text(program).splitlines())
    values = inputs_for(checked.program, 20, 1)
    run = interpret(program, values, 20)
    batched, late = (run.trace.column(v.name).values for v in checked.main.outputs)
    assert batched.tobytes() == late.tobytes()
    inputs = {v.name: c.values for v, c in prepare(checked.main, values, 20).items()}
    code = step_code(Checked(program), flat=False)
    assert_same(outputs_of(run, checked), compile_and_run(code, inputs, 20, "gcc", ("-O2",)).outputs)


def test_a_node_for_each_value_of_a_window_is_folded() -> None:
    @node
    def main(x: Stream[Vec[L[4]]]) -> Stream[Mat[L[7], L[5]]]:
        return each(layer)(window(x, 9), shared(constant(0.5))).windows(3).max(axis=1)

    checked = check(program_of(main))
    found = folded(checked, Fold.AUTO)
    assert [(s.columns, s.computed, s.kept) for s in found.shared if s.kept] == [(9, 1, 2), (7, 1, 6)]
    values = inputs_for(checked.program, 14, 2)
    runs = [interpret(p, values, 14).trace.only(("out",)) for p in (checked.program, found.program)]
    assert first_difference(*runs) is None


def test_what_remembers_stays() -> None:
    """A node with a state, and one with a clause, are instances."""

    @node
    def change(x: Stream[f32]) -> Stream[f32]:
        return x - pre(x, init=0.0)

    @node
    def bounded(x: Stream[f32]) -> Stream[f32]:
        ensure(x < 1.0e9)
        return x

    @node
    def main(x: Stream[Vec[L[4]]]) -> tuple[Stream[Any], Stream[Any]]:
        return each(change)(x), each(bounded)(x)

    checked = check(program_of(main))
    assert arrays(batch(checked.program, always)) == 2

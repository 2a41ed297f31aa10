"""Well-formedness: each rule is violated once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from syncml.clock_calculus import infer_clocks
from syncml.diagnostics import InternalFault
from syncml.ir.clocks import BASE, On, every, word
from syncml.ir.equations.check import check_program
from syncml.ir.equations.syntax import Apply, Call, Equation, Fby, Merge, Node, Program, Property, PropertyKind, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F32, F64, I32
from tests.support.ir import NodeBuilder, const

ZERO = const(0.0, F32)
Wrong = Callable[[NodeBuilder], object]


def parts() -> tuple[NodeBuilder, Node]:
    """A node with an input x, a condition c and a call, and its callee."""
    f = NodeBuilder("f")
    callee = f.node([f.op(Op.NEG, f.input("u", F32))])
    b = NodeBuilder("n")
    x = b.input("x", F32)
    c = b.input("c", BOOL)
    b.when(x, c, name="sampled")
    b.call(callee, x, instance="only")
    return b, callee


def test_a_sound_program_passes_with_and_without_clocks() -> None:
    b, callee = parts()
    program = Program((callee, b.node(b.inputs)), "n")
    check_program(program)
    check_program(infer_clocks(program))


def raw(b: NodeBuilder, rhs: object, type_: object = F32) -> None:
    b.define(b.declare("wrong", type_), rhs)


CASES: dict[str, tuple[Wrong, str]] = {
    "undefined": (lambda b: raw(b, Fby(ZERO, b.declare("nowhere", F32))), "nowhere, which is not defined"),
    "twice": (lambda b: b.define(b.inputs[0], Fby(ZERO, ZERO)), "two streams are called x"),
    "same name": (lambda b: b.op(Op.NEG, b.inputs[0], name="x"), "two streams are called x"),
    "instance": (lambda b: b.equations.append(replace(b.equations[-1], targets=(b.declare("o", F32),))),
                 "two instances are called only"),
    "operator": (lambda b: raw(b, Apply(Op.NOT, (b.inputs[0],))), "not does not apply to f32"),
    "arity": (lambda b: raw(b, Apply(Op.WHERE, ())), "wrong: where"),
    "result": (lambda b: raw(b, Apply(Op.NEG, (b.inputs[0],)), F64), "wrong is f64 but its definition is f32"),
    "delay": (lambda b: raw(b, Fby(None, b.inputs[0]), I32), "the delayed stream is f32"),
    "first": (lambda b: raw(b, Fby(const(0, I32), b.inputs[0])), "the first value is i32"),
    "sampled": (lambda b: raw(b, When(b.inputs[0], b.inputs[1], True), F64), "the sampled stream is f32"),
    "constructor": (lambda b: raw(b, When(b.inputs[0], b.inputs[1], "ON")), "bool has no constructor ON"),
    "condition": (lambda b: raw(b, When(b.inputs[0], b.inputs[0], True)), "the condition x is f32"),
    "branches": (lambda b: raw(b, Merge(b.inputs[1], ((True, ZERO), (True, ZERO)))), "has the branches"),
    "branch": (lambda b: raw(b, Merge(b.inputs[1], ((True, ZERO), (False, const(0, I32))))), "a branch is i32"),
    "callee": (lambda b: raw(b, Call("g", (), "g0")), "calls g, which does not come before it"),
    "argument": (lambda b: raw(b, Call("f", (b.inputs[1],), "f0")), "the arguments do not have the types"),
    "targets": (lambda b: b.equations.append(Equation((), Call("f", (ZERO,), "f0"), b.span())), "the targets do not"),
    "no target": (lambda b: b.equations.append(Equation((), Fby(ZERO, ZERO), b.span())), "has 0 targets"),
    "contract": (lambda b: b.properties.append(Property(PropertyKind.ENSURE, "p", b.inputs[0], b.span())),
                 "the contract p is f32"),
    "rate": (lambda b: setattr(b, "rate", Fraction(0)), "the rate 0 is not positive"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_violation_is_an_internal_fault(case: str) -> None:
    wrong, message = CASES[case]
    b, callee = parts()
    wrong(b)
    with pytest.raises(InternalFault, match=r"node n: ") as caught:
        check_program(Program((callee, b.node([b.inputs[0]])), "n"))
    assert message in str(caught.value)


def test_an_output_is_defined() -> None:
    b, callee = parts()
    with pytest.raises(InternalFault, match="nowhere is not defined"):
        check_program(Program((callee, b.node([b.declare("nowhere", F32)])), "n"))


def test_nodes_come_after_their_callees_and_the_main_node_last() -> None:
    b, callee = parts()
    node = b.node([b.inputs[0]])
    with pytest.raises(InternalFault, match="does not come before"):
        check_program(Program((node, callee), "f"))
    with pytest.raises(InternalFault, match="not the last"):
        check_program(Program((callee, node), "f"))
    with pytest.raises(InternalFault, match="two nodes are called f"):
        check_program(Program((callee, callee, node), "n"))


def clocked() -> Program:
    b, callee = parts()
    merged = b.merge(b.inputs[1], (True, b.equations[0].target), (False, ZERO), name="merged")
    b.fby(ZERO, merged, name="late")
    return infer_clocks(Program((callee, b.node(b.inputs)), "n"))


@pytest.mark.parametrize("target", ["sampled", "f_1_t1", "merged", "late"])
def test_an_equation_on_a_wrong_clock(target: str) -> None:
    program = clocked()
    node = program.node("n")
    index = next(i for i, e in enumerate(node.equations) if target in (e.targets[0].name, "f_1_t1") and _is(e, target))
    wrong = replace(node.equations[index], clock=every(BASE, word((), (1, 0))))
    equations = (*node.equations[:index], wrong, *node.equations[index + 1 :])
    with pytest.raises(InternalFault, match="is on clock"):
        check_program(replace(program, nodes=(program.nodes[0], replace(node, equations=equations))))


def _is(equation: Equation, target: str) -> bool:
    return isinstance(equation.rhs, Call) if target == "f_1_t1" else equation.targets[0].name == target


def test_a_stream_on_a_wrong_clock() -> None:
    program = clocked()
    node = program.node("n")
    x, c = node.inputs
    with pytest.raises(InternalFault, match="x is on clock base on c where base is needed"):
        changed = replace(node, clocks={**node.clocks, x: On(BASE, c, True)})
        check_program(replace(program, nodes=(program.nodes[0], changed)))


def test_clocks_are_total() -> None:
    program = clocked()
    node = program.node("n")
    without = {v: k for v, k in node.clocks.items() if v.name != "x"}
    with pytest.raises(InternalFault, match="x has no clock"):
        check_program(replace(program, nodes=(program.nodes[0], replace(node, clocks=without))))
    some = (replace(node.equations[0], clock=None), *node.equations[1:])
    with pytest.raises(InternalFault, match="some have none"):
        check_program(replace(program, nodes=(program.nodes[0], replace(node, equations=some))))

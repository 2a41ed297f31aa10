"""Inlining keeps every trace, and puts clocks and contracts in their place."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings

from syncml.clock_calculus import infer_clocks
from syncml.ir.clocks import BASE, every, word
from syncml.ir.equations.check import check_program
from syncml.ir.equations.inline import inline, inline_where
from syncml.ir.equations.syntax import Call, Fby, Node, Program, PropertyKind, Var
from syncml.ir.equations.unroll import unroll
from syncml.ir.operators import Op
from syncml.ir.types import F32, I32
from syncml.sim.interpreter import Interpreter, interpret
from syncml.sim.trace import first_difference
from tests.support.ir import NodeBuilder, const
from tests.support.programs import inputs_for, programs


def counter() -> Node:
    b = NodeBuilder("counter")
    n = b.declare("n", I32)
    b.define(n, Fby(const(0, I32), b.op(Op.ADD, n, const(1, I32))))
    b.property(PropertyKind.ENSURE, "positive", b.op(Op.GE, n, const(0, I32)))
    return b.node([n])


def program() -> Program:
    inner = counter()
    m = NodeBuilder("middle")
    x = m.input("x", F32)
    (n,) = m.call(inner, instance="k")
    middle = m.node([n, x])
    b = NodeBuilder("top", Fraction(100))
    x = b.input("x", F32)
    slow = b.when(x, b.wave(word((), (1, 0))))
    n, y = b.call(middle, slow, instance="m")
    return infer_clocks(Program((inner, middle, b.node([n, y])), "top"))


def variable(node: Node, name: str) -> Var:
    return next(v for v in node.clocks if v.name == name)


def test_locals_get_the_path_and_the_clock_of_their_instance() -> None:
    flat = inline(program())
    check_program(flat)
    (node,) = flat.nodes
    assert not any(isinstance(e.rhs, Call) for e in node.equations)
    register = next(e.target for e in node.equations if isinstance(e.rhs, Fby))
    assert register.name == "m.k.n"
    assert node.clocks[register] == every(BASE, word((), (1, 0)))


def test_contracts_come_along_with_their_path() -> None:
    (clause,) = inline(program()).nodes[0].properties
    assert (clause.name, clause.instance) == ("positive", "m.k")


def test_kept_nodes_stay_calls() -> None:
    flat = inline(program(), frozenset({"counter"}))
    check_program(flat)
    assert [n.name for n in flat.nodes] == ["counter", "top"]
    (call,) = [e.rhs for e in flat.node("top").equations if isinstance(e.rhs, Call)]
    assert (call.node, call.instance) == ("counter", "m.k")


@settings(max_examples=40)
@given(programs())
def test_inlining_in_two_steps_is_inlining_at_once(drawn: Program) -> None:
    clocked = infer_clocks(drawn)
    twice = inline(inline_where(unroll(clocked), lambda caller, _: caller.name != "top"))
    check_program(twice)
    values = inputs_for(clocked, 8, 3)
    outputs = tuple(dict.fromkeys(v.name for v in clocked.node("top").outputs))
    once = interpret(clocked, values, 8).trace.only(outputs)
    assert first_difference(once, Interpreter(twice.node("top")).run(values, 8).trace.only(outputs)) is None

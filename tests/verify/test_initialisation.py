"""Initialisation: which undefined first values matter."""

from __future__ import annotations

import pytest

from syncml.clock_calculus import infer_clocks
from syncml.diagnostics import Diagnostic, DiagnosticError
from syncml.ir.clocks import word
from syncml.ir.equations.syntax import Apply, Fby, Node, Program, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F32
from syncml.verify.initialisation import check_initialisation
from tests.support.ir import NodeBuilder, const

ZERO, ONE = const(0.0, F32), const(1.0, F32)
TRUE, FALSE = const(True, BOOL), const(False, BOOL)


def check(*nodes: Node) -> tuple[Diagnostic, ...]:
    """The faults of a program; none if it is initialised."""
    program = infer_clocks(Program(nodes, nodes[-1].name))
    try:
        check_initialisation(program)
    except DiagnosticError as fault:
        return fault.diagnostics
    return ()


def pre(b: NodeBuilder, x: Var) -> Var:
    return b.fby(None, x)


def first(b: NodeBuilder) -> Var:
    return b.fby(TRUE, FALSE)


def arrow(b: NodeBuilder, start: Var, after: Var, name: str = "") -> Var:
    return b.op(Op.WHERE, first(b), start, after, name=name)


def test_an_initialised_delay_is_defined() -> None:
    b = NodeBuilder("n")
    assert check(b.node([b.fby(ZERO, b.input("x", F32))])) == ()


def test_a_bare_pre_must_not_reach_an_output() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    d = b.op(Op.SUB, x, pre(b, x), name="d")
    (fault,) = check(b.node([d]))
    assert fault.code == "I001"
    assert fault.message == "`pre(x)` is undefined at its first instant and reaches output `d`"
    assert fault.span == b.equations[0].span
    assert [label.span for label in fault.secondary] == [d.span]
    assert fault.help == "give a first value, `pre(x, init=...)`, or one in front: `arrow(..., pre(x))`"


def test_arrow_hides_the_first_instant() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    assert check(b.node([arrow(b, x, pre(b, x))])) == ()


def test_arrow_does_not_hide_its_own_first_value() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    assert len(check(b.node([arrow(b, pre(b, x), x)]))) == 1


def test_a_condition_that_is_known_to_be_false_at_first_selects_the_other_side() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    later = b.op(Op.NOT, first(b))
    assert check(b.node([b.op(Op.WHERE, later, pre(b, x), x)])) == ()
    assert len(check(b.node([b.op(Op.WHERE, later, x, pre(b, x))]))) == 1


def test_two_delays_need_an_arrow_between_them() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    assert len(check(b.node([arrow(b, x, pre(b, pre(b, x)))]))) == 1
    b = NodeBuilder("n")
    x = b.input("x", F32)
    assert check(b.node([arrow(b, x, pre(b, arrow(b, x, pre(b, x))))])) == ()


def test_the_next_value_of_a_state_is_defined() -> None:
    b = NodeBuilder("n")
    x, total = b.input("x", F32), b.declare("total", F32)
    change = b.op(Op.SUB, x, pre(b, x))
    b.define(total, Fby(ZERO, b.op(Op.ADD, total, change)))
    (fault,) = check(b.node([total]))
    assert "the next value of `total`" in fault.message


def test_a_contract_is_defined() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    b.property(PropertyKind.ENSURE, "rising", b.op(Op.GE, x, pre(b, x)))
    (fault,) = check(b.node([x]))
    assert "the contract 'rising'" in fault.message


def test_a_condition_is_defined() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    c = b.op(Op.GT, pre(b, x), ZERO)
    (fault,) = check(b.node([b.merge(c, (True, b.when(x, c)), (False, b.when(x, c, False)))]))
    assert "a condition" in fault.message


def test_a_branch_that_may_come_later_is_defined() -> None:
    b = NodeBuilder("n")
    x, c = b.input("x", F32), b.input("c", BOOL)
    (fault,) = check(b.node([b.merge(c, (True, b.when(pre(b, x), c)), (False, ZERO))]))
    assert "branch" in fault.message


def test_periodic_branches_are_told_apart_by_their_first_letter() -> None:
    def program(letters: tuple[int, ...]) -> Node:
        b = NodeBuilder("n")
        x = b.input("x", F32)
        wave = b.wave(word((), letters))
        late = b.when(pre(b, x), wave)
        return b.node([arrow(b, x, b.merge(wave, (True, late), (False, b.when(x, wave, False))))])

    # Present at first: undefined at the first instant only, which arrow hides.
    assert check(program((1, 0))) == ()
    # Not present at first: sampling has skipped the undefined value.
    assert check(program((0, 1))) == ()


def test_a_slow_pre_in_a_branch_that_comes_later_is_undefined_there() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    wave = b.wave(word((), (0, 1)))
    late = pre(b, b.when(x, wave))
    merged = b.merge(wave, (True, late), (False, b.when(x, wave, False)))
    assert len(check(b.node([arrow(b, x, merged)]))) == 1


def difference() -> Node:
    """x - pre x, and twice x."""
    f = NodeBuilder("f")
    x = f.input("x", F32)
    return f.node([f.op(Op.SUB, x, pre(f, x)), f.op(Op.MUL, x, const(2.0, F32))])


def test_a_callee_may_leave_its_first_output_undefined_if_the_caller_hides_it() -> None:
    f = difference()
    b = NodeBuilder("n")
    x = b.input("x", F32)
    change, twice = b.call(f, x)
    assert check(f, b.node([arrow(b, x, change), twice])) == ()


def test_the_cause_inside_of_a_callee_is_reported() -> None:
    f = difference()
    b = NodeBuilder("n")
    change, _ = b.call(f, b.input("x", F32))
    (fault,) = check(f, b.node([b.op(Op.ADD, change, ONE, name="y")]))
    assert fault.span is not None
    assert (fault.span.file, "output `y`" in fault.message) == ("f.py", True)


def test_undefined_arguments_reach_the_outputs_that_need_them() -> None:
    f = difference()
    g = NodeBuilder("g")
    u = g.input("u", F32)
    halves = g.node([g.op(Op.MUL, u, const(0.5, F32)), g.fby(ZERO, ONE)])
    b = NodeBuilder("n")
    x = b.input("x", F32)
    half, constant = b.call(halves, pre(b, x))
    assert check(f, halves, b.node([arrow(b, x, half), constant])) == ()
    assert len(check(f, halves, b.node([half]))) == 1


def test_an_input_that_a_callee_stores_has_to_be_defined() -> None:
    g = NodeBuilder("g")
    keeper = g.node([g.fby(ZERO, g.input("u", F32), name="kept")])
    b = NodeBuilder("n")
    x = b.input("x", F32)
    (fault,) = check(keeper, b.node(b.call(keeper, pre(b, x))))
    assert fault.message == "`pre(x)` is undefined at its first instant and reaches the next value of `kept`"
    assert [label.span.file for label in fault.secondary] == ["g.py"]


def test_every_cause_is_reported() -> None:
    b = NodeBuilder("n")
    x, y = b.input("x", F32), b.input("y", F32)
    found = check(b.node([b.op(Op.ADD, pre(b, x), pre(b, y))]))
    assert [f.message.split("`")[1] for f in found] == ["pre(x)", "pre(y)"]


def test_a_loop_through_bare_delays_is_followed_to_its_end() -> None:
    b = NodeBuilder("n")
    x, y = b.declare("x", F32), b.declare("y", F32)
    b.define(x, Apply(Op.ADD, (pre(b, y), ONE)))
    b.define(y, Apply(Op.ADD, (x, ONE)))
    assert {f.code for f in check(b.node([y]))} == {"I001"}


@pytest.mark.parametrize("length", [5000])
def test_long_chains_do_not_recurse(length: int) -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    y = pre(b, x)
    for _ in range(length):
        y = b.op(Op.ADD, y, ONE)
    assert len(check(b.node([y]))) == 1

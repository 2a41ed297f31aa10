"""Causality: which loops are loops within an instant, and how one is reported."""

from __future__ import annotations

import pytest

from syncml.clock_calculus import infer_clocks
from syncml.diagnostics import Diagnostic, DiagnosticError
from syncml.ir.constants import Const
from syncml.ir.equations.exclusive import split_exclusive
from syncml.ir.equations.syntax import Apply, Call, Equation, Merge, Node, Program, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F32
from syncml.verify.causality import check_causality
from tests.support.ir import NodeBuilder, const

ZERO: Const = const(0.0, F32)
ONE: Const = const(1.0, F32)


def clocked(*nodes: Node) -> Program:
    return split_exclusive(infer_clocks(Program(nodes, nodes[-1].name)))


def faults(*nodes: Node) -> tuple[Diagnostic, ...]:
    program = clocked(*nodes)
    with pytest.raises(DiagnosticError) as caught:
        check_causality(program)
    return caught.value.diagnostics


def direct_and_delayed() -> Node:
    """Outputs: 2a + 1, and the previous b."""
    f = NodeBuilder("f")
    a, b = f.input("a", F32), f.input("b", F32)
    twice = f.op(Op.MUL, a, const(2.0, F32), name="twice")
    return f.node([f.op(Op.ADD, twice, ONE, name="more"), f.fby(ZERO, b, name="late")])


def copy(b: NodeBuilder, target: Var, source: Var) -> None:
    b.define(target, Apply(Op.COPY, (source,)))


def test_ranks_decrease_along_every_dependency() -> None:
    b = NodeBuilder("n")
    x, c = b.input("x", F32), b.input("c", BOOL)
    y = b.op(Op.ADD, x, ONE, name="y")
    z = b.when(y, c, name="z")
    program = clocked(b.node([c, z]))
    ranks = check_causality(program).ranks["n"]
    assert (ranks[x], ranks[y], ranks[z]) == (0, 1, 2)


def test_a_delay_breaks_a_loop() -> None:
    b = NodeBuilder("n")
    total = b.declare("total", F32)
    before = b.fby(ZERO, total)
    b.define(total, Apply(Op.ADD, (before, b.input("x", F32))))
    check_causality(clocked(b.node([total])))


def test_a_loop_without_a_delay_is_reported_with_each_step_and_the_place_to_cut() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    back = b.declare("back", F32)
    error = b.op(Op.SUB, x, back, name="error")
    half = b.op(Op.MUL, error, const(0.5, F32))
    copy(b, back, half)
    (fault,) = faults(b.node([error]))
    assert fault.code == "K001"
    assert fault.message == "`back` depends on itself within one instant: `back` -> `error` -> `back`"
    assert fault.primary is not None
    texts = [fault.primary.text, *(label.text for label in fault.secondary)]
    assert texts == [
        f"1: `back` is the value of line {half.span.line}",
        "2: this value needs `error`",
        "3: `error` needs `back`",
    ]
    spans = [b.equations[2].span, b.equations[1].span, b.equations[0].span]
    assert [fault.primary.span, *(label.span for label in fault.secondary)] == spans
    assert fault.help == "delay it by one instant: write `pre(back, init=...)` where `error` reads it"


def test_a_stream_that_reads_itself() -> None:
    b = NodeBuilder("n")
    x = b.declare("x", F32)
    b.define(x, Apply(Op.ADD, (x, ONE)))
    (fault,) = faults(b.node([x]))
    assert fault.message == "`x` depends on itself within one instant: `x` -> `x`"
    assert fault.help == "delay it by one instant: write `pre(x, init=...)`"


def test_a_loop_through_a_delayed_output_of_a_call_is_none() -> None:
    f = direct_and_delayed()
    b = NodeBuilder("n")
    x, back = b.input("x", F32), b.declare("back", F32)
    error = b.op(Op.SUB, x, back, name="error")
    more, late = b.call(f, x, error)
    copy(b, back, late)
    report = check_causality(clocked(f, b.node([more])))
    assert report.summaries["f"] == (frozenset({0}), frozenset())


def test_a_loop_through_a_call_is_followed_into_the_callee() -> None:
    f = direct_and_delayed()
    b = NodeBuilder("n")
    x, back = b.input("x", F32), b.declare("back", F32)
    error = b.op(Op.SUB, x, back, name="error")
    more, late = b.call(f, error, x)
    copy(b, back, more)
    (fault,) = faults(f, b.node([late]))
    inside = [(label.span.file, label.text) for label in fault.secondary if label.span.file == "f.py"]
    assert inside == [
        ("f.py", "2: inside `f`, `more` needs `twice`"),
        ("f.py", "2: inside `f`, `twice` needs `a`"),
    ]
    assert any("needs `error` through `f`" in label.text for label in fault.secondary)


def test_a_loop_is_followed_through_calls_in_calls() -> None:
    f = direct_and_delayed()
    g = NodeBuilder("g")
    u = g.input("u", F32)
    wrapper = g.node([g.call(f, u, u)[0]])
    b = NodeBuilder("n")
    back = b.declare("back", F32)
    (result,) = b.call(wrapper, back)
    copy(b, back, result)
    (fault,) = faults(f, wrapper, b.node([back]))
    texts = [label.text for label in fault.secondary]
    assert "2: inside `g`, inside `f`, `twice` needs `a`" in texts


def test_a_condition_is_needed_by_what_it_makes_present() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    c = b.declare("c", BOOL)
    y = b.merge(c, (True, b.fby(ZERO, b.when(x, c))), (False, ZERO), name="y")
    b.define(c, Apply(Op.GT, (y, ZERO)))
    (fault,) = faults(b.node([y]))
    assert "`c`" in fault.message


def test_the_reported_cycle_is_a_shortest_one() -> None:
    b = NodeBuilder("n")
    ring = [b.declare(f"r{i}", F32) for i in range(6)]
    for i, var in enumerate(ring):
        extra = ring[(i + 3) % 6] if i == 2 else ONE
        b.define(var, Apply(Op.ADD, (ring[(i + 1) % 6], extra)))
    (fault,) = faults(b.node([ring[0]]))
    assert len(fault.secondary) + 1 == 4
    assert "r3" not in fault.message


def test_each_group_is_reported() -> None:
    b = NodeBuilder("n")
    x, y = b.declare("x", F32), b.declare("y", F32)
    b.define(x, Apply(Op.ADD, (x, ONE)))
    b.define(y, Apply(Op.ADD, (y, x)))
    assert len(faults(b.node([y]))) == 2


def test_the_cut_breaks_all_cycles_at_once_where_one_place_does() -> None:
    b = NodeBuilder("n")
    hub, left, right = (b.declare(name, F32) for name in ("hub", "left", "right"))
    # Read before they are defined are left and right, but only a delay of hub breaks both loops.
    b.define(hub, Apply(Op.ADD, (left, right)))
    b.define(left, Apply(Op.ADD, (hub, ONE)))
    b.define(right, Apply(Op.ADD, (hub, ONE)))
    (fault,) = faults(b.node([hub]))
    assert fault.help is not None
    assert "pre(hub, init=...)" in fault.help


def opposite(call_between: bool) -> tuple[Node, ...]:
    """In one mode b needs a, in the other a needs b."""
    inner = NodeBuilder("inner")
    callee = inner.node([inner.op(Op.ADD, inner.input("u", F32), ONE)])
    b = NodeBuilder("n")
    x, c = b.input("x", F32), b.input("c", BOOL)
    first, second = b.declare("first", F32), b.declare("second", F32)
    through = b.call(callee, first)[0] if call_between else first
    b.define(second, Merge(c, ((True, b.when(through, c)), (False, b.when(x, c, False)))))
    b.define(first, Merge(c, ((True, b.when(x, c)), (False, b.when(second, c, False)))))
    return callee, b.node([first, second])


def test_opposite_orders_in_different_modes_are_causal() -> None:
    check_causality(clocked(*opposite(call_between=False)))


def test_opposite_orders_around_a_call_are_refused_and_the_reason_is_told() -> None:
    (fault,) = faults(*opposite(call_between=True))
    assert fault.notes == (
        "its steps are never active together, but they do not fit one order for each mode: a call is among them",
    )


def test_a_loop_within_one_mode_is_a_loop() -> None:
    b = NodeBuilder("n")
    x, c = b.input("x", F32), b.input("c", BOOL)
    first, second = b.declare("first", F32), b.declare("second", F32)
    b.define(second, Merge(c, ((True, b.when(first, c)), (False, b.when(x, c, False)))))
    b.define(first, Merge(c, ((True, b.when(second, c)), (False, b.when(x, c, False)))))
    (fault,) = faults(b.node([first]))
    assert fault.notes == ()


def test_a_long_cycle_is_shown_in_part() -> None:
    b = NodeBuilder("n")
    ring = [b.declare(f"r{i}", F32) for i in range(3000)]
    for var, following in zip(ring, [*ring[1:], ring[0]], strict=True):
        b.define(var, Apply(Op.ADD, (following, ONE)))
    (fault,) = faults(b.node([ring[0]]))
    assert len(fault.secondary) <= 24
    assert fault.notes == ("2975 of the 3000 steps are not shown",)


def test_a_call_without_arguments_or_outputs_is_no_dependency() -> None:
    source = NodeBuilder("source")
    made = source.declare("made", F32)
    source.define(made, Apply(Op.COPY, (ONE,)))
    emitter = source.node([made])
    sink = NodeBuilder("sink")
    sink.input("u", F32)
    absorber = sink.node([])
    b = NodeBuilder("n")
    (value,) = b.call(emitter)
    b.equations.append(Equation((), Call("sink", (value,), "s"), b.span()))
    report = check_causality(clocked(emitter, absorber, b.node([value])))
    assert report.summaries == {"source": (frozenset(),), "sink": (), "n": (frozenset(),)}

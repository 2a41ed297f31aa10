"""Instantaneous dependencies, and the calls that have to be inlined so that steps can be ordered."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from syncml.clock_calculus import infer_clocks
from syncml.diagnostics import InternalFault
from syncml.ir.equations.dependencies import calls_to_inline, condition_of, dependencies_of, summaries_of
from syncml.ir.equations.inline import inline, inline_loops
from syncml.ir.equations.syntax import Apply, Call, Node, Program, resets
from syncml.ir.graphs import cycles
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F32
from tests.support.ir import NodeBuilder, const
from tests.support.programs import programs

ZERO, ONE = const(0.0, F32), const(1.0, F32)


def leaf() -> Node:
    """Outputs: a + 1 at once, b one instant later."""
    f = NodeBuilder("leaf")
    a, b = f.input("a", F32), f.input("b", F32)
    return f.node([f.op(Op.ADD, a, ONE), f.fby(ZERO, b)])


def clocked(*nodes: Node) -> Program:
    return infer_clocks(Program(nodes, nodes[-1].name))


def needs(program: Program, name: str) -> dict[str, set[str]]:
    found = dependencies_of(program.node(name), summaries_of(program))
    return {v.name: {found.streams[n].name for n in found.needs[i]} for i, v in enumerate(found.streams)}


def test_what_each_kind_of_equation_needs() -> None:
    f = leaf()
    b = NodeBuilder("n")
    x, c = b.input("x", F32), b.input("c", BOOL)
    slow = b.when(x, c, name="slow")
    b.fby(ZERO, slow, name="late")
    b.fby(ZERO, x, name="free")
    y = b.merge(c, (True, slow), (False, ZERO), name="y")
    b.call(f, x, y, instance="i")
    found = needs(clocked(f, b.node([y])), "n")
    assert found == {
        "x": set(), "c": set(), "slow": {"x", "c"}, "late": {"c"}, "free": set(), "y": {"c", "slow"},
        "i_t1": {"x"}, "i_t2": set(),
    }  # fmt: skip


def test_the_innermost_condition_decides() -> None:
    b = NodeBuilder("n")
    x, c, d = b.input("x", F32), b.input("c", BOOL), b.input("d", BOOL)
    inner = b.when(d, c, name="inner")
    y = b.when(b.when(x, c), inner, name="y")
    program = clocked(b.node([c, inner, y]))
    assert condition_of(program.nodes[0].clocks[y]) is inner


def test_summaries_follow_needs_through_calls() -> None:
    f = leaf()
    g = NodeBuilder("g")
    u, v = g.input("u", F32), g.input("v", F32)
    now, late = g.call(f, u, v)
    both = g.op(Op.ADD, now, v)
    program = clocked(f, g.node([now, late, both, u]))
    assert summaries_of(program)["g"] == (frozenset({0}), frozenset(), frozenset({0, 1}), frozenset({0}))


def feedback(f: Node) -> Node:
    """A call whose delayed output is needed for the argument of its direct one."""
    b = NodeBuilder("top")
    x, back = b.input("x", F32), b.declare("back", F32)
    now, late = b.call(f, b.op(Op.SUB, x, back), x, instance="looped")
    b.define(back, Apply(Op.COPY, (late,)))
    b.call(f, now, x, instance="straight")
    return b.node([now])


def test_only_calls_in_a_loop_are_inlined() -> None:
    f = leaf()
    program = clocked(f, feedback(f))
    assert calls_to_inline(program) == {"top": frozenset({"looped"})}
    result = inline_loops(program)
    assert [e.rhs.instance for e in result.node("top").equations if isinstance(e.rhs, Call)] == ["straight"]
    assert calls_to_inline(result) == {}


def test_the_smaller_of_two_calls_in_a_loop_is_inlined() -> None:
    f = leaf()
    h = NodeBuilder("large")
    a, b = h.input("a", F32), h.input("b", F32)
    now, late = h.call(f, a, b)
    large = h.node([h.op(Op.ADD, now, ONE), late])
    t = NodeBuilder("top")
    x = t.input("x", F32)
    back, forth = t.declare("back", F32), t.declare("forth", F32)
    _, late = t.call(large, x, back, instance="big")
    t.define(forth, Apply(Op.COPY, (late,)))
    _, late = t.call(f, x, forth, instance="small")
    t.define(back, Apply(Op.COPY, (late,)))
    assert calls_to_inline(clocked(f, large, t.node([back])))["top"] == frozenset({"small"})


def test_a_program_that_is_not_causal_has_no_order() -> None:
    f = leaf()
    b = NodeBuilder("top")
    back = b.declare("back", F32)
    now, _ = b.call(f, back, ONE)
    b.define(back, Apply(Op.COPY, (now,)))
    with pytest.raises(InternalFault, match="cycle"):
        calls_to_inline(clocked(f, b.node([back])))


@settings(suppress_health_check=list(HealthCheck), max_examples=40)
@given(programs(16))
def test_summaries_are_exact_without_resets_and_inlining_what_is_asked_for_ends(program: Program) -> None:
    program = infer_clocks(program)
    flat = inline(program).node(program.main)
    exact, found = dependencies_of(flat, {}).summary(), summaries_of(program)[program.main]
    assert all(needed <= known for needed, known in zip(exact, found, strict=True))
    # A reset of a call is taken to reach all of its results, those that have no memory as well.
    if not any(resets(e.rhs) for node in program.nodes for e in node.equations):
        assert exact == found
    assert cycles(dependencies_of(flat, {}).needs) == []
    assert calls_to_inline(inline_loops(program)) == {}


def test_what_was_inside_of_an_inlined_call_is_inlined_where_it_has_to_be() -> None:
    f = leaf()
    g = NodeBuilder("g")
    a, b = g.input("a", F32), g.input("b", F32)
    wrapper = g.node(g.call(f, a, b, instance="deep"))
    program = clocked(f, wrapper, feedback(wrapper))
    assert calls_to_inline(program) == {"top": frozenset({"looped"})}
    result = inline_loops(program)
    assert [e.rhs.instance for e in result.node("top").equations if isinstance(e.rhs, Call)] == ["straight"]

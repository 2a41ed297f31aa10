"""Splitting by modes: the cycle goes, the trace stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from syncml.clock_calculus import infer_clocks
from syncml.ir.clocks import word
from syncml.ir.equations.check import check_program
from syncml.ir.equations.dependencies import dependencies_of, summaries_of
from syncml.ir.equations.exclusive import split_exclusive
from syncml.ir.equations.syntax import Apply, Fby, Merge, Node, Program, Var
from syncml.ir.graphs import cycles
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F32, EnumType
from syncml.sim.interpreter import interpret
from tests.support.ir import NodeBuilder, const

ZERO, TWO = const(0.0, F32), const(2.0, F32)
MODE = EnumType("Mode", ("A", "B", "C"))
TICKS = 8
INPUTS: dict[str, Sequence[Any]] = {
    "x": [float(i) for i in range(TICKS)],
    "y": [float(10 * i) for i in range(TICKS)],
    "c": [i % 3 == 0 for i in range(TICKS)],
    "d": [i % 2 == 0 for i in range(TICKS)],
    "mode": ["ABCBCAAC"[i] for i in range(TICKS)],
}


def is_cyclic(program: Program) -> bool:
    return any(cycles(dependencies_of(n, summaries_of(program)).needs) for n in program.nodes)


def assert_split(*nodes: Node) -> Program:
    """The cycle is gone, the program well-formed, and every stream that there was has its values."""
    program = infer_clocks(Program(nodes, nodes[-1].name))
    assert is_cyclic(program)
    split = split_exclusive(program)
    check_program(split)
    assert not is_cyclic(split)
    inputs = {v.name: INPUTS[v.name] for v in nodes[-1].inputs}
    before, after = (interpret(p, inputs, TICKS).trace for p in (program, split))
    for column in before.columns:
        other = next(c for c in after.columns if c.name == column.name)
        assert column.present.tolist() == other.present.tolist()
        assert column.values[column.present].tolist() == other.values[other.present].tolist()
    return split


def opposite(b: NodeBuilder, c: Var, x: Var, y: Var, yes: bool | str, no: bool | str) -> tuple[Var, Var]:
    """In the mode `yes` the second stream needs the first, in `no` the first needs the second."""
    first, second = b.declare("first", F32), b.declare("second", F32)
    forward = b.op(Op.ADD, b.op(Op.MUL, b.when(first, c, yes), TWO), b.when(x, c, yes))
    backward = b.op(Op.SUB, b.when(second, c, no), b.when(y, c, no))
    others = {"A", "B", "C"} - {yes, no} if c.type is MODE else set()
    rest = tuple((other, ZERO) for other in sorted(others))
    b.define(first, Merge(c, ((yes, b.when(x, c, yes)), (no, backward), *rest)))
    b.define(second, Merge(c, ((yes, forward), (no, b.when(y, c, no)), *rest)))
    return first, second


def test_a_boolean_condition() -> None:
    b = NodeBuilder("n")
    x, y, c = b.input("x", F32), b.input("y", F32), b.input("c", BOOL)
    assert_split(b.node([*opposite(b, c, x, y, True, False)]))


def test_a_periodic_condition() -> None:
    b = NodeBuilder("n")
    x, y = b.input("x", F32), b.input("y", F32)
    c = b.wave(word((0,), (1, 1, 0)))
    assert_split(b.node([*opposite(b, c, x, y, True, False)]))


def test_an_enumeration() -> None:
    b = NodeBuilder("n")
    x, y, mode = b.input("x", F32), b.input("y", F32), b.input("mode", MODE)
    assert_split(b.node([*opposite(b, mode, x, y, "B", "C")]))


def test_operations_between_the_merges_are_split_too() -> None:
    b = NodeBuilder("n")
    x, y, c = b.input("x", F32), b.input("y", F32), b.input("c", BOOL)
    first, second, between = b.declare("first", F32), b.declare("second", F32), b.declare("between", F32)
    b.define(between, Apply(Op.ADD, (first, y)))
    b.define(second, Merge(c, ((True, b.when(between, c)), (False, b.when(x, c, False)))))
    back = b.declare("back", F32)
    b.define(back, Apply(Op.MUL, (second, TWO)))
    b.define(first, Merge(c, ((True, b.when(x, c)), (False, b.when(back, c, False)))))
    split = assert_split(b.node([first, second]))
    clocks = {str(k) for v, k in split.nodes[0].clocks.items() if v.name.startswith("between_")}
    assert clocks == {"base on c", "base on not c"}


def test_a_delay_and_a_call_within_a_mode() -> None:
    f = NodeBuilder("f")
    u = f.input("u", F32)
    total = f.declare("total", F32)
    f.define(total, Apply(Op.ADD, (f.fby(ZERO, total), u)))
    callee = f.node([total])
    b = NodeBuilder("n")
    x, c = b.input("x", F32), b.input("c", BOOL)
    first, second = b.declare("first", F32), b.declare("second", F32)
    (summed,) = b.call(callee, b.when(first, c))
    b.define(second, Merge(c, ((True, summed), (False, b.when(x, c, False)))))
    b.define(first, Merge(c, ((True, b.when(x, c)), (False, b.when(second, c, False)))))
    assert_split(callee, b.node([first, second]))


def test_modes_in_a_mode() -> None:
    b = NodeBuilder("n")
    x, y, c, d = b.input("x", F32), b.input("y", F32), b.input("c", BOOL), b.input("d", BOOL)
    inner = b.when(d, c)
    first, second = b.declare("first", F32), b.declare("second", F32)
    first_c, second_c, x_c, y_c = (b.when(v, c) for v in (first, second, x, y))
    forward = b.merge(inner, (True, b.when(first_c, inner)), (False, b.when(y_c, inner, False)))
    backward = b.merge(inner, (True, b.when(x_c, inner)), (False, b.when(second_c, inner, False)))
    b.define(second, Merge(c, ((True, forward), (False, b.when(first, c, False)))))
    b.define(first, Merge(c, ((True, backward), (False, b.when(y, c, False)))))
    assert_split(b.node([first, second]))


def test_two_groups_are_split_apart() -> None:
    b = NodeBuilder("n")
    x, y, c, d = b.input("x", F32), b.input("y", F32), b.input("c", BOOL), b.input("d", BOOL)
    one = opposite(b, c, x, y, True, False)
    two = [b.declare(name, F32) for name in ("third", "fourth")]
    b.define(two[0], Merge(d, ((True, b.when(two[1], d)), (False, b.when(x, d, False)))))
    b.define(two[1], Merge(d, ((True, b.when(y, d)), (False, b.when(two[0], d, False)))))
    assert_split(b.node([*one, *two]))


def unsplittable(kind: str) -> Node:
    b = NodeBuilder("n")
    x, c = b.input("x", F32), b.input("c", BOOL)
    first, second = b.declare("first", F32), b.declare("second", F32)
    true = b.when(first, c)
    if kind == "real cycle":
        b.define(second, Merge(c, ((True, true), (False, ZERO))))
        b.define(first, Merge(c, ((True, b.when(second, c)), (False, ZERO))))
    else:
        decided = b.declare("decided", BOOL)
        b.define(decided, Apply(Op.GT, (second, ZERO)))
        b.define(second, Merge(decided, ((True, b.when(first, decided)), (False, ZERO))))
        b.define(first, Merge(c, ((True, b.when(x, c)), (False, b.when(second, c, False)))))
    return b.node([first, second])


@pytest.mark.parametrize("kind", ["real cycle", "own condition"])
def test_a_cycle_that_splitting_does_not_remove_stays_as_it_was(kind: str) -> None:
    node = unsplittable(kind)
    program = infer_clocks(Program((node,), "n"))
    assert split_exclusive(program) == program


def test_a_program_without_cycles_stays_as_it_was() -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32)
    y = b.declare("y", F32)
    b.define(y, Fby(ZERO, b.op(Op.ADD, y, x)))
    program = infer_clocks(Program((b.node([y]),), "n"))
    assert split_exclusive(program).nodes[0] is program.nodes[0]

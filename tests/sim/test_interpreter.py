"""The interpreter against traces computed by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from syncml.clock_calculus import infer_clocks
from syncml.diagnostics.model import DiagnosticError
from syncml.ir.clocks import BASE, every, word
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Fby, Merge, Node, Program, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F32, I32, EnumType, Scalar, TensorType
from syncml.sim.evaluate import evaluate
from syncml.sim.interpreter import interpret
from tests.support.ir import NodeBuilder, const


def run(nodes: list[Node], inputs: dict[str, Any], ticks: int) -> dict[str, list[Any]]:
    """Every stream of the last node, None where absent."""
    program = infer_clocks(Program(tuple(nodes), nodes[-1].name))
    trace = interpret(program, inputs, ticks).trace
    return {c.name: [None if (v := c.at(t)) is None else plain(v) for t in range(ticks)] for c in trace.columns}


def plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def counter(b: NodeBuilder, name: str = "n", step: int = 1) -> Var:
    n = b.declare(name, I32)
    return b.define(n, Fby(const(0, I32), b.op(Op.ADD, n, const(step, I32))))


def test_a_register_reads_its_initial_value_and_then_the_previous_one() -> None:
    b = NodeBuilder("top")
    assert run([b.node([counter(b)])], {}, 4)["n"] == [0, 1, 2, 3]


def test_what_is_not_observed_is_not_kept() -> None:
    b = NodeBuilder("top")
    x, n = b.input("x", I32), counter(b)
    program = infer_clocks(Program((b.node([b.op(Op.ADD, x, n, name="y")]),), "top"))
    given = {"x": [5, 5, 5]}
    whole, ends, one = (interpret(program, given, 3, observe=names).trace for names in (None, (), ("n",)))
    assert set(ends.names()) < set(one.names()) < set(whole.names()) and "n" in one.names()
    assert set(ends.names()) == {"x", "y"}
    for trace in (ends, one):
        assert all((trace.column(name).values == whole.column(name).values).all() for name in trace.names())


def test_a_sampled_register_counts_the_instants_of_its_own_clock() -> None:
    b = NodeBuilder("top")
    x = counter(b)
    c = b.wave(word((0,), (1, 0, 0)))
    slow = b.when(x, c, name="slow")
    total = b.declare("total", I32)
    b.define(total, Fby(const(10, I32), b.op(Op.ADD, total, slow)))
    back = b.merge(c, (True, total), (False, const(-1, I32)), name="back")
    seen = run([b.node([back])], {}, 8)
    assert seen["slow"] == [None, 1, None, None, 4, None, None, 7]
    assert seen["total"] == [None, 10, None, None, 11, None, None, 15]
    assert seen["back"] == [-1, 10, -1, -1, 11, -1, -1, 15]


def test_each_call_has_its_own_state_and_runs_on_its_own_clock() -> None:
    inner = NodeBuilder("inner")
    sub = inner.node([counter(inner, step=5)])
    b = NodeBuilder("top")
    fast = b.input("x", I32)
    c = b.wave(word((), (1, 0)))
    passing = NodeBuilder("passing")
    y = passing.input("y", I32)
    count = counter(passing)
    outer = passing.node([passing.op(Op.ADD, y, count, name="z"), y])
    z, same = b.call(outer, b.when(fast, c), instance="slow")
    (k,) = b.call(sub, instance="k")
    seen = run([sub, outer, b.node([z, same, k])], {"x": [7, 7, 7, 7]}, 4)
    assert seen["slow_z"] == [7, None, 8, None]
    assert seen["slow_y"] == [7, None, 7, None]
    assert seen["k_n"] == [0, 5, 10, 15]
    assert seen["slow.n"] == [0, None, 1, None]


def test_merge_on_an_enumeration_takes_the_branch_that_is_present() -> None:
    mode = EnumType("Mode", ("A", "B", "C"))
    b = NodeBuilder("top")
    m, x = b.input("m", mode), b.input("x", F32)
    branches = [(name, b.op(Op.MUL, b.when(x, m, name), const(float(i), F32))) for i, name in enumerate("ABC")]
    y = b.merge(m, *branches, name="y")
    assert run([b.node([y])], {"m": ["A", "C", "B"], "x": [3.0, 3.0, 4.0]}, 3)["y"] == [0.0, 6.0, 4.0]


def test_exclusive_branches_may_feed_each_other() -> None:
    """Equations of complementary clocks that form a cycle on paper have a value at every tick."""
    b = NodeBuilder("top")
    c, x = b.input("c", BOOL), b.input("x", I32)
    p, q = b.declare("p", I32), b.declare("q", I32)
    b.define(p, b_merge(b, c, x, q, use_left=True))
    b.define(q, b_merge(b, c, x, p, use_left=False))
    seen = run([b.node([p, q])], {"c": [True, False], "x": [5, 6]}, 2)
    assert (seen["p"], seen["q"]) == ([6, 8], [7, 7])


def b_merge(b: NodeBuilder, c: Var, x: Var, other: Var, use_left: bool) -> Merge:
    """``merge c (x + 1 when c) (other + 1 when not c)``, or with the sides exchanged."""
    own = b.op(Op.ADD, b.when(x, c, use_left), const(1, I32))
    foreign = b.op(Op.ADD, b.when(other, c, not use_left), const(1, I32))
    return Merge(c, ((True, own if use_left else foreign), (False, foreign if use_left else own)))


def test_inputs_are_read_only_where_their_clock_is_present() -> None:
    b = NodeBuilder("top", Fraction(100))
    radar = b.input("radar", F32, every(BASE, word((), (1, 0))))
    out = b.op(Op.NEG, radar, name="out")
    assert run([b.node([out])], {"radar": [1.5, None, 2.5, None]}, 4)["out"] == [-1.5, None, -2.5, None]
    with pytest.raises(DiagnosticError, match="S002"):
        run([b.node([out])], {"radar": [1.5, None, None, None]}, 4)


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({}, "S002"),
        ({"x": [1]}, "S002"),
        ({"x": [1, 2], "y": [1, 2]}, "S001"),
        ({"x": [1, 300]}, "S003"),
        ({"x": [1, 0.5]}, "S003"),
        ({"x": [1, [1, 2]]}, "S003"),
        ({"x": [1, "one"]}, "S003"),
    ],
)
def test_inputs_that_do_not_fit_are_reported(inputs: dict[str, Any], code: str) -> None:
    b = NodeBuilder("top")
    x = b.input("x", Scalar.I8)
    with pytest.raises(DiagnosticError, match=code):
        run([b.node([b.op(Op.NEG, x)])], inputs, 2)


I8, U8, I64, F64, INT, REAL = Scalar.I8, Scalar.U8, Scalar.I64, Scalar.F64, Scalar.INT, Scalar.REAL
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("op", "kind", "values", "expected"),
    [
        (Op.ADD, I8, (127, 1), -128),
        (Op.MUL, U8, (200, 2), 144),
        (Op.NEG, I8, (-128,), -128),
        (Op.ABS, I8, (-128,), -128),
        (Op.FLOORDIV, I8, (-7, 2), -4),
        (Op.FLOORDIV, I8, (7, -2), -4),
        (Op.FLOORDIV, I8, (7, 0), 0),
        (Op.FLOORDIV, I8, (-128, -1), -128),
        (Op.MOD, I8, (-7, 2), 1),
        (Op.MOD, I8, (7, -2), -1),
        (Op.MOD, I8, (7, 0), 7),
        (Op.MOD, INT, (-(10**30), 7), (-(10**30)) % 7),
        (Op.DIV, F32, (1.0, 0.0), INF),
        (Op.DIV, REAL, (Fraction(1), Fraction(0)), Fraction(0)),
        (Op.DIV, REAL, (Fraction(1), Fraction(3)), Fraction(1, 3)),
        (Op.MIN, F32, (NAN, 1.0), NAN),
        (Op.MIN, F32, (1.0, NAN), 1.0),
        (Op.MAX, F32, (NAN, 1.0), NAN),
        (Op.MAX, F32, (-0.0, 0.0), -0.0),
        (Op.SHL, U8, (129, 1), 2),
        (Op.SHL, U8, (1, 8), 0),
        (Op.SHR, I8, (-128, 7), -1),
        (Op.SHR, I8, (-128, -1), 0),
        (Op.NOT, U8, (1,), 254),
        (Op.ADD, F32, (16777216.0, 1.0), 16777216.0),
    ],
)
def test_operators_mean_what_the_table_says(op: Op, kind: Scalar, values: tuple[Any, ...], expected: Any) -> None:
    machine = tuple(Const(v, kind).machine() for v in values)
    result = evaluate(op, machine, None, tuple(kind for _ in values), kind)
    wanted = Const(expected, kind).machine()
    assert repr(result) == repr(wanted)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (300, Scalar.I32, I8, 44),
        (-1, I32, U8, 255),
        (3.9e9, F64, I32, 2**31 - 1),
        (-3.9, F32, I8, -3),
        (NAN, F32, I32, 0),
        (-INF, F64, I64, -(2**63)),
        (0.25, F32, BOOL, True),
        (True, BOOL, F32, 1.0),
        (0.1, F64, F32, np.float32(0.1).item()),
        (2**24 + 1, I32, F32, 16777216.0),
        (Fraction(1, 3), REAL, F64, 1 / 3),
        (Fraction(-7, 2), REAL, INT, -3),
        (0.5, F32, REAL, Fraction(1, 2)),
    ],
)
def test_conversions_truncate_saturate_and_wrap(value: Any, source: Scalar, target: Scalar, expected: Any) -> None:
    machine = Const(value, source).machine()
    result = evaluate(Op.CAST, (machine,), target, (source,), target)
    assert repr(result) == repr(Const(expected, target).machine())


def test_sums_start_at_zero_and_run_in_ascending_order() -> None:
    values = np.array([1e8, 1.0, -1e8, 1.0], dtype=np.float32)
    total = evaluate(Op.SUM, (values,), (0,), (TensorType(F32, (4,)),), F32)
    assert total == np.float32(1.0)
    ones = np.ones(4, dtype=np.float32)
    product = evaluate(Op.MATMUL, (values, ones), None, (TensorType(F32, (4,)),) * 2, F32)
    assert product == np.float32(1.0)
    negative_zero = np.array([-0.0], dtype=np.float32)
    assert not np.signbit(evaluate(Op.SUM, (negative_zero,), (0,), (TensorType(F32, (1,)),), F32))


def test_every_operator_has_a_value() -> None:
    """The interpreter is total over the operator table."""
    b = NodeBuilder("top")
    x, v, m = b.input("x", F32), b.input("v", TensorType(F32, (2,))), b.input("m", TensorType(F32, (2, 2)))
    p, k, w = b.input("p", BOOL), b.input("k", I32), b.input("w", TensorType(BOOL, (2,)))
    special: dict[Op, tuple[tuple[Any, ...], Any]] = {
        Op.NOT: ((p,), None), Op.WHERE: ((p, x, x), None), Op.CAST: ((x,), F64), Op.STACK: ((x, x), None),
        Op.CONCAT: ((v, v), (0,)), Op.INDEX: ((v,), (1,)), Op.SLICE: ((v,), (0, 0, 1, 1)), Op.AT: ((v, k), None),
        Op.RESHAPE: ((m,), (4,)), Op.TRANSPOSE: ((m,), (1, 0)), Op.MATMUL: ((m, v), None), Op.SUM: ((v,), (0,)),
        Op.WINDOW: ((v, k), (1,)), Op.UPDATE: ((v, x, k), None), Op.EINSUM: ((m, v), "ij,j->i"),
        Op.UNFOLD: ((m,), (1, 2, 1, 1)),
        Op.LEAST: ((v,), (0,)), Op.GREATEST: ((v,), (0,)), Op.ALL: ((w,), (0,)), Op.ANY: ((w,), (0,)),
    }  # fmt: skip
    unary = {Op.COPY, Op.NEG, Op.ABS, Op.SQRT, Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS}
    integral = {Op.FLOORDIV, Op.MOD, Op.SHL, Op.SHR, Op.AND, Op.OR, Op.XOR}
    outputs: list[Var] = []
    for op in Op:
        default = (x,) if op in unary else (k, k) if op in integral else (x, x)
        arguments, attribute = special.get(op, (default, None))
        outputs.append(b.op(op, *arguments, attribute=attribute, name=f"y_{op.value}"))
    row = {"x": [0.5], "v": [[0.25, 0.5]], "m": [[[1.0, 2.0], [3.0, 4.0]]], "p": [True], "k": [1], "w": [[True, False]]}
    seen = run([b.node(outputs)], row, 1)
    assert all(seen[f"y_{op.value}"][0] is not None for op in Op)
    assert seen["y_matmul"] == [[1.25, 2.75]]
    assert seen["y_unfold"] == [[[[1.0, 2.0]], [[3.0, 4.0]]]]
    assert seen["y_transpose"] == [[[1.0, 3.0], [2.0, 4.0]]]

"""Runs on exact scalars against the interpreter: every operator of the table, random nodes, clocks, resets."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from syncml.clock_calculus import infer_clocks
from syncml.ir.clocks import word
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Fby, Program, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, I32, Scalar, tensor
from syncml.sim.evaluate import evaluate
from syncml.sim.exact import exact_function, exact_run
from syncml.sim.interpreter import interpret, replay
from tests.support.ir import NodeBuilder, const

INT, REAL = Scalar.INT, Scalar.REAL
VALUES: dict[Scalar, tuple[Any, ...]] = {
    BOOL: (False, True),
    INT: (0, 1, -1, 7, -7, 2**62, -(2**63), 2**63, 10**30),
    REAL: tuple(map(Fraction, ("0", "1", "-1", "1/3", "-7/2", "1000000000000000000000000000001/7"))),
}
OPERATORS = (
    *((op, (kind, kind), kind) for op in (Op.ADD, Op.SUB, Op.MUL, Op.MIN, Op.MAX) for kind in (INT, REAL)),
    *((op, (kind,), kind) for op in (Op.NEG, Op.ABS) for kind in (INT, REAL)),
    *((op, (kind, kind), BOOL) for op in (Op.LT, Op.LE, Op.GT, Op.GE) for kind in (INT, REAL)),
    *((op, (kind, kind), BOOL) for op in (Op.EQ, Op.NE) for kind in (BOOL, INT, REAL)),
    *((op, (BOOL, BOOL), BOOL) for op in (Op.AND, Op.OR, Op.XOR)),
    *((Op.WHERE, (BOOL, kind, kind), kind) for kind in (BOOL, INT, REAL)),
    *((Op.COPY, (kind,), kind) for kind in (BOOL, INT, REAL)),
    *((Op.CAST, (source,), target) for source in (BOOL, INT, REAL) for target in (BOOL, INT, REAL)),
    (Op.NOT, (BOOL,), BOOL),
    (Op.FLOORDIV, (INT, INT), INT),
    (Op.MOD, (INT, INT), INT),
    (Op.DIV, (REAL, REAL), REAL),
)


def both(program: Program, inputs: dict[str, list[Any]], ticks: int) -> None:
    """Hold that the exact run has every stream of the interpreter's, with the same values and types."""
    run, trace = exact_run(program, inputs, ticks), interpret(program, inputs, ticks).trace
    assert run is not None
    for column in trace.columns:
        for tick in range(ticks):
            expected, found = column.at(tick), run.column(column.name).at(tick)
            expected = bool(expected) if column.type is BOOL and expected is not None else expected
            assert type(found) is type(expected) and found == expected, (column.name, tick)


@pytest.mark.parametrize(("op", "types", "result"), OPERATORS, ids=lambda x: getattr(x, "value", None))
def test_an_operator_has_the_value_and_type_of_the_oracle(op: Op, types: tuple[Scalar, ...], result: Scalar) -> None:
    function = exact_function(op, types, result)
    assert function is not None
    for values in product(*(VALUES[t] for t in types)):
        # On arrays NumPy computes, one element of Python's at a time.
        arrays = tuple(np.array([v], dtype=dtype(t)) for v, t in zip(values, types, strict=True))
        (expected,) = evaluate(op, arrays, None, tuple(tensor(t, (1,)) for t in types), tensor(result, (1,)))
        found = function(*values)
        assert found == expected
        assert evaluate(op, values, None, types, result) == expected
        assert type(found) is {BOOL: bool, INT: int, REAL: Fraction}[result], values


def test_mathematical_integers_do_not_overflow_in_the_interpreter() -> None:
    chosen = evaluate(Op.WHERE, (True, 2**62, 0), None, (BOOL, INT, INT), INT)
    assert evaluate(Op.ADD, (chosen, chosen), None, (INT, INT), INT) == 2**63
    assert evaluate(Op.MUL, (evaluate(Op.ABS, (-(2**62),), None, (INT,), INT), 4), None, (INT, INT), INT) == 2**64
    assert evaluate(Op.MAX, (2**63, -1), None, (INT, INT), INT) == 2**63


@pytest.mark.parametrize("seed", range(40))
def test_a_random_node_runs_as_in_the_interpreter(seed: int) -> None:
    source = random.Random(seed)
    b = NodeBuilder("top")
    known: dict[Scalar, list[Var]] = {k: [b.input(f"{k}_in", k)] for k in (BOOL, INT, REAL)}
    registers = {k: b.declare(f"{k}_memory", k) for k in (BOOL, INT, REAL)}
    for kind, var in registers.items():
        known[kind].append(var)
    for _ in range(25):
        op, types, result = source.choice(OPERATORS)
        operands = [source.choice((*known[t], const(source.choice(VALUES[t][:5]), t))) for t in types]
        if all(isinstance(a, Var) for a in operands) or len(operands) > 1:
            known[result].append(b.op(op, *operands, attribute=result if op is Op.CAST else None))
    for kind, var in registers.items():
        # A reset that depends on the register would be a cycle.
        resets = (known[BOOL][0],) if source.random() < 0.5 else ()
        b.define(var, Fby(const(VALUES[kind][1], kind), source.choice(known[kind]), resets))
    program = infer_clocks(Program((b.node([known[INT][-1]]),), "top"))
    inputs = {f"{k}_in": [source.choice(VALUES[k][:7]) for _ in range(6)] for k in (BOOL, INT, REAL)}
    both(program, inputs, 6)


def test_sampled_streams_and_their_registers_run_as_in_the_interpreter() -> None:
    b = NodeBuilder("top")
    c, x = b.input("c", BOOL), b.input("x", INT)
    slow = b.when(x, c, name="slow")
    total = b.declare("total", INT)
    b.define(total, Fby(const(10, INT), b.op(Op.ADD, total, slow)))
    other = b.when(x, c, False, name="other")
    back = b.merge(c, (True, total), (False, other), name="back")
    program = infer_clocks(Program((b.node([back]),), "top"))
    both(program, {"c": [True, False, False, True, True, False], "x": [1, 2, 3, 4, 5, 6]}, 6)


def test_what_is_not_exact_is_left_to_the_interpreter() -> None:
    b = NodeBuilder("machine")
    x = b.input("x", I32)
    assert exact_run(infer_clocks(Program((b.node([b.op(Op.NEG, x)]),), "machine")), {"x": [1]}, 1) is None
    b = NodeBuilder("worded")
    y = b.input("y", INT)
    program = infer_clocks(Program((b.node([b.when(y, b.wave(word((), (1, 0))), name="half")]),), "worded"))
    assert exact_run(program, {"y": [1, 2]}, 2) is None
    assert replay(program, {"y": [1, 2]}, 2).column("half").at(0) == 1
    b = NodeBuilder("short")
    z = b.input("z", INT)
    program = infer_clocks(Program((b.node([b.op(Op.NEG, z)]),), "short"))
    for unfit in ({"z": [1]}, {"z": [1, None]}, {"z": [1, True]}, {"z": [1, 2], "w": [1, 2]}, {}):
        assert exact_run(program, unfit, 2) is None

"""The evaluator: shapes, types, and the machine semantics of each expression."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from syncml.ir.constants import Array, Const
from syncml.ir.elementary import evaluate, function
from syncml.ir.operators import Op
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
    BinaryOp,
    Convert,
    Expr,
    Function,
    Literal,
    Place,
    Slot,
    Storage,
    Unary,
    UnaryOp,
)
from syncml.ir.types import BOOL, F32, F64, I32, I64, Scalar, TensorType


def test_scalars_stay_scalars_and_shapes_stay() -> None:
    exp = function(Op.EXP, F32)
    assert isinstance(evaluate(exp, np.float32(1)), np.float32)
    for shape in ((), (3,), (2, 3), (0,), (2, 0, 4)):
        got = evaluate(exp, np.ones(shape, np.float32))
        assert got.shape == shape
        assert got.dtype == np.float32


def test_arguments_broadcast() -> None:
    x = np.linspace(0.5, 2, 12, dtype=np.float64).reshape(4, 3)
    y = np.array([2.0, 3.0, -1.0])
    got = evaluate(function(Op.POW, F64), x, y)
    expected = [[evaluate(function(Op.POW, F64), a, b) for a, b in zip(row, y, strict=True)] for row in x]
    assert (got == np.array(expected)).all()


@pytest.mark.parametrize("op", [Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS], ids=lambda op: op.value)
def test_an_array_gives_what_its_elements_give(op: Op) -> None:
    """Strided views included, whose bits cannot be read in place."""
    x = np.linspace(-20, 20, 202, dtype=np.float32).reshape(2, 101).T[::2]
    got = evaluate(function(op, F32), x)
    elements = np.array([[evaluate(function(op, F32), e) for e in row] for row in x])
    assert (got.view(np.uint32) == elements.view(np.uint32)).all()


def test_nothing_warns() -> None:
    x = np.array([np.inf, -np.inf, np.nan, 0, -1, 1e38], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for op in (Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS):
            evaluate(function(op, F32), x)
            evaluate(function(op, F32), x[0])


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="x is f32"):
        evaluate(function(Op.EXP, F32), np.float64(1))
    with pytest.raises(TypeError, match="takes 2 arguments"):
        evaluate(function(Op.POW, F32), np.float32(1))


def of(type_: Scalar, op: BinaryOp | UnaryOp) -> Function:
    a, b = (Slot(name, type_, Storage.INPUT) for name in "ab")
    result: Expr = Binary(op, Place(a), Place(b)) if isinstance(op, BinaryOp) else Unary(op, Place(a))
    return Function("f", (a, b) if isinstance(op, BinaryOp) else (a,), (), (), result)


@pytest.mark.parametrize(
    ("op", "type_", "arguments", "want"),
    [
        (BinaryOp.ADD, I32, (2**31 - 1, 1), -(2**31)),
        (BinaryOp.SUB, Scalar.U8, (0, 1), 255),
        (BinaryOp.MUL, I64, (2**62, 2), -(2**63)),
        (BinaryOp.QUOT, I32, (-7, 2), -3),
        (BinaryOp.QUOT, I32, (7, -2), -3),
        (BinaryOp.REM, I32, (-7, 2), -1),
        (BinaryOp.REM, I32, (7, -2), 1),
        (BinaryOp.SHR, I32, (-5, 1), -3),
        (BinaryOp.SHL, Scalar.U32, (2**31 + 1, 1), 2),
        (BinaryOp.XOR, BOOL, (True, True), False),
        (BinaryOp.DIV, F64, (1.0, 0.0), np.inf),
        (BinaryOp.LE, F32, (np.nan, 1.0), False),
        (UnaryOp.NEG, I32, (-(2**31),), -(2**31)),
        (UnaryOp.NOT, Scalar.U8, (1,), 254),
        (UnaryOp.NOT, BOOL, (True,), False),
        (UnaryOp.ABS, F32, (-0.0,), 0.0),
        (UnaryOp.SQRT, F32, (2.0,), np.float32(1.4142135)),
    ],
)
def test_operators(op: BinaryOp | UnaryOp, type_: Scalar, arguments: tuple[float, ...], want: float) -> None:
    tested = of(type_, op)
    values = [Const(a, type_).machine() for a in arguments]
    got = evaluate(tested, *values)
    assert got == want
    assert (evaluate(tested, *(np.array([v]) for v in values)) == want).all()


def test_conversions_tables_and_calls() -> None:
    """A function that reads a table at a converted argument, called from another."""
    x = Slot("x", F32, Storage.INPUT)
    table = Slot("table", TensorType(F32, (3,)), Storage.CONSTANT, Array.of(np.array([5, 6, 7]), F32))
    position, doubled = Slot("position", I64, Storage.LOCAL), Slot("doubled", F32, Storage.LOCAL)
    two = Literal(Const(2.0, F32))
    inner = Function("inner", (x,), (table,), (Assign(Place(position), Convert(Place(x), I64)),),
                     Place(table, (Place(position),)))  # fmt: skip
    outer = Function("outer", (x,), (), (Assign(Place(doubled), Binary(BinaryOp.MUL, Place(x), two)),),
                     Apply(inner, (Place(doubled),)))  # fmt: skip
    assert evaluate(outer, np.float32(0.75)) == 6
    assert (evaluate(outer, np.array([0.1, 0.5, 1.0], np.float32)) == [5, 6, 7]).all()

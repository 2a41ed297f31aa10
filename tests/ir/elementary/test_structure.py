"""The functions are straight-line, and use nothing whose value a target could choose."""

from __future__ import annotations

from collections import Counter

import pytest

from syncml.ir.elementary import ELEMENTARY, function
from syncml.ir.elementary.builder import Builder, Value, literal, select
from syncml.ir.operators import Op
from syncml.ir.step.syntax import (
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    Function,
    Literal,
    Place,
    Select,
    Unary,
    UnaryOp,
)
from syncml.ir.step.traverse import walk
from syncml.ir.types import BIT_WIDTH, BOOL, F32, F64, FLOATS, UNSIGNED, Scalar
from tests.ir.elementary.reference import TYPES

FUNCTIONS = [function(op, type_) for op in sorted(ELEMENTARY, key=lambda op: op.value) for type_ in TYPES]

each_function = pytest.mark.parametrize("tested", FUNCTIONS, ids=lambda f: f.name)


def expressions(tested: Function) -> list[Expr]:
    roots = [*(assign.value for assign in tested.body), tested.result]
    return [part for root in roots for part in walk(root)]


@each_function
def test_locals_are_assigned_once_and_before_use(tested: Function) -> None:
    known = set(tested.parameters)
    for assign in tested.body:
        assert assign.target.slot not in known
        assert {part.slot for part in walk(assign.value) if isinstance(part, Place)} <= known
        known.add(assign.target.slot)
    assert {part.slot for part in walk(tested.result) if isinstance(part, Place)} <= known
    assert len({slot.name for slot in known}) == len(known)


@each_function
def test_nothing_is_computed_in_vain(tested: Function) -> None:
    used = {part.slot for part in expressions(tested) if isinstance(part, Place)}
    assert {assign.target.slot for assign in tested.body} <= used


@each_function
def test_no_operation_is_written_twice(tested: Function) -> None:
    compound = [part for part in expressions(tested) if not isinstance(part, Literal | Place)]
    assert max(Counter(map(id, compound)).values()) == 1


@each_function
def test_types_agree(tested: Function) -> None:
    for part in expressions(tested):
        if isinstance(part, Binary):
            assert part.left.type is part.right.type
        if isinstance(part, Select):
            assert part.condition.type is BOOL
            assert part.then.type is part.otherwise.type
        if isinstance(part, Bitcast):
            assert isinstance(part.operand.type, Scalar)
            assert BIT_WIDTH[part.operand.type] == BIT_WIDTH[part.to]
    for assign in tested.body:
        assert assign.value.type is assign.target.type


@each_function
def test_no_operation_is_partial(tested: Function) -> None:
    """Integers are unsigned, nothing converts a float to an integer, shifts by constants are in range."""
    for part in expressions(tested):
        assert part.type in FLOATS | UNSIGNED | {BOOL}
        match part:
            case Unary(op, _):
                assert op in (UnaryOp.NEG, UnaryOp.NOT)
            case Binary(BinaryOp.SHL | BinaryOp.SHR, left, Literal(count)):
                assert isinstance(left.type, Scalar)
                assert 0 <= count.machine() < BIT_WIDTH[left.type]
            case Binary(op, left, _):
                assert op not in (BinaryOp.QUOT, BinaryOp.REM)
                assert left.type not in FLOATS or op not in (BinaryOp.EQ, BinaryOp.NE)
            case Convert(operand, to):
                assert {operand.type, to} <= UNSIGNED
            case Literal() | Place() | Select() | Bitcast():
                pass
            case _:
                pytest.fail(f"{type(part).__name__} in an elementary function")


@each_function
def test_floats_keep_to_the_function_s_own_type(tested: Function) -> None:
    """No f32 function needs double-precision hardware."""
    assert {part.type for part in expressions(tested) if part.type in FLOATS} == {tested.result.type}
    assert not tested.tables


def test_a_function_is_one_object() -> None:
    assert function(Op.EXP, F32) is function(Op.EXP, F32)
    assert function(Op.EXP, F32) is not function(Op.EXP, F64)


@pytest.mark.parametrize(("value", "type_"), [(0.1, F32), (2.0**24 + 1, F32), (float("inf"), F64), (-1, Scalar.U32)])
def test_literals_never_round(value: float, type_: Scalar) -> None:
    with pytest.raises((ValueError, OverflowError)):
        literal(value, type_)


def test_selections_choose_between_named_values() -> None:
    builder = Builder("f")
    x = builder.parameter("x", F32)
    with pytest.raises(ValueError, match="name the compound value"):
        select(x < 0.0, x * x, x)
    with pytest.raises(ValueError, match="name the compound value"):
        _ = (x < 0.0) & (x > 1.0)
    square = builder.let("square", x * x)
    assert isinstance(select(x < 0.0, square, x), Value)


def test_names_are_unique() -> None:
    builder = Builder("f")
    x = builder.parameter("x", F32)
    names = [builder.let(name, x).expr for name in ("x", "x_2", "x")]
    assert [place.slot.name for place in names if isinstance(place, Place)] == ["x_2", "x_2_2", "x_3"]

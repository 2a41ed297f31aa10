"""Run-time checks: which operations get one, and when a value counts as used."""

from __future__ import annotations

import pytest

from syncml.ir.types import BOOL, F32, I32, Scalar, TensorType
from syncml.verify.checks import with_checks
from syncml.verify.cone import Cones
from tests.verify.build import Builder, Op


def names(builder: Builder, *, overflow: bool = True) -> list[str]:
    checked = with_checks(builder.node(), overflow=overflow)
    assert {p.holds for p in checked.node.properties if p.holds in checked.kinds} == set(checked.kinds)
    return [p.name for p in checked.node.properties if p.holds in checked.kinds]


@pytest.mark.parametrize(
    ("op", "kind", "expected"),
    [
        (Op.ADD, I32, ["overflow:r"]),
        (Op.ADD, Scalar.INT, []),
        (Op.ADD, F32, []),
        (Op.MUL, Scalar.U8, ["overflow:r"]),
        (Op.DIV, F32, ["division:r"]),
        (Op.MOD, I32, ["division:r"]),
        (Op.FLOORDIV, I32, ["division:r", "overflow:r"]),
        (Op.FLOORDIV, Scalar.U8, ["division:r"]),
        (Op.SHL, I32, []),
        (Op.MIN, I32, []),
    ],
)
def test_operations_of_two_operands(op: Op, kind: Scalar, expected: list[str]) -> None:
    b = Builder()
    b.output(b.op(op, b.input("x", kind), b.input("y", kind), name="r"))
    assert names(b) == expected
    assert names(b, overflow=False) == [n for n in expected if not n.startswith("overflow")]


def test_constants_need_no_check() -> None:
    b = Builder()
    x = b.input("x", I32)
    b.output(b.op(Op.FLOORDIV, x, 3, name="third"), b.op(Op.MOD, x, 2, name="odd"))
    b.output(b.op(Op.FLOORDIV, x, -1, name="minus"))
    assert names(b) == ["overflow:minus"]


@pytest.mark.parametrize(("to", "expected"), [(Scalar.I8, ["overflow:r"]), (Scalar.I64, []), (F32, []), (BOOL, [])])
def test_conversions_that_narrow(to: Scalar, expected: list[str]) -> None:
    b = Builder()
    b.output(b.op(Op.CAST, b.input("x", I32), to=to, name="r"))
    assert names(b) == expected


def test_one_check_for_a_vector() -> None:
    b = Builder()
    v = b.input("v", TensorType(I32, (4,)))
    b.output(b.op(Op.SUM, v, to=(0,), name="total"), b.op(Op.ADD, v, v, name="twice"))
    assert sorted(names(b)) == ["overflow:total", "overflow:twice"]


def guards(builder: Builder, stream: str) -> set[str]:
    """The inputs that the check of ``stream`` reads beside its operands."""
    checked = with_checks(builder.node(), overflow=True)
    (holds,) = (h for h, v in checked.checked.items() if v.name == stream)
    return {v.name for v in Cones(checked.node).of(holds)} & {"c", "d"}


def test_a_branch_counts_only_where_it_is_chosen() -> None:
    b = Builder()
    x, c, d = b.input("x", F32), b.input("c", BOOL), b.input("d", BOOL)
    outer = b.op(Op.WHERE, c, b.op(Op.WHERE, d, b.op(Op.DIV, 1.0, x, name="inner"), 0.0), 0.0)
    other = b.op(Op.WHERE, c, 0.0, b.op(Op.DIV, 2.0, x, name="other"))
    both = b.op(Op.DIV, 3.0, x, name="both")
    b.output(outer, other, b.op(Op.WHERE, c, both, 0.0), both)
    assert guards(b, "inner") == {"c", "d"}
    assert guards(b, "other") == {"c"}
    assert guards(b, "both") == set()


def test_the_right_side_of_a_conjunction_counts_only_where_the_left_holds() -> None:
    b = Builder()
    x, c = b.input("x", F32), b.input("c", BOOL)
    b.output(b.op(Op.AND, c, b.op(Op.GT, b.op(Op.DIV, 1.0, x, name="q"), 0.0)))
    assert guards(b, "q") == {"c"}

"""One program for each element type, with every operator that applies to it."""

from __future__ import annotations

from syncml.ir.equations.syntax import Program, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, I32, MACHINE_INTEGERS, Element, EnumType, TensorType
from syncml.ir.typing_rules import Attribute, OperatorTypeError
from tests.support.ir import NodeBuilder, const

MODE = EnumType("Mode", ("CRUISE", "FOLLOW", "DEGRADED"))
KINDS: tuple[Element, ...] = (*sorted(MACHINE_INTEGERS | FLOATS | {BOOL}, key=str), MODE)

_UNARY = (Op.COPY, Op.NEG, Op.ABS, Op.NOT, Op.SQRT, Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS)
_BINARY = (
    Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.FLOORDIV, Op.MOD, Op.MIN, Op.MAX, Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE,
    Op.AND, Op.OR, Op.XOR, Op.SHL, Op.SHR, Op.ATAN2, Op.POW,
)  # fmt: skip
_FOLDS = (Op.SUM, Op.LEAST, Op.GREATEST, Op.ALL, Op.ANY)


def _program(kind: Element) -> Program:
    b = NodeBuilder("top")
    x, y, c, n = b.input("x", kind), b.input("y", kind), b.input("c", BOOL), b.input("n", I32)
    v, w = b.input("v", TensorType(kind, (3,))), b.input("w", TensorType(kind, (3,)))
    m, k = b.input("m", TensorType(kind, (2, 3))), b.input("k", TensorType(kind, (3, 4)))
    t = b.input("t", TensorType(kind, (2, 3, 4)))
    outputs: list[Var] = []

    def add(op: Op, *arguments: Var, attribute: Attribute = None) -> None:
        try:
            outputs.append(b.op(op, *arguments, attribute=attribute, name=f"o{len(outputs)}_{op.value}"))
        except OperatorTypeError:
            return

    for op in _UNARY:
        add(op, x)
        add(op, m)
    for op in _BINARY:
        add(op, x, y)
        add(op, m, w)
        add(op, v, x)
    for target in (*sorted(MACHINE_INTEGERS | FLOATS, key=str), BOOL):
        add(Op.CAST, x, attribute=target)
    add(Op.CAST, v, attribute=I32)
    add(Op.WHERE, c, x, y)
    add(Op.WHERE, c, v, x)
    add(Op.STACK, x, y)
    add(Op.STACK, v, w)
    add(Op.STACK, x)
    for axis in (0, 1):
        add(Op.CONCAT, m, m, attribute=(axis,))
    add(Op.CONCAT, v, w, attribute=(0,))
    add(Op.INDEX, m, attribute=(1,))
    add(Op.INDEX, t, attribute=(1, 2))
    add(Op.INDEX, v, attribute=(2,))
    add(Op.SLICE, t, attribute=(1, 1, 2, 1))
    add(Op.SLICE, m, attribute=(0, 1, 1, 1))
    add(Op.SLICE, t, attribute=(2, 3, 4, -1))
    add(Op.SLICE, t, attribute=(2, 0, 2, 3))
    add(Op.WINDOW, v, n, attribute=(2,))
    add(Op.WINDOW, t, n, attribute=(1,))
    add(Op.UPDATE, v, x, n)
    add(Op.UPDATE, m, v, n)
    add(Op.UPDATE, t, x, n, n, n)
    add(Op.AT, v, n)
    add(Op.AT, t, n)
    if kind in MACHINE_INTEGERS:
        add(Op.AT, m, x)
        add(Op.UPDATE, m, x, x, y)
        add(Op.WINDOW, v, x, attribute=(2,))
    for extents in ((6,), (3, 2), (1, 2, 3, 1)):
        add(Op.RESHAPE, m, attribute=extents)
    for extents in ((24,), (4, 6), (2, 2, 6), (3, 8)):
        add(Op.RESHAPE, t, attribute=extents)
    add(Op.TRANSPOSE, m, attribute=(1, 0))
    add(Op.TRANSPOSE, t, attribute=(2, 0, 1))
    for attribute in ((0, 2, 1, 1), (1, 2, 1, 2), (2, 2, 2, 1), (2, 4, 1, 1), (2, 1, 3, 1)):
        add(Op.UNFOLD, t, attribute=attribute)
    add(Op.UNFOLD, v, attribute=(0, 2, 1, 1))
    if kind is not BOOL and kind is not MODE:
        add(Op.MATMUL, v, w)
        add(Op.MATMUL, m, v)
        add(Op.MATMUL, v, k)
        add(Op.MATMUL, m, k)
        for form, *operands in (
            ("ij,jk,k->i", m, k, b.input("u", TensorType(kind, (4,)))), ("ij->", m), ("i,j->ij", v, w), ("ij->ji", m),
            ("ijk,j->ki", t, v), ("i,i,i->", v, w, v), ("ijk->k", t), ("ij,ij->", m, m),
        ):  # fmt: skip
            add(Op.EINSUM, *operands, attribute=form)
        values = [[1, 2, 3], [4, 5, 6]]
        weights = const(values, kind)
        outputs.append(b.op(Op.MATMUL, weights, v, name="weighted"))
        outputs.append(b.op(Op.MATMUL, const([[7, 8, 9]], kind), w, name="single"))
    for op in _FOLDS:
        add(op, v, attribute=(0,))
        for axis in (0, 1, 2):
            add(op, t, attribute=(axis,))
        add(op, outputs[-1], attribute=(0,))
    return Program((b.node(outputs),), "top")


PROGRAMS: dict[str, Program] = {str(kind): _program(kind) for kind in KINDS}

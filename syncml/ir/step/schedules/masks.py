"""Choices of elementary functions by masks instead of conditions.

    c ? a : b  becomes  bits(a) & mask | bits(b) & ~mask,  where mask is all ones if c, else 0

Rule: the bits of the result are those of ``a`` or ``b``, so it is the same function. A compiler may turn a condition
that two choices share into a branch around everything between them; then it can no longer make vectors of the loop
that the function stands in. Functions without statements, such as a maximum, are left to the compiler, which has an
instruction for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from syncml.ir.elementary.builder import literal
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    Function,
    Place,
    Select,
    Slot,
    StepProgram,
    Stmt,
    Storage,
    Unary,
    UnaryOp,
)
from syncml.ir.step.traverse import functions, map_expr, map_stmt
from syncml.ir.types import BOOL, Scalar

_BITS = {Scalar.F32: Scalar.U32, Scalar.F64: Scalar.U64}


def mask_choices(program: StepProgram) -> StepProgram:
    """``program`` with the choices of its elementary functions made by masks."""
    new: dict[Function, Function] = {}
    for function in functions(program):
        new[function] = _masked(function, new)
    if all(old is made for old, made in new.items()):
        return program

    def change(part: Expr) -> Expr | None:
        if not isinstance(part, Apply):
            return None
        return Apply(new[part.function], tuple(map_expr(change, argument) for argument in part.arguments))

    def changed(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(map_stmt(change, stmt) for stmt in body)

    return replace(program, machines=tuple(replace(m, body=changed(m.body)) for m in program.machines))


def _masked(function: Function, new: Mapping[Function, Function]) -> Function:
    if not function.body:
        return function

    def change(part: Expr) -> Expr | None:
        match part:
            case Apply():
                return Apply(new[part.function], tuple(map_expr(change, a) for a in part.arguments))
            case Select() if isinstance(part.type, Scalar) and part.type in _BITS:
                sides = (part.condition, part.then, part.otherwise)
                return Apply(chosen(part.type), tuple(map_expr(change, side) for side in sides))
            case _:
                return None

    body = tuple(Assign(a.target, map_expr(change, a.value), a.origin) for a in function.body)
    result = map_expr(change, function.result)
    same = result is function.result and all(a.value is b.value for a, b in zip(body, function.body, strict=True))
    return function if same else replace(function, body=body, result=result)


@cache
def chosen(kind: Scalar) -> Function:
    """``condition ? then : otherwise`` on a float type, by bits."""
    bits = _BITS[kind]
    condition = Slot("condition", BOOL, Storage.INPUT)
    then, otherwise = (Slot(name, kind, Storage.INPUT) for name in ("then", "otherwise"))
    mask = Slot("mask", bits, Storage.LOCAL)
    ones = Binary(BinaryOp.SUB, literal(0, bits), Convert(Place(condition), bits))
    kept = Binary(BinaryOp.AND, Bitcast(Place(then), bits), Place(mask))
    other = Binary(BinaryOp.AND, Bitcast(Place(otherwise), bits), Unary(UnaryOp.NOT, Place(mask)))
    result = Bitcast(Binary(BinaryOp.OR, kept, other), kind)
    return Function(f"choose_{kind}", (condition, then, otherwise), (), (Assign(Place(mask), ones),), result)

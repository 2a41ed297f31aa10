"""Products in registers: sums that a loop keeps in an array, a few at a time.

Rule: in ``for i { for j { p[j] := p[j] op e(i, j) } }``, where ``e`` does not read ``p``, each ``p[j]`` depends on
itself and on ``i`` alone. So the loops change places, and a few neighbours ``p[j]`` stand in locals while ``i`` runs:
each still takes the same values in the same order, and no bit changes.
"""

from __future__ import annotations

from dataclasses import replace

from syncml.ir.constants import Const
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Expr,
    For,
    Literal,
    LoopIndex,
    Machine,
    Place,
    Slot,
    Stmt,
    Storage,
)
from syncml.ir.step.traverse import map_blocks, map_expr, walk
from syncml.ir.types import I64, element

AT_ONCE = (8, 6, 4, 3)
"""How many sums stand in locals; the first that divides their number."""


def blocked(machine: Machine) -> Machine:
    """The machine with such loops in the better order."""
    locals_: list[Slot] = []

    def change(block: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(_blocked(stmt, locals_) for stmt in block)

    body = map_blocks(change, machine.body)
    return replace(machine, body=body, locals=(*machine.locals, *locals_)) if locals_ else machine


def _blocked(stmt: Stmt, locals_: list[Slot]) -> Stmt:
    if not isinstance(stmt, For) or len(stmt.body) != 1:
        return stmt
    inner = stmt.body[0]
    if not isinstance(inner, For) or len(inner.body) != 1 or not isinstance(inner.body[0], Assign):
        return stmt
    width = next((n for n in AT_ONCE if inner.count % n == 0), None)
    assign = inner.body[0]
    if width is None or not _is_sum(assign, stmt.index, inner.index):
        return stmt
    assert isinstance(assign.value, Binary)
    outer = LoopIndex(f"{inner.index.name}_block")
    start = Binary(BinaryOp.MUL, outer, Literal(Const(width, I64)))
    before: list[Stmt] = []
    during: list[Stmt] = []
    after: list[Stmt] = []
    for c in range(width):
        at = Binary(BinaryOp.ADD, start, Literal(Const(c, I64)))
        place = Place(assign.target.slot, tuple(_at(i, inner.index, at) for i in assign.target.indices))
        total = Place(Slot(f"#sum{len(locals_)}", element(place.slot.type), Storage.LOCAL))
        locals_.append(total.slot)
        value = Binary(assign.value.op, total, _at(assign.value.right, inner.index, at))
        before.append(Assign(total, place, assign.origin))
        during.append(Assign(total, value, assign.origin))
        after.append(Assign(place, total, assign.origin))
    return For(outer, inner.count // width, (*before, For(stmt.index, stmt.count, tuple(during)), *after))


def _is_sum(assign: Assign, i: LoopIndex, j: LoopIndex) -> bool:
    """Whether an element, which ``j`` alone chooses among its neighbours, takes part in its own next value."""
    target, value = assign.target, assign.value
    if not isinstance(value, Binary) or value.left != target:
        return False
    if sum(index is j for index in target.indices) != 1:
        return False
    others = [part for index in target.indices if index is not j for part in walk(index)]
    if any(part is i or part is j or isinstance(part, Place) for part in others):
        return False
    return not any(isinstance(part, Place) and part.slot is target.slot for part in walk(value.right))


def _at(expr: Expr, j: LoopIndex, value: Expr) -> Expr:
    return map_expr(lambda part: value if part is j else None, expr)

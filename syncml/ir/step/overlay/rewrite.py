"""Tensors in their blocks: every reading and writing of a tensor becomes one of the block that it lies in.

Rule: a block of tensors of one shape that lie exactly on each other keeps that shape; another one is a vector, and the
index an address: the sum of each index times its stride, and where the tensor starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.step.nests import is_idle
from syncml.ir.step.overlay.lifetimes import Lifetime
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Expr,
    Held,
    Literal,
    Machine,
    Place,
    Slot,
    Stmt,
    Storage,
)
from syncml.ir.step.traverse import expressions, map_blocks, map_expr, statements, with_expressions
from syncml.ir.types import I64, Element, shape, size, tensor


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tensor and where it lies in its block, in elements."""

    slot: Slot
    offset: int
    lifetime: Lifetime


@dataclass(frozen=True, slots=True)
class Block:
    """Memory that tensors of one element type share, without a place in it that none of them crosses."""

    element: Element
    extent: int
    tenants: tuple[Tenant, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """That of its tensors where all lie exactly on each other, else a vector."""
        shapes = {shape(t.slot.type) for t in self.tenants}
        exact = len(shapes) == 1 and all(t.offset == 0 for t in self.tenants)
        return shapes.pop() if exact else (self.extent,)


def in_blocks(machine: Machine, found: Sequence[Block]) -> Machine:
    """``machine`` with its local tensors in the blocks ``found``."""
    taken = {s.name for s in (*machine.inputs, *machine.outputs, *machine.state, *machine.constants, *machine.locals)}
    where: dict[Slot, tuple[Slot, int]] = {}
    buffers: dict[Slot, Slot] = {}
    for block in found:
        if len(block.tenants) > 1:
            buffer = _buffer(block, taken)
            for tenant in block.tenants:
                where[tenant.slot] = buffer, tenant.offset
                buffers[tenant.slot] = buffer
    if not where:
        return machine

    def moved(expr: Expr) -> Expr | None:
        if not isinstance(expr, Place) or expr.slot not in where:
            return None
        buffer, offset = where[expr.slot]
        indices = tuple(map_expr(moved, index) for index in expr.indices)
        if shape(buffer.type) != shape(expr.slot.type):
            indices = (_flat(Place(expr.slot, indices), offset),)
        return Place(buffer, indices)

    body = map_blocks(
        lambda block: tuple(s for s in (with_expressions(s, moved) for s in block) if not is_idle(s)), machine.body
    )
    used = {e.slot for e in expressions(body) if isinstance(e, Place)}
    kept = tuple(slot for slot in machine.locals if slot not in where)
    return replace(machine, body=body, locals=(*kept, *(b for b in dict.fromkeys(buffers.values()) if b in used)))


def copies(body: Iterable[Stmt], slots: Sequence[Slot]) -> set[tuple[int, int, int]]:
    """The copies of elements from slot to slot, by number, with how far the target is to be from the source."""
    number = {slot: k for k, slot in enumerate(slots)}
    found: set[tuple[int, int, int]] = set()
    for stmt in statements(body):
        if isinstance(stmt, Assign) and isinstance(stmt.value, Place):
            source, target = stmt.value, stmt.target
            if source.slot in number and target.slot in number and source.slot is not target.slot:
                factors: dict[Expr, int] = {}
                distance = _address(source, 1, factors) + _address(target, -1, factors)
                if not any(factors.values()):
                    found.add((number[source.slot], number[target.slot], distance))
    return found


def _buffer(block: Block, taken: set[str]) -> Slot:
    base = f"scratch_{block.element}"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    held = tuple(Held(t.slot.name, t.slot.type, t.offset, t.slot.origin) for t in block.tenants)
    return Slot(name, tensor(block.element, block.shape), Storage.LOCAL, holds=held)


def _flat(place: Place, offset: int) -> Expr:
    """The row-major address of an element of a tensor that starts at ``offset``, as a sum of multiples of counters."""
    factors: dict[Expr, int] = {}
    constant = offset + _address(place, 1, factors)
    falling = [(term, -factor) for term, factor in factors.items() if factor < 0]
    # The constant comes first where something is taken from it, so that no part of the sum is negative.
    total: Expr | None = _number(constant) if falling else None
    for term, factor in falling:
        assert total is not None
        total = Binary(BinaryOp.SUB, total, _times(term, factor))
    for term, factor in factors.items():
        if factor > 0:
            total = _times(term, factor) if total is None else Binary(BinaryOp.ADD, total, _times(term, factor))
    if total is None:
        return _number(constant)
    if falling or not constant:
        return total
    return Binary(BinaryOp.ADD if constant > 0 else BinaryOp.SUB, total, _number(abs(constant)))


def _times(term: Expr, factor: int) -> Expr:
    return term if factor == 1 else Binary(BinaryOp.MUL, term, _number(factor))


def _address(place: Place, sign: int, factors: dict[Expr, int]) -> int:
    """Add ``sign`` times the row-major address of ``place`` to ``factors``, but for its constant part."""
    constant, stride = 0, sign * size(place.slot.type)
    for index, extent in zip(place.indices, shape(place.slot.type), strict=True):
        stride = sign * (abs(stride) // extent)
        constant += linear(index, stride, factors)
    return constant


def linear(index: Expr, stride: int, factors: dict[Expr, int]) -> int:
    """Add ``stride`` times ``index`` to ``factors``, but for its constant part, which is returned."""
    match index:
        case Literal():
            return stride * int(index.value.machine())
        case Binary(op=BinaryOp.ADD | BinaryOp.SUB as op, left=left, right=right):
            sign = 1 if op is BinaryOp.ADD else -1
            return linear(left, stride, factors) + linear(right, sign * stride, factors)
        case Binary(op=BinaryOp.MUL, left=left, right=Literal(value)):
            return linear(left, stride * int(value.machine()), factors)
        case _:
            factors[index] = factors.get(index, 0) + stride
            return 0


def _number(value: int) -> Literal:
    return Literal(Const(value, I64))

"""Overlay: large local tensors that are never live together share memory.

Rule: each element type has memory of its own, and in it every large local tensor a place such that no element is
written while another one that is still to be read lies there (`packing`). Where one tensor alone lies, it stays a
variable; where several of one shape lie exactly on each other, they become one variable of that shape; else they become
a vector, read and written at computed places. A copy of an element to itself, which is what joining or cutting in place
comes to, goes away. Nothing else changes: the same operations run in the same order, so results have the same bits.

Tensors that instances take or give as a whole stay as they are, since an instance sees its arguments in their shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.step.overlay.curve import Curve, live_bytes
from syncml.ir.step.overlay.lifetimes import Lifetime, lifetimes
from syncml.ir.step.overlay.packing import pack
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Expr,
    For,
    Held,
    If,
    Invoke,
    Literal,
    Machine,
    Place,
    Slot,
    Stmt,
    Storage,
    Switch,
)
from syncml.ir.step.traverse import blocks, expressions, map_blocks, map_expr, statements
from syncml.ir.types import I64, Element, TensorType, element, element_bytes, shape, size, tensor

__all__ = ["LARGE", "Block", "Curve", "Lifetime", "Tenant", "live_bytes", "overlay", "place_tensors"]

LARGE = 1024
"""The bytes from which on a local tensor is large; smaller ones are worth more as variables that a reader follows."""


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


def place_tensors(machine: Machine, large: int = LARGE, fixed: Collection[Slot] = ()) -> tuple[Block, ...]:
    """The blocks of the local tensors of ``machine`` of at least ``large`` bytes; ``fixed`` are left out."""
    whole = {e.slot for e in _passed_whole(machine.body)}
    whole.update(slot for s in statements(machine.body) if isinstance(s, Invoke) for slot in s.results)
    chosen = [
        slot
        for slot in machine.locals
        if isinstance(slot.type, TensorType)
        and size(slot.type) * element_bytes(element(slot.type)) >= large
        and slot not in whole
        and slot not in fixed
    ]
    if len(chosen) < 2:
        return ()
    found = lifetimes(machine.body, chosen).of
    done: list[Block] = []
    for kind in dict.fromkeys(element(slot.type) for slot in chosen):
        tenants = [(slot, found[slot]) for slot in chosen if element(slot.type) == kind and slot in found]
        copies = _copies(machine.body, [slot for slot, _ in tenants])
        offsets = pack([lifetime for _, lifetime in tenants], copies).offsets
        done += _blocks(kind, [Tenant(s, at, lifetime) for (s, lifetime), at in zip(tenants, offsets, strict=True)])
    return tuple(done)


def _passed_whole(body: Iterable[Stmt]) -> Iterable[Place]:
    for stmt in statements(body):
        if isinstance(stmt, Invoke):
            yield from (a for a in stmt.arguments if isinstance(a, Place) and not a.indices)


def _copies(body: Iterable[Stmt], slots: Sequence[Slot]) -> set[tuple[int, int, int]]:
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


def _blocks(kind: Element, tenants: Sequence[Tenant]) -> list[Block]:
    """Cut memory where no tensor crosses."""
    done: list[Block] = []
    group: list[Tenant] = []
    start = end = 0
    for tenant in sorted(tenants, key=lambda t: (t.offset, t.lifetime.begin)):
        if group and tenant.offset >= end:
            done.append(_block(kind, group, start, end))
            group = []
        if not group:
            start = end = tenant.offset
        group.append(tenant)
        end = max(end, tenant.offset + size(tenant.slot.type))
    if group:
        done.append(_block(kind, group, start, end))
    return done


def _block(kind: Element, group: Sequence[Tenant], start: int, end: int) -> Block:
    in_time = sorted(group, key=lambda t: t.lifetime.begin)
    return Block(kind, end - start, tuple(replace(t, offset=t.offset - start) for t in in_time))


def overlay(machine: Machine, found: Sequence[Block]) -> Machine:
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

    body = map_blocks(lambda block: tuple(s for s in (_moved(s, moved) for s in block) if not _idle(s)), machine.body)
    used = {e.slot for e in expressions(body) if isinstance(e, Place)}
    kept = tuple(slot for slot in machine.locals if slot not in where)
    return replace(machine, body=body, locals=(*kept, *(b for b in dict.fromkeys(buffers.values()) if b in used)))


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
    total: Expr | None = None
    for term, factor in factors.items():
        if not factor:
            continue
        product = term if factor == 1 else Binary(BinaryOp.MUL, term, _number(factor))
        total = product if total is None else Binary(BinaryOp.ADD, total, product)
    if total is None:
        return _number(constant)
    return Binary(BinaryOp.ADD, total, _number(constant)) if constant else total


def _address(place: Place, sign: int, factors: dict[Expr, int]) -> int:
    """Add ``sign`` times the row-major address of ``place`` to ``factors``, but for its constant part."""
    constant, stride = 0, sign * size(place.slot.type)
    for index, extent in zip(place.indices, shape(place.slot.type), strict=True):
        stride = sign * (abs(stride) // extent)
        constant += _linear(index, stride, factors)
    return constant


def _linear(index: Expr, stride: int, factors: dict[Expr, int]) -> int:
    """Add ``stride`` times ``index`` to ``factors``, but for its constant part, which is returned."""
    match index:
        case Literal():
            return stride * int(index.value.machine())
        case Binary(op=BinaryOp.ADD | BinaryOp.SUB as op, left=left, right=right):
            sign = 1 if op is BinaryOp.ADD else -1
            return _linear(left, stride, factors) + _linear(right, sign * stride, factors)
        case Binary(op=BinaryOp.MUL, left=left, right=Literal(value)):
            return _linear(left, stride * int(value.machine()), factors)
        case _:
            factors[index] = factors.get(index, 0) + stride
            return 0


def _number(value: int) -> Literal:
    return Literal(Const(value, I64))


def _moved(stmt: Stmt, moved: Callable[[Expr], Expr | None]) -> Stmt:
    """``stmt`` with its own expressions changed."""
    match stmt:
        case Assign():
            target = map_expr(moved, stmt.target)
            assert isinstance(target, Place)
            return replace(stmt, target=target, value=map_expr(moved, stmt.value))
        case If():
            return replace(stmt, condition=map_expr(moved, stmt.condition))
        case Switch():
            return replace(stmt, scrutinee=map_expr(moved, stmt.scrutinee))
        case Invoke():
            index = None if stmt.index is None else map_expr(moved, stmt.index)
            return replace(stmt, arguments=tuple(map_expr(moved, a) for a in stmt.arguments), index=index)
        case _:
            return stmt


def _idle(stmt: Stmt) -> bool:
    """Whether ``stmt`` does nothing: it copies an element to itself, or nothing is left in it."""
    if isinstance(stmt, Assign):
        return stmt.value == stmt.target
    inner = blocks(stmt)
    return isinstance(stmt, For | If | Switch) and not any(inner)

"""When each element of a tensor is live, in the order in which the statements of a step run.

    time(s; t)          = time(s), then time(t)              duration(s; t) = duration(s) + duration(t)
    time(for i < n s)   = time(s) + i * duration(s)          duration(for i < n s) = n * duration(s)

Rule: a step is a straight line of at most so many assignments as its loops have iterations, so every access has a
moment: a number that is linear in the counters of the loops around it. An element is live from the first moment at
which anything touches it to the last. Both branches of a test count, one after the other, and an index that no counter
gives counts as all of the tensor; so an element is never live when it is not said to be. An assignment reads (at an
even moment) before it writes (at the odd one after it); a call may read its arguments after it wrote its results.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Expr,
    For,
    If,
    Invoke,
    Literal,
    LoopIndex,
    Place,
    Reset,
    Select,
    Slot,
    Stmt,
    Switch,
)
from syncml.ir.step.traverse import blocks, own_expressions, walk
from syncml.ir.types import shape, size

Moments: TypeAlias = NDArray[np.int64]

NEVER = np.iinfo(np.int64).max
"""The birth of an element that nothing touches; its death is -1."""

_LARGEST_GRID = 1 << 22
"""An access with more combinations of counters counts as all of the tensor."""


@dataclass(frozen=True, slots=True, eq=False)
class Lifetime:
    """The moments between which each element of a tensor, row-major, is live: ``birth <= t < death``."""

    birth: Moments
    death: Moments

    @property
    def begin(self) -> int:
        """The first birth."""
        return int(self.birth.min())

    @property
    def end(self) -> int:
        """The last death."""
        return int(self.death.max())


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The lifetimes of the tensors of one body, and the moments of its calls.

    Attributes:
        of: Each tensor that the body mentions.
        calls: For each instance the moments between which it may run, each time that it is called.
        end: The moment at which the body has run.
    """

    of: Mapping[Slot, Lifetime]
    calls: Mapping[str, tuple[tuple[int, int], ...]]
    end: int


@dataclass(frozen=True, slots=True)
class _Around:
    """A loop around a statement: its counter, its number of iterations and how long one takes."""

    index: LoopIndex
    count: int
    stride: int


_Loops: TypeAlias = tuple[_Around, ...]


@dataclass(slots=True)
class _Found:
    slots: Collection[Slot]
    birth: dict[Slot, Moments] = field(default_factory=dict[Slot, Moments])
    death: dict[Slot, Moments] = field(default_factory=dict[Slot, Moments])
    calls: dict[str, list[tuple[int, int]]] = field(default_factory=dict[str, list[tuple[int, int]]])
    durations: dict[int, int] = field(default_factory=dict[int, int])


def lifetimes(body: tuple[Stmt, ...], slots: Collection[Slot]) -> Lifetimes:
    """The lifetimes of the tensors ``slots`` in ``body``."""
    found = _Found(frozenset(slots))
    _block(body, 0, (), found)
    of = {slot: Lifetime(found.birth[slot], found.death[slot]) for slot in slots if slot in found.birth}
    calls = {name: tuple(moments) for name, moments in found.calls.items()}
    return Lifetimes(of, calls, 2 * sum(_duration(stmt, found) for stmt in body) + 2)


def _duration(stmt: Stmt, found: _Found) -> int:
    """How many moments ``stmt`` takes, in pairs of a reading and a writing."""
    key = id(stmt)
    if key not in found.durations:
        match stmt:
            case Assign() | Invoke() | Reset():
                duration = 1
            case If() | Switch():
                duration = 1 + sum(_duration(s, found) for block in blocks(stmt) for s in block)
            case For():
                duration = stmt.count * sum(_duration(s, found) for s in stmt.body)
            case _:
                assert_never(stmt)
        found.durations[key] = duration
    return found.durations[key]


def _block(body: tuple[Stmt, ...], start: int, loops: _Loops, found: _Found) -> None:
    at = start
    for stmt in body:
        _statement(stmt, at, loops, found)
        at += _duration(stmt, found)


def _statement(stmt: Stmt, at: int, loops: _Loops, found: _Found) -> None:
    match stmt:
        case Assign():
            for place in _places(stmt):
                if place is stmt.target:
                    _touch(place, at, loops, (1, 2), found)
                else:
                    _touch(place, at, loops, (0, 0), found)
        case Invoke():
            for place in _places(stmt):
                _touch(place, at, loops, (0, 2), found)
            for slot in stmt.results:
                _touch(Place(slot), at, loops, (1, 2), found)
            last = at + sum((loop.count - 1) * loop.stride for loop in loops)
            found.calls.setdefault(stmt.instance, []).append((2 * at, 2 * last + 2))
        case If() | Switch():
            for place in _places(stmt):
                _touch(place, at, loops, (0, 0), found)
            start = at + 1
            for block in blocks(stmt):
                _block(block, start, loops, found)
                start += sum(_duration(s, found) for s in block)
        case For():
            stride = sum(_duration(s, found) for s in stmt.body)
            _block(stmt.body, at, (*loops, _Around(stmt.index, stmt.count, stride)), found)
        case Reset():
            pass
        case _:
            assert_never(stmt)


def _places(stmt: Stmt) -> Iterator[Place]:
    for expr in own_expressions(stmt):
        for part in walk(expr):
            if isinstance(part, Place):
                yield part


def _touch(place: Place, at: int, loops: _Loops, span: tuple[int, int], found: _Found) -> None:
    """Note an access that lasts from ``span[0]`` to ``span[1]`` after the moment of its statement."""
    slot = place.slot
    if slot not in found.slots:
        return
    if slot not in found.birth:
        found.birth[slot] = np.full(size(slot.type), NEVER, np.int64)
        found.death[slot] = np.full(size(slot.type), -1, np.int64)
    birth, death = found.birth[slot], found.death[slot]
    inside = {part for index in place.indices for part in walk(index) if isinstance(part, LoopIndex)}
    moving = tuple(loop for loop in loops if loop.index in inside)
    addresses = _addresses(place, moving)
    if addresses is None:
        moving, addresses = (), np.arange(birth.size)
    first = np.array(at, np.int64)
    for axis, loop in enumerate(moving):
        first = first + loop.stride * _counter(axis, loop, len(moving))
    rest = sum((loop.count - 1) * loop.stride for loop in loops if loop not in moving)
    first, addresses = (a.reshape(-1) for a in np.broadcast_arrays(2 * first, addresses))
    inside_slot = addresses >= 0
    first, addresses = first[inside_slot], addresses[inside_slot]
    np.minimum.at(birth, addresses, first + span[0])
    np.maximum.at(death, addresses, first + 2 * rest + span[1])


def _counter(axis: int, loop: _Around, axes: int) -> Moments:
    values = np.arange(loop.count, dtype=np.int64)
    return values.reshape(tuple(loop.count if k == axis else 1 for k in range(axes)))


def _addresses(place: Place, moving: _Loops) -> Moments | None:
    """The row-major address for all values of the counters, -1 outside of the tensor; None if they do not tell it."""
    if not place.indices or np.prod([loop.count for loop in moving], dtype=np.float64) > _LARGEST_GRID:
        return None
    counters = {loop.index: _counter(axis, loop, len(moving)) for axis, loop in enumerate(moving)}
    total, outside = np.array(0, np.int64), np.array(False)
    for index, extent in zip(place.indices, shape(place.slot.type), strict=True):
        value = _evaluate(index, counters)
        if value is None:
            return None
        total = total * extent + value
        outside = outside | (value < 0) | (value >= extent)
    return np.where(outside, -1, total)


_ARITHMETIC: Mapping[BinaryOp, Any] = {
    BinaryOp.ADD: np.add, BinaryOp.SUB: np.subtract, BinaryOp.MUL: np.multiply, BinaryOp.AND: np.bitwise_and,
    BinaryOp.OR: np.bitwise_or, BinaryOp.EQ: np.equal, BinaryOp.NE: np.not_equal, BinaryOp.LT: np.less,
    BinaryOp.LE: np.less_equal, BinaryOp.GT: np.greater, BinaryOp.GE: np.greater_equal,
}  # fmt: skip


def _evaluate(expr: Expr, counters: Mapping[LoopIndex, Moments]) -> NDArray[Any] | None:
    """An index for all values of the counters, or None if it reads anything else."""
    match expr:
        case Literal():
            return np.asarray(expr.value.machine())
        case LoopIndex():
            return counters.get(expr)
        case Binary(op=op):
            left, right = _evaluate(expr.left, counters), _evaluate(expr.right, counters)
            if left is None or right is None:
                return None
            if op in (BinaryOp.QUOT, BinaryOp.REM):
                if not bool((right > 0).all()):
                    return None
                quotient = np.sign(left) * (np.abs(left) // right)
                return quotient if op is BinaryOp.QUOT else left - quotient * right
            return _ARITHMETIC[op](left, right) if op in _ARITHMETIC else None
        case Select():
            parts = [_evaluate(part, counters) for part in (expr.condition, expr.then, expr.otherwise)]
            return None if any(part is None for part in parts) else np.where(*parts)  # type: ignore[arg-type]
        case _:
            return None

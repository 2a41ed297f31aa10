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

    def joined(self, other: Lifetime) -> Lifetime:
        """From the earlier birth to the later death."""
        return Lifetime(np.minimum(self.birth, other.birth), np.maximum(self.death, other.death))

    @property
    def begin(self) -> int:
        """The first birth."""
        return int(self.birth.min())

    @property
    def end(self) -> int:
        """The last death."""
        return int(self.death.max())


Touched: TypeAlias = Mapping[Slot, Lifetime]
"""The moments between which a part of a body touches each element."""


@dataclass(frozen=True, slots=True)
class Nest:
    """A loop that is in no other, the moment (in pairs) at which it starts, and what it touches."""

    loop: For
    start: int
    touched: Touched


@dataclass(frozen=True, slots=True)
class Timeline:
    """When a body touches its tensors, and the moments of its calls.

    Attributes:
        nests: The loops that are in no other loop.
        outside: What the statements outside of loops touch.
        calls: For each instance the moments between which it may run, each time that it is called.
    """

    nests: tuple[Nest, ...]
    outside: Touched
    calls: Mapping[str, tuple[tuple[int, int], ...]]

    @property
    def lifetimes(self) -> dict[Slot, Lifetime]:
        """The lifetime of each tensor that the body mentions."""
        found: dict[Slot, Lifetime] = dict(self.outside)
        for nest in self.nests:
            for slot, touched in nest.touched.items():
                before = found.get(slot)
                found[slot] = touched if before is None else before.joined(touched)
        return found


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
    arenas: Mapping[int, Slot] = field(default_factory=dict[int, Slot])
    touched: dict[Slot, Lifetime] = field(default_factory=dict[Slot, Lifetime])
    nests: list[Nest] = field(default_factory=list[Nest])
    calls: dict[str, list[tuple[int, int]]] = field(default_factory=dict[str, list[tuple[int, int]]])
    durations: dict[int, int] = field(default_factory=dict[int, int])


def timeline(body: tuple[Stmt, ...], slots: Collection[Slot], arenas: Mapping[int, Slot] | None = None) -> Timeline:
    """When ``body`` touches the tensors ``slots``.

    Args:
        body: The statements.
        slots: The tensors.
        arenas: For loops that are in no other, by their identity, a tensor that is live as long as the loop runs.
    """
    found = _Found(frozenset(slots), arenas or {})
    _block(body, 0, (), found)
    calls = {name: tuple(moments) for name, moments in found.calls.items()}
    return Timeline(tuple(found.nests), found.touched, calls)


def touched_by(loop: For, start: int, slots: Collection[Slot]) -> Touched:
    """What ``loop`` touches if it starts at the moment ``start`` (in pairs)."""
    found = _Found(frozenset(slots))
    _loop(loop, start, (), found)
    return found.touched


def duration(stmt: Stmt) -> int:
    """How many moments ``stmt`` takes, in pairs of a reading and a writing."""
    return _duration(stmt, _Found(frozenset()))


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
        case For() if loops:
            _loop(stmt, at, loops, found)
        case For():
            outside, found.touched = found.touched, {}
            _loop(stmt, at, loops, found)
            if id(stmt) in found.arenas:
                arena, end = found.arenas[id(stmt)], at + _duration(stmt, found)
                count = size(arena.type)
                found.touched[arena] = Lifetime(np.full(count, 2 * at, np.int64), np.full(count, 2 * end, np.int64))
            if found.touched:
                found.nests.append(Nest(stmt, at, found.touched))
            found.touched = outside
        case Reset():
            pass
        case _:
            assert_never(stmt)


def _loop(stmt: For, at: int, loops: _Loops, found: _Found) -> None:
    stride = sum(_duration(s, found) for s in stmt.body)
    _block(stmt.body, at, (*loops, _Around(stmt.index, stmt.count, stride)), found)


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
    if slot not in found.touched:
        count = size(slot.type)
        found.touched[slot] = Lifetime(np.full(count, NEVER, np.int64), np.full(count, -1, np.int64))
    birth, death = found.touched[slot].birth, found.touched[slot].death
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
        value = values_of(index, counters)
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


def values_of(expr: Expr, counters: Mapping[LoopIndex, Moments]) -> NDArray[Any] | None:
    """An index, or a test of counters, for all values of the counters; None if it reads anything else."""
    match expr:
        case Literal():
            return np.asarray(expr.value.machine())
        case LoopIndex():
            return counters.get(expr)
        case Binary(op=op):
            left, right = values_of(expr.left, counters), values_of(expr.right, counters)
            if left is None or right is None:
                return None
            if op in (BinaryOp.QUOT, BinaryOp.REM):
                if not bool((right > 0).all()):
                    return None
                quotient = np.sign(left) * (np.abs(left) // right)
                return quotient if op is BinaryOp.QUOT else left - quotient * right
            return _ARITHMETIC[op](left, right) if op in _ARITHMETIC else None
        case Select():
            parts = [values_of(part, counters) for part in (expr.condition, expr.then, expr.otherwise)]
            return None if any(part is None for part in parts) else np.where(*parts)  # type: ignore[arg-type]
        case _:
            return None

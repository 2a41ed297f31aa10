"""Definite assignment: which slots a piece of step code sets for certain, and which it may read before it sets them.

    sets(s; t)          = sets(s) + sets(t)             exposed(s; t) = exposed(s) + (exposed(t) - sets(s))
    sets(if c s else t) = sets(s) intersected with sets(t)
    sets(for i < n s)   = the union of sets(s) over i

A tensor is tracked by boxes of indices; an axis of a box is an interval, or an interval that moves with the counters
of surrounding loops. The result is an approximation from the safe side: what is called set is set on every path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

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
    Slot,
    Stmt,
    Switch,
)
from syncml.ir.step.traverse import walk
from syncml.ir.types import EnumType, shape

_FEW = 64
"""Up to so many boxes, with gaps between them, stand for what a loop sets."""

_Moves = frozenset[tuple[LoopIndex, int]]
"""Counters of surrounding loops, each with how far an index moves when the counter goes up by one."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """The indices ``low <= k < high``, each plus the movement of the counters."""

    low: int
    high: int
    moves: _Moves = frozenset()

    def step(self, counter: LoopIndex) -> int:
        """How far the axis moves with ``counter``."""
        return dict(self.moves).get(counter, 0)

    def moved(self, counter: LoopIndex, value: int) -> _Axis:
        """The axis where ``counter`` is ``value``."""
        step = self.step(counter)
        rest = frozenset(move for move in self.moves if move[0] is not counter)
        return _Axis(self.low + step * value, self.high + step * value, rest)

    def swept(self, counter: LoopIndex, count: int) -> _Axis:
        """The least interval that contains the axis for all values of ``counter`` below ``count``."""
        first, last = self.moved(counter, 0), self.moved(counter, count - 1)
        return _Axis(min(first.low, last.low), max(first.high, last.high), first.moves)

    def is_dense(self, counter: LoopIndex) -> bool:
        """Whether the axis leaves no gap as ``counter`` goes up."""
        return abs(self.step(counter)) <= self.high - self.low


_Box = tuple[_Axis, ...]


def _whole(slot: Slot) -> _Box:
    return tuple(_Axis(0, extent) for extent in shape(slot.type))


def _axis(index: Expr) -> _Axis | None:
    """The one index that ``index`` is, as an interval of length one; None if it is not linear in counters."""
    match index:
        case Literal():
            value = int(index.value.machine())
            return _Axis(value, value + 1)
        case LoopIndex():
            return _Axis(0, 1, frozenset({(index, 1)}))
        case Binary(op=BinaryOp.ADD | BinaryOp.SUB | BinaryOp.MUL):
            one, two = _axis(index.left), _axis(index.right)
            return None if one is None or two is None else _combined(index.op, one, two)
        case _:
            return None


def _combined(op: BinaryOp, one: _Axis, two: _Axis) -> _Axis | None:
    if op is BinaryOp.MUL:
        if one.moves and two.moves:
            return None
        factor, other = (one.low, two) if not one.moves else (two.low, one)
        return _single(other.low * factor, {counter: step * factor for counter, step in other.moves})
    sign = 1 if op is BinaryOp.ADD else -1
    moves = dict(one.moves)
    for counter, step in two.moves:
        moves[counter] = moves.get(counter, 0) + sign * step
    return _single(one.low + sign * two.low, moves)


def _single(value: int, moves: Mapping[LoopIndex, int]) -> _Axis:
    return _Axis(value, value + 1, frozenset((counter, step) for counter, step in moves.items() if step))


def _box(place: Place, *, reading: bool) -> _Box | None:
    """The elements that ``place`` touches: more than they are when reading, None if unknown when writing."""
    if not place.indices:
        return _whole(place.slot)
    axes: list[_Axis] = []
    for index, extent in zip(place.indices, shape(place.slot.type), strict=True):
        axis = _axis(index)
        if axis is None:
            if not reading:
                return None
            axis = _Axis(0, extent)
        axes.append(axis)
    return tuple(axes)


def _contains(outer: _Box, inner: _Box, extents: tuple[int, ...]) -> bool:
    return all(
        (not o.moves and (o.low, o.high) == (0, extent)) or (o.moves == i.moves and o.low <= i.low and i.high <= o.high)
        for o, i, extent in zip(outer, inner, extents, strict=True)
    )


def _joined(one: _Box, two: _Box) -> _Box | None:
    """The union of two boxes if it is a box."""
    differing = [k for k, (a, b) in enumerate(zip(one, two, strict=True)) if a != b]
    if not differing:
        return one
    if len(differing) > 1:
        return None
    k = differing[0]
    a, b = one[k], two[k]
    if a.moves != b.moves or a.high < b.low or b.high < a.low:
        return None
    return (*one[:k], _Axis(min(a.low, b.low), max(a.high, b.high), a.moves), *one[k + 1 :])


class _Regions:
    """For each slot the boxes that are set."""

    __slots__ = ("boxes",)

    def __init__(self) -> None:
        self.boxes: dict[Slot, list[_Box]] = {}

    def add(self, slot: Slot, box: _Box) -> None:
        boxes = self.boxes.setdefault(slot, [])
        merged = True
        while merged:
            merged = False
            for position, other in enumerate(boxes):
                union = _joined(box, other)
                if union is not None:
                    box = union
                    del boxes[position]
                    merged = True
                    break
        boxes.append(box)

    def covers(self, slot: Slot, box: _Box) -> bool:
        extents = shape(slot.type)
        return any(_contains(have, box, extents) for have in self.boxes.get(slot, ()))

    def items(self) -> Iterator[tuple[Slot, _Box]]:
        for slot, boxes in self.boxes.items():
            for box in boxes:
                yield slot, box


@dataclass(frozen=True, slots=True)
class _Effect:
    sets: _Regions
    exposed: dict[tuple[Slot, _Box], None]


def _reads(expr: Expr) -> Iterator[tuple[Slot, _Box]]:
    for part in walk(expr):
        if isinstance(part, Place):
            box = _box(part, reading=True)
            if box is not None:
                yield part.slot, box


def _block(statements: Iterable[Stmt]) -> _Effect:
    total = _Effect(_Regions(), {})
    for statement in statements:
        effect = _statement(statement)
        for slot, box in effect.exposed:
            if not total.sets.covers(slot, box):
                total.exposed[slot, box] = None
        for slot, box in effect.sets.items():
            total.sets.add(slot, box)
    return total


def _statement(statement: Stmt) -> _Effect:
    effect = _Effect(_Regions(), {})
    match statement:
        case Assign():
            for expr in (statement.value, *statement.target.indices):
                effect.exposed.update(dict.fromkeys(_reads(expr)))
            # What shares a slot is written before it is read, and its many pieces would be long to join.
            box = None if statement.target.slot.holds else _box(statement.target, reading=False)
            if box is not None:
                effect.sets.add(statement.target.slot, box)
        case Invoke():
            for argument in statement.arguments:
                effect.exposed.update(dict.fromkeys(_reads(argument)))
            for slot in statement.results:
                effect.sets.add(slot, _whole(slot))
        case If():
            branches = [_block(statement.then), _block(statement.otherwise)]
            return _merged(_reads(statement.condition), branches)
        case Switch():
            branches = [_block(body) for _, body in statement.cases]
            kind = statement.scrutinee.type
            if not isinstance(kind, EnumType) or {name for name, _ in statement.cases} != set(kind.constructors):
                branches.append(_block(()))
            return _merged(_reads(statement.scrutinee), branches)
        case For():
            return _repeated(statement)
        case Reset():
            pass
        case _:
            assert_never(statement)
    return effect


def _merged(condition: Iterator[tuple[Slot, _Box]], branches: list[_Effect]) -> _Effect:
    effect = _Effect(_Regions(), dict.fromkeys(condition))
    for branch in branches:
        effect.exposed.update(branch.exposed)
    if branches:
        for slot, box in branches[0].sets.items():
            if all(other.sets.covers(slot, box) for other in branches[1:]):
                effect.sets.add(slot, box)
    return effect


def _repeated(loop: For) -> _Effect:
    effect = _Effect(_Regions(), {})
    if loop.count == 0:
        return effect
    body = _block(loop.body)
    for slot, box in body.exposed:
        effect.exposed[slot, _over(box, loop, hull=True)[0]] = None
    for slot, box in body.sets.items():
        for swept in _over(box, loop, hull=False):
            effect.sets.add(slot, swept)
    return effect


def _over(box: _Box, loop: For, *, hull: bool) -> list[_Box]:
    """``box`` for all values of the counter of ``loop``: one box that contains them, or boxes that are their union."""
    moving = [axis for axis in box if axis.step(loop.index)]
    if hull or not moving or (len(moving) == 1 and moving[0].is_dense(loop.index)):
        return [tuple(axis.swept(loop.index, loop.count) for axis in box)]
    if len(moving) == 1 and loop.count > _FEW:
        return []
    return [tuple(axis.moved(loop.index, k) for axis in box) for k in range(loop.count)]


@dataclass(frozen=True, slots=True)
class Assignment:
    """``complete`` are the slots that are set as a whole on every path; ``exposed`` those that may be read unset."""

    complete: frozenset[Slot]
    exposed: frozenset[Slot]


def analyse(body: Iterable[Stmt]) -> Assignment:
    """Definite assignment of the slots that ``body`` mentions; what shares a slot is written before it is read."""
    effect = _block(body)
    complete = frozenset(slot for slot in effect.sets.boxes if effect.sets.covers(slot, _whole(slot)))
    return Assignment(complete, frozenset(slot for slot, _ in effect.exposed if not slot.holds))

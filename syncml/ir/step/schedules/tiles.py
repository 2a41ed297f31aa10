"""An accumulation in the order of a schedule.

    for blocks of results {
        sums := start
        for terms { for tile { sums := update for several terms, one after the other } }
        for tile { target := sums }
    }

The sums are a local of their own, even where all terms are in one expression: what is written there overlaps nothing
that is read. Only a tile that is all there is goes straight to its target.

Rule: each element sees its terms in the order of the accumulation: the loops over terms keep their order, and the
terms that one statement adds follow each other in the innermost of them. What `Finish` reads of the target it reads
of the sums, so an elementwise use of the target needs neither a loop nor memory of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from math import prod

from syncml.dataclass import dataclass
from syncml.ir.step.lowering.elements import index, literal_index, plus, times
from syncml.ir.step.nests import Axis
from syncml.ir.step.schedules.accumulation import Accumulation
from syncml.ir.step.schedules.choose import Schedule
from syncml.ir.step.schedules.layouts import LaidOut, Part
from syncml.ir.step.syntax import Assign, Binary, BinaryOp, Expr, For, LoopIndex, Origin, Place, Slot, Stmt, Storage
from syncml.ir.step.traverse import map_expr, operands, rebuild, walk
from syncml.ir.types import Type, element, shape, tensor

Local = Callable[[str, Type], Slot]
"""Makes a local of a name like the given one."""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of an axis in which whole tiles fit: ``count`` tiles of ``length`` from ``start``."""

    start: int
    count: int
    length: int


@dataclass(frozen=True, slots=True)
class Finish:
    """What is assigned in the place of the target: an elementwise use of it, over the counters of the results."""

    target: Place
    value: Expr
    origin: Origin | None


def blocks_of(extent: int, tile: int) -> tuple[Block, ...]:
    """The whole tiles of an axis, and the rest."""
    count, rest = divmod(extent, tile)
    whole = (Block(0, count, tile),) if count else ()
    return (*whole, Block(count * tile, 1, rest)) if rest else whole


def scheduled(
    made: Accumulation, schedule: Schedule, finish: Finish | None, laid_out: Mapping[Slot, LaidOut], local: Local
) -> list[Stmt]:
    """The statements of ``made`` in the order of ``schedule``; ``finish`` stands for the assignment of the target."""
    done: list[Stmt] = []
    for region in regions_of(made, schedule):
        done += _Region(
            made, region, schedule, finish or Finish(made.target, made.target, made.origin), laid_out
        ).statements(local)
    return done


def regions_of(made: Accumulation, schedule: Schedule) -> list[tuple[Block, ...]]:
    """The parts of the results that have tiles of one length, each as a block of every axis."""
    parts = [blocks_of(axis.extent, tile) for axis, tile in zip(made.results, schedule.tile, strict=True)]
    return list(product(*parts))


class _Region:
    """All tiles of one length."""

    def __init__(
        self,
        made: Accumulation,
        region: tuple[Block, ...],
        schedule: Schedule,
        finish: Finish,
        laid_out: Mapping[Slot, LaidOut],
    ) -> None:
        self._made = made
        self._schedule = schedule
        self._finish = finish
        self._around: list[Axis] = []
        self._inside: list[Axis] = []
        whole: dict[LoopIndex, Expr] = {}
        block: dict[LoopIndex, Expr] = {}
        inside: dict[LoopIndex, Expr] = {}
        for axis, part in zip(made.results, region, strict=True):
            name, counter = axis.index.name, axis.index
            block[counter], inside[counter] = index(0), index(0)
            if part.count > 1:
                block[counter] = number = LoopIndex(name)
                self._around.append(Axis(number, part.count))
            if part.length > 1:
                inside[counter] = place = LoopIndex(name if part.count == 1 else 2 * name)
                self._inside.append(Axis(place, part.length))
            first = plus(times(block[counter], part.length), part.start)
            whole[counter] = folded(BinaryOp.ADD, first, inside[counter])
        self._places = Places(whole, block, inside, laid_out)

    def statements(self, local: Local) -> list[Stmt]:
        """The loops over the tiles."""
        made, finish, places = self._made, self._finish, self._places
        counters = tuple(axis.index for axis in self._inside)
        at_once = self._schedule.terms >= prod(axis.extent for axis in made.terms)
        target = places.place(finish.target) if finish.target.indices else finish.target
        reads = sum(part == made.target for part in walk(finish.value))
        if self._is_target():
            sums = Place(made.target.slot, counters)
        elif at_once and reads == 1 and not self._around:
            value = places.expr(finish.value, made.target, self._all_terms())
            return self._tile(Assign(target, value, finish.origin))
        else:
            type_ = tensor(element(made.target.slot.type), tuple(axis.extent for axis in self._inside))
            sums = Place(local(f"{made.target.slot.name}_sums", type_), counters)
        if at_once:
            body = self._tile(Assign(sums, self._all_terms(), made.origin))
        else:
            body = _loops(self._inside, [Assign(sums, places.expr(made.start), made.origin)])
            body += self._terms(sums)
        if sums.slot is not made.target.slot:
            value = places.expr(finish.value, made.target, sums)
            body += _loops(self._inside, [Assign(target, value, finish.origin)])
        return _loops(self._around, body)

    def _is_target(self) -> bool:
        """Whether the one tile is the target itself, a local, so that its elements are the sums."""
        target = self._made.target
        extents = tuple(axis.extent for axis in self._inside)
        local = target.slot.storage is Storage.LOCAL and self._finish.target == target
        return local and not self._around and extents == shape(target.slot.type)

    def _term(self, point: Iterable[Expr]) -> Mapping[LoopIndex, Expr]:
        return dict(zip([axis.index for axis in self._made.terms], point, strict=True))

    def _added(self, terms: Iterable[Mapping[LoopIndex, Expr]], sums: Expr) -> Expr:
        """``sums`` after the given terms, one after the other."""
        for term in terms:
            sums = self._places.at(term).expr(self._made.update, self._made.target, sums)
        return sums

    def _all_terms(self) -> Expr:
        """An element with all its terms in one expression."""
        points = product(*(range(axis.extent) for axis in self._made.terms))
        terms = [self._term(map(index, point)) for point in points]
        return self._added(terms, self._places.expr(self._made.start))

    def _tile(self, body: Stmt) -> list[Stmt]:
        """``body`` for all elements of a tile: written out, or in a loop over the last axis, the others written out."""
        if self._schedule.written_out or not self._inside:
            return _loops(self._inside, [body], unroll=True)
        return _loops(self._inside[-1:], _loops(self._inside[:-1], [body], unroll=True))

    def _terms(self, sums: Place) -> list[Stmt]:
        """The loops over terms, with as many iterations of the innermost in one statement as the schedule says."""
        *outer, last = self._made.terms
        around: list[Expr] = [LoopIndex(axis.index.name) for axis in outer]
        count = min(self._schedule.terms, last.extent)
        blocks, rest = divmod(last.extent, count)
        counter = LoopIndex(last.index.name)

        def step(first: Expr, number: int) -> list[Stmt]:
            terms = [self._term([*around, plus(first, n)]) for n in range(number)]
            return self._tile(Assign(sums, self._added(terms, sums), self._made.origin))

        body = step(times(counter, count) if blocks > 1 else index(0), count)
        if blocks > 1:
            body = [For(counter, blocks, tuple(body))]
        if rest:
            body += step(index(blocks * count), rest)
        named = [Axis(i, axis.extent) for i, axis in zip(around, outer, strict=True) if isinstance(i, LoopIndex)]
        return _loops(named, body)


def _loops(axes: list[Axis], body: Sequence[Stmt], *, unroll: bool = False) -> list[Stmt]:
    done = tuple(body)
    for axis in reversed(axes):
        done = (For(axis.index, axis.extent, done, unroll),)
    return list(done)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a statement of a tile finds what the accumulation reads.

    Attributes:
        whole: The value of each counter of the accumulation.
        block: The number of the tile along each axis of the results, ``inside`` the place in the tile.
        laid_out: Constants that were laid out anew, each with what its indices are now.
    """

    whole: Mapping[LoopIndex, Expr]
    block: Mapping[LoopIndex, Expr]
    inside: Mapping[LoopIndex, Expr]
    laid_out: Mapping[Slot, LaidOut]

    def at(self, terms: Mapping[LoopIndex, Expr]) -> Places:
        """The places for one term."""
        return Places({**self.whole, **terms}, self.block, self.inside, self.laid_out)

    def expr(self, expr: Expr, target: Place | None = None, sums: Expr | None = None) -> Expr:
        """``expr`` in the tile; ``sums`` stands for the reading of ``target``."""

        def change(part: Expr) -> Expr | None:
            match part:
                case Place() if sums is not None and part == target:
                    return sums
                case Place() if part.indices:
                    return self.place(part)
                case LoopIndex():
                    return self.whole.get(part)
                case _:
                    return None

        return map_expr(change, expr)

    def place(self, place: Place) -> Place:
        """``place`` in the tile."""
        found = self.laid_out.get(place.slot)
        if found is None:
            return Place(place.slot, tuple(self._index(i) for i in place.indices))
        return Place(found.slot, tuple(self._digit(*digit) for digit in found.digits))

    def _digit(self, counter: LoopIndex, part: Part) -> Expr:
        match part:
            case Part.WHOLE:
                return self.whole[counter]
            case Part.BLOCK:
                return self.block[counter]
            case Part.INSIDE:
                return self.inside[counter]

    def _index(self, expr: Expr) -> Expr:
        """An index in its simplest form: literals are folded, ``(a + 1) + 2`` too."""
        match expr:
            case LoopIndex():
                return self.whole.get(expr, expr)
            case Place():
                return self.place(expr) if expr.indices else expr
            case Binary(op=BinaryOp.ADD | BinaryOp.MUL):
                return folded(expr.op, self._index(expr.left), self._index(expr.right))
            case _:
                return rebuild(expr, tuple(map(self._index, operands(expr))))


def folded(op: BinaryOp, left: Expr, right: Expr) -> Expr:
    """The sum or product of two indices with literals folded."""
    known, other = literal_index(right), left
    if known is None:
        known, other = literal_index(left), right
    if known is None:
        return Binary(op, left, right)
    if op is BinaryOp.MUL:
        return times(other, known) if known else index(0)
    inner = literal_index(other.right) if isinstance(other, Binary) and other.op is BinaryOp.ADD else None
    if isinstance(other, Binary) and inner is not None:
        return plus(other.left, inner + known)
    return plus(other, known)

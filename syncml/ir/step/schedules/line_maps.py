"""Maps: tensors that neighbouring loops compute row by row, each row from a few rows of the maps before it.

    map M along an axis:     M[c + offset] := f(S[c + low], .., S[c + high], ..)         for each row c of a stretch
    reduction of a map:      e := start; for each row l of S, the outermost loop over terms { e := g(e, S[l]) }

Rule: statements are a *group* if each computes a stretch of rows of a map, or reduces one, and reads of the maps of the
group nothing but rows at a fixed distance from its own. Each row of a stretch is then the same statements on other
rows, and the rows of all maps may be computed in any order in which a row comes after those that it reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.step.overlay.rewrite import linear
from syncml.ir.step.overlay.rows import rows_of
from syncml.ir.step.schedules.accumulation import Accumulation, accumulation_at
from syncml.ir.step.syntax import Expr, For, LoopIndex, Place, Slot, Stmt, Storage
from syncml.ir.step.traverse import expressions, reads, statements, walk, writes
from syncml.ir.types import Scalar, element, shape

Span: TypeAlias = tuple[int, int]
"""From and to before."""
Box: TypeAlias = tuple[Span, ...]
"""An interval of elements along each axis."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which rows of a map an access reads, seen from the row of the reader: those at ``terms`` plus ``constant``.

    ``low`` and ``high`` are the least and the greatest distance, ``terms`` the counters of inner loops and their steps.
    """

    terms: tuple[tuple[LoopIndex, int], ...]
    constant: int
    low: int
    high: int


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A loop over the rows of ``target`` from ``first`` on, ``count`` of them; without a ``counter`` one row."""

    stmt: For
    target: Slot
    axis: int
    counter: LoopIndex | None
    first: int
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """A sum, or the like, over all rows of maps, in their order."""

    stmt: For
    made: Accumulation

    @property
    def target(self) -> Slot:
        """What the rows are summed into."""
        return self.made.target.slot

    @property
    def counter(self) -> LoopIndex:
        """The loop over the rows."""
        return self.made.terms[0].index

    @property
    def count(self) -> int:
        """The number of rows."""
        return self.made.terms[0].extent

    @property
    def first(self) -> int:
        """The row of the maps that comes first is that of the reduction."""
        return 0


@dataclass(frozen=True, slots=True)
class Group:
    """Statements of a block from ``start`` to before ``stop``, and the axis of each of their maps."""

    start: int
    stop: int
    parts: tuple[Piece | Reduction, ...]
    axes: Mapping[Slot, int]

    @property
    def maps(self) -> tuple[Slot, ...]:
        """The maps, in the order in which they are computed."""
        return tuple(dict.fromkeys(part.target for part in self.parts if isinstance(part, Piece)))


def group_at(block: Sequence[Stmt], start: int, private: Collection[Slot], written: Counter[Slot]) -> Group | None:
    """The longest group that starts at a position of ``block``; None if there is none of two maps or more.

    Args:
        block: The statements.
        start: The position.
        private: The locals that one loop has for itself.
        written: How many statements of the machine write each slot.
    """
    first = block[start]
    found = rows_of(first, private) if isinstance(first, For) else None
    if found is None or not isinstance(first, For):
        return None
    best: Group | None = None
    for axis in range(len(found[1][0].indices)):
        if _piece(first, found[0], found[1], axis) is None:
            continue
        group = _Walk(private, written, {found[0]: axis}).run(block, start)
        if group is not None and (best is None or group.stop > best.stop):
            best = group
    return best


@dataclass(slots=True)
class _Walk:
    private: Collection[Slot]
    written: Counter[Slot]
    axes: dict[Slot, int]
    parts: list[Piece | Reduction | _Open] = field(default_factory=list["Piece | Reduction | _Open"])
    targets: dict[Slot, int] = field(default_factory=dict[Slot, int])
    read: set[Slot] = field(default_factory=set[Slot])
    reduced: set[Slot] = field(default_factory=set[Slot])

    def run(self, block: Sequence[Stmt], start: int) -> Group | None:
        best: Group | None = None
        position = start
        while position < len(block):
            taken = self._reduce(block, position)
            if not taken:
                stmt = block[position]
                taken = int(isinstance(stmt, For) and self._take(stmt))
            if not taken:
                break
            position += taken
            if (group := self._closed(start, position)) is not None:
                best = group
        return best

    def _closed(self, start: int, stop: int) -> Group | None:
        """What was taken, if each map is written here alone and its axis is known."""
        parts: list[Piece | Reduction] = []
        for part in self.parts:
            known = part if not isinstance(part, _Open) else self._known(part)
            if known is None:
                return None
            parts.append(known)
        group = Group(start, stop, tuple(parts), {slot: self.axes[slot] for slot in self.targets})
        whole = all(self.written[slot] == count for slot, count in self.targets.items())
        return group if whole and len(group.maps) > 1 and self.read else None

    def _known(self, part: _Open) -> Piece | None:
        axis = self.axes.get(part.target)
        return None if axis is None else _piece(part.stmt, part.target, part.places, axis)

    def _take(self, stmt: For) -> bool:
        """Whether ``stmt`` is a piece of a map, as far as is known."""
        inside = {slot for inner in statements((stmt,)) for slot in reads(inner)}
        found = rows_of(stmt, self.private)
        if found is None or inside & self.reduced:
            return False
        target, places = found
        if element(target.type) not in _NUMBERS or target in self.read | self.reduced:
            return False
        sources = (inside & self.targets.keys()) - {target}
        part = _Open(stmt, target, places)
        piece = self._piece(part, sources) if sources else part
        if piece is None:
            return False
        self.targets[target] = self.targets.get(target, 0) + _writes((stmt,), target)
        self.parts.append(piece)
        self.read |= sources
        return True

    def _reduce(self, block: Sequence[Stmt], position: int) -> int:
        """How many statements are a reduction of maps, and no piece of one; 0 if there is none."""
        made, taken = accumulation_at(tuple(block[position : position + 2]), 0) or (None, 0)
        last = block[position + taken - 1]
        if made is None or not isinstance(last, For) or made.target.slot.storage is not Storage.LOCAL:
            return 0
        inside = block[position : position + taken]
        target, read = made.target.slot, {slot for stmt in statements(inside) for slot in reads(stmt)}
        sources = (read & self.targets.keys()) - {target}
        started = any(isinstance(e, Place) and e.slot in self.targets for e in walk(made.start))
        known = self.targets.keys() | self.reduced
        if not sources or started or target in known or read & self.reduced or target in self.read:
            return 0
        found = rows_of(last, self.private)
        if found is not None and self._piece(_Open(last, *found), sources) is not None:
            return 0
        part = Reduction(last, made)
        axes = self._with_sources(part, sources)
        if axes is None or self.written[target] != _writes(inside, target):
            return 0
        self.axes |= axes
        self.reduced.add(target)
        self.parts.append(part)
        self.read |= sources
        return taken

    def _piece(self, part: _Open, sources: Collection[Slot]) -> Piece | None:
        known = self.axes.get(part.target)
        for axis in range(len(part.places[0].indices)) if known is None else (known,):
            piece = _piece(part.stmt, part.target, part.places, axis)
            axes = None if piece is None else self._with_sources(piece, sources)
            if axes is not None:
                self.axes |= axes
                self.axes[part.target] = axis
                return piece
        return None

    def _with_sources(self, part: Piece | Reduction, sources: Collection[Slot]) -> dict[Slot, int] | None:
        """The axes of the maps that ``part`` reads, if it reads each of them at fixed distances."""
        chosen: dict[Slot, int] = {}
        for slot in sources:
            places = list(accesses(part.stmt, slot))
            axes = (self.axes[slot],) if slot in self.axes else range(len(places[0].indices))
            fitting = [a for a in axes if all(reach(place, a, part) is not None for place in places)]
            if len(fitting) != 1:
                return None
            chosen[slot] = fitting[0]
        return chosen


@dataclass(frozen=True, slots=True, eq=False)
class _Open:
    """A loop that may turn out to be a piece, once the axis of its target is known."""

    stmt: For
    target: Slot
    places: tuple[Place, ...]


_NUMBERS = frozenset({Scalar.F32, Scalar.F64, Scalar.I8, Scalar.I16, Scalar.I32, Scalar.I64,
                      Scalar.U8, Scalar.U16, Scalar.U32, Scalar.U64, Scalar.BOOL})  # fmt: skip


def _writes(body: Iterable[Stmt], slot: Slot) -> int:
    return sum(slot in writes(stmt) for stmt in statements(body))


def accesses(stmt: Stmt, slot: Slot) -> Iterator[Place]:
    """All readings and writings of ``slot``."""
    yield from (e for e in expressions((stmt,)) if isinstance(e, Place) and e.slot is slot)


def reach(place: Place, axis: int, part: Piece | Reduction) -> Reach | None:
    """The rows that ``place`` reads, seen from the row that ``part`` is at; None if that is no fixed distance."""
    counter = part.counter
    if counter is None or not place.indices:
        return None
    if any(counter in walk(index) for k, index in enumerate(place.indices) if k != axis):
        return None
    factors: dict[Expr, int] = {}
    constant = linear(place.indices[axis], 1, factors)
    if factors.pop(counter, 0) != 1:
        return None
    counts = {loop.index: loop.count for loop in statements((part.stmt,)) if isinstance(loop, For)}
    terms: list[tuple[LoopIndex, int]] = []
    low = high = constant
    for term, factor in factors.items():
        if not isinstance(term, LoopIndex):
            return None
        terms.append((term, factor))
        extent = factor * (counts[term] - 1)
        low, high = low + min(0, extent), high + max(0, extent)
    return Reach(tuple(terms), constant, low, high)


def _piece(stmt: For, target: Slot, places: tuple[Place, ...], axis: int) -> Piece | None:
    """``stmt`` as a stretch of rows of ``target`` along ``axis``, if each access to it is at the row of one counter."""
    if target.storage is not Storage.LOCAL:
        return None
    forms: set[tuple[LoopIndex | None, int]] = set()
    for place in places:
        factors: dict[Expr, int] = {}
        constant = linear(place.indices[axis], 1, factors)
        match list(factors.items()):
            case []:
                forms.add((None, constant))
            case [(LoopIndex() as counter, 1)]:
                if any(counter in walk(index) for k, index in enumerate(place.indices) if k != axis):
                    return None
                forms.add((counter, constant))
            case _:
                return None
    if len(forms) != 1:
        return None
    counter, first = forms.pop()
    counts = {loop.index: loop.count for loop in statements((stmt,)) if isinstance(loop, For)}
    return Piece(stmt, target, axis, counter, first, 1 if counter is None else counts[counter])


def set_by(part: Piece) -> Box:
    """The elements that ``part`` sets, or more; its rows are counted along their axis."""
    counts = {loop.index: loop.count for loop in statements((part.stmt,)) if isinstance(loop, For)}
    hull: list[Span] = [(extent, 0) for extent in shape(part.target.type)]
    for place in accesses(part.stmt, part.target):
        for k, (at, extent) in enumerate(zip(place.indices, shape(part.target.type), strict=True)):
            factors: dict[Expr, int] = {}
            low = high = linear(at, 1, factors)
            for term, factor in factors.items():
                reached = factor * (counts[term] - 1) if isinstance(term, LoopIndex) else extent
                low, high = low + min(0, reached), high + max(0, reached)
            if any(not isinstance(term, LoopIndex) for term in factors):
                low, high = 0, extent - 1
            hull[k] = min(hull[k][0], low), max(hull[k][1], high + 1)
    return tuple(hull)

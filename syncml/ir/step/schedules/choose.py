"""The schedule of an accumulation: a value, chosen by the row of a cost table or listed by a search.

    schedule ::= tile (a length along each axis of the results), terms (how many a statement adds), written out or not,
                 packed (for how many results an operand is read that is copied into the order of the tile, or 0)

Rule: each schedule gives the same value; `candidates` lists those that make sense, `choose` takes the one for which
the cost table of a machine speaks. A tile that does not divide an axis leaves a rest, which is a nest of its own; so
a length that divides the axis is preferred if it is not much shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from syncml.dataclass import dataclass
from syncml.ir.step.schedules.accumulation import Accumulation
from syncml.ir.step.schedules.packing import across, reuse
from syncml.ir.step.schedules.table import LoopRow, LoopTable
from syncml.ir.step.syntax import LoopIndex, Place
from syncml.ir.step.traverse import walk
from syncml.ir.types import FLOATS, Scalar

ALL_TERMS = 9
"""So many terms are added in one statement where there are no more, those of a 3 x 3 window, if none of their operands
is the same for neighbouring results; one that is needs a register of its own in each term."""

FEW_TERMS = 4
"""So many terms are in any case."""

_VECTOR = 16
"""Lengths of tiles in loops are multiples of it, which is a multiple of the length of common vectors."""

_SHORT = 4
"""Fewer results are no work for vectors; their tile is written out."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the loops of an accumulation run.

    Attributes:
        tile: How many elements along each axis of the results are computed together.
        terms: How many terms one statement adds.
        written_out: Whether the elements of a tile are written out, or computed in a loop along the last axis.
        packed: The least number of results for which an operand is read that is packed (`packing`), 0 for none.
    """

    tile: tuple[int, ...]
    terms: int
    written_out: bool
    packed: int = 0


def row_of(made: Accumulation, table: LoopTable) -> LoopRow:
    """The row of ``table`` for the numbers of ``made``."""
    kind = made.target.type
    if kind not in FLOATS:
        return table.integers
    return table.called if kind is Scalar.F64 and table.doubles_called else table.floats


def choose(made: Accumulation, table: LoopTable) -> Schedule:
    """The schedule of ``made`` by the cost table."""
    row = row_of(made, table)
    extents = tuple(axis.extent for axis in made.results)
    terms = prod(axis.extent for axis in made.terms)
    tile = [1] * len(extents)
    written_out = row.written_out
    uses = [reuse(made, place) for place in across(made)]
    packed = row.packed if row.packed and max(uses, default=0) >= row.packed else 0
    if row.apart and terms > ALL_TERMS and any(n < row.packed for n in uses):
        tile[-1] = length(extents[-1], row.apart, 1)
        return Schedule(tuple(tile), min(row.terms, terms), written_out=True, packed=packed)
    if extents:
        tile[-1] = extents[-1]
        shared = sharing_axis(made)
        if shared is not None and extents[-1] >= _SHORT:
            tile[shared] = length(extents[shared], row.positions, 1)
        most = row.results
        if written_out and shared is not None:
            most = max(1, row.results // tile[shared])
        tile[-1] = length(extents[-1], most, 1 if written_out else _VECTOR)
        written_out = written_out or tile[-1] < _SHORT
    all_terms = ALL_TERMS if not shares_operand(made) else FEW_TERMS
    if terms <= all_terms and not written_out:
        count = terms
    elif extents and tile[-1] <= row.few and not written_out:
        count = _terms_of_few(made.terms[-1].extent, row.terms_of_few)
    else:
        alone = row.alone if row.alone and prod(tile[:-1]) == 1 else row.terms
        count = min(alone, terms)
    return Schedule(tuple(tile), count, written_out, packed)


def _terms_of_few(extent: int, wanted: int) -> int:
    """The terms of one statement where results are few: about as many as wanted, without a rest if that can be."""
    if extent <= wanted:
        return extent
    return next((n for n in range(wanted, 2 * wanted + 1) if extent % n == 0), wanted)


def sharing_axis(made: Accumulation) -> int | None:
    """The innermost axis but the last along which some operand stays the same that changes along the last."""
    if len(made.results) < 2:
        return None
    last = made.results[-1].index
    operands = _counters_of_operands(made)
    for axis in reversed(range(len(made.results) - 1)):
        if any(last in found and made.results[axis].index not in found for found in operands):
            return axis
    return None


def shares_operand(made: Accumulation) -> bool:
    """Whether an operand changes from term to term, and is the same along the last axis of the results."""
    terms = {axis.index for axis in made.terms}
    last = made.results[-1].index if made.results else None
    return any(found & terms and last not in found for found in _counters_of_operands(made))


def _counters_of_operands(made: Accumulation) -> list[set[LoopIndex]]:
    """The counters in the indices of each operand."""
    return [
        {p for i in place.indices for p in walk(i) if isinstance(p, LoopIndex)}
        for place in walk(made.update)
        if isinstance(place, Place) and place.slot is not made.target.slot
    ]


def length(extent: int, most: int, multiple: int) -> int:
    """The length of a tile along an axis: all of it, or the greatest divisor that is long enough, or ``most``."""
    if extent <= most:
        return extent
    divisors = [n for n in range(most, most // 2, -1) if extent % n == 0 and n % multiple == 0]
    return divisors[0] if divisors else most


def candidates(made: Accumulation) -> Iterator[Schedule]:
    """The schedules that a search would try, those of every row of a table among them."""
    extents = tuple(axis.extent for axis in made.results)
    terms = prod(axis.extent for axis in made.terms)
    counts = sorted({min(n, terms) for n in (1, 2, 4, 8)} | ({terms} if terms <= ALL_TERMS else set()))
    lengths = [sorted({min(extent, n) for n in (1, 2, 4, 5)}) for extent in extents[:-1]]
    lengths += [sorted({min(extent, n) for n in (1, 2, 4, 8, 16, 32, 64, extent)}) for extent in extents[-1:]]
    packings = (0, 1) if any(reuse(made, place) for place in across(made)) else (0,)
    for tile in product(*lengths):
        for count in counts:
            for written_out in (False, True):
                if not written_out or prod(tile) <= 32:
                    yield from (Schedule(tile, count, written_out, packed) for packed in packings)

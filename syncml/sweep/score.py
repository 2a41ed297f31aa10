"""The score of a sweep: what failed, where among the parameters, and how measures are distributed.

Rule: the files of results are read twice, one after another, first for the ranges of the columns and then for counts in
equal parts of these ranges, so that memory does not grow with the runs. A column with few values is counted by value.
What is not finite counts nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.sweep.plan import PARAMETER
from syncml.sweep.rows import FAILED, OUTSIDE, VERDICTS, Values
from syncml.sweep.store import Store

FEW = 24
"""A column with no more values is counted by value."""
PARTS = 20
"""The equal parts of a range."""
MOST_AXES = 3
"""How many parameters have maps, two at a time."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Axis:
    """A column cut into parts.

    Attributes:
        name: Its name.
        low: Its least value, and ``high`` its greatest.
        values: All of them, if they are few.
    """

    name: str
    low: float
    high: float
    values: tuple[float, ...] = ()

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return len(self.values) or PARTS

    def place(self, column: Values) -> Values:
        """The part of each value."""
        if self.values:
            return np.searchsorted(np.array(self.values), column)
        width = (self.high - self.low) / PARTS
        return np.clip(((column - self.low) / width).astype(np.int64), 0, PARTS - 1)

    def edges(self, part: int) -> tuple[float, float]:
        """From where to where a part goes."""
        if self.values:
            return self.values[part], self.values[part]
        width = (self.high - self.low) / PARTS
        return self.low + part * width, self.low + (part + 1) * width


@dataclass(frozen=True, slots=True)
class Map:
    """Verdicts over two parameters, ``[parts of across, parts of up, verdicts]``."""

    across: Axis
    up: Axis
    counts: Counts


@dataclass(frozen=True, slots=True)
class Distribution:
    """Verdicts over one column, ``[parts, verdicts]``."""

    axis: Axis
    counts: Counts


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a sweep.

    Attributes:
        clauses: For each clause in how many runs it was the first that failed, and in how many of them the program had
            promised it.
        maps: Over pairs of parameters.
        parameters: The distributions of the parameters, and ``measures`` of what was measured.
    """

    clauses: dict[str, tuple[int, int]]
    maps: tuple[Map, ...]
    parameters: tuple[Distribution, ...]
    measures: tuple[Distribution, ...]


def score(store: Store) -> Score:
    """Read the results of a sweep.

    Raises:
        DiagnosticError: D001, a file cannot be read.
    """
    axes = _axes(store)
    parameters = [axis for name, axis in axes.items() if name.startswith(PARAMETER)]
    maps = [
        Map(a, b, np.zeros((a.parts, b.parts, len(VERDICTS)), dtype=np.int64))
        for a, b in combinations(parameters[:MOST_AXES], 2)
    ]
    drawn = [Distribution(axis, np.zeros((axis.parts, len(VERDICTS)), dtype=np.int64)) for axis in axes.values()]
    names = store.table.clauses
    failed, outside = np.zeros(len(names), dtype=np.int64), np.zeros(len(names), dtype=np.int64)
    for columns in columns_of(store, ["verdict", "clause", *axes]):
        verdict, clause = columns["verdict"].astype(np.int64), columns["clause"].astype(np.int64)
        for counts, number in ((failed, FAILED), (outside, OUTSIDE)):
            np.add.at(counts, clause[verdict == number], 1)
        for each in drawn:
            column = columns[each.axis.name]
            finite = np.isfinite(column)
            np.add.at(each.counts, (each.axis.place(column[finite]), verdict[finite]), 1)
        for each in maps:
            places = (each.across.place(columns[each.across.name]), each.up.place(columns[each.up.name]))
            np.add.at(each.counts, (*places, verdict), 1)
    of_clauses = {name: (int(f + o), int(f)) for name, f, o in zip(names, failed, outside, strict=True)}
    of_parameters = tuple(each for each in drawn if each.axis.name.startswith(PARAMETER))
    return Score(of_clauses, tuple(maps), of_parameters, tuple(each for each in drawn if each not in of_parameters))


def _axes(store: Store) -> dict[str, Axis]:
    """The columns of numbers that are not all the same."""
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    few: dict[str, set[float]] = {}
    for columns in columns_of(store, None):
        for name, column in columns.items():
            finite = column[np.isfinite(column)]
            if not finite.size:
                continue
            low[name] = min(low.get(name, np.inf), float(finite.min()))
            high[name] = max(high.get(name, -np.inf), float(finite.max()))
            known = few.setdefault(name, set())
            if len(known) <= FEW:
                known.update(np.unique(finite)[: FEW + 1].tolist())
    return {
        name: Axis(name, low[name], high[name], tuple(sorted(few[name])) if len(few[name]) <= FEW else ())
        for name in low
        if low[name] < high[name]
    }


def columns_of(store: Store, names: Sequence[str] | None) -> Iterator[dict[str, Values]]:
    """Columns of numbers of each file; of all measures and parameters if no names are given.

    Raises:
        DiagnosticError: D001, a file cannot be read.
    """
    for part in store.manifest.parts:
        if part.file:
            path = Path(store.folder / part.file)
            try:
                yield store.table.numbers(path.read_bytes(), names)
            except OSError as fault:
                raise DiagnosticError(error("D001", f"cannot read {path}: {fault.strerror or fault}")) from fault

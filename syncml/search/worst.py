"""The worst runs of a sweep: for each promise those with the least margin.

Rule: margins (`syncml.sim.margins`) of two promises are not compared, for they have different units. So the worst runs
are taken from the promises in turn: first from those that fail most often, then from those of the main node before
those of its instances, and of these from those whose least margin is the smallest part of their median. A promise of
which more than a tenth of the runs have the least margin has no worst run, unless it fails. A run in which an
assumption fails first tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import numpy as np

from syncml.dataclass import dataclass
from syncml.pipeline import on_machine
from syncml.search.robustness import margins
from syncml.search.subject import subject
from syncml.sweep.plan import Sweep
from syncml.sweep.rows import FAILED, Values
from syncml.sweep.score import columns_of
from syncml.sweep.store import Store

MOST = 131_072
"""The most runs that are measured; of more, half are failing ones, the others evenly spread."""
CHUNK = 8_192
"""Runs that are measured together."""
SHARE = 0.1
"""The part of the runs that may have the least margin."""


@dataclass(frozen=True, slots=True)
class Near:
    """How near the runs of a sweep come to breaking a promise.

    Attributes:
        promise: Its name.
        inner: Whether it is that of an instance.
        failing: How many of the runs that were measured break it.
        least: The least margin, below zero if there are such runs.
        median: The median margin.
        worst: The numbers of the worst runs with their margins, the worst first; none if the margin tells no worst one.
    """

    promise: str
    inner: bool
    failing: int
    least: float
    median: float
    worst: tuple[tuple[int, float], ...]


def nearness(sweep: Sweep, store: Store, kept: int) -> tuple[int, list[Near]]:
    """How many runs of a sweep were measured, and what they show of each promise, the one that matters most first.

    Args:
        sweep: The sweep.
        store: Its results.
        kept: How many of the worst runs of each promise are named.

    Raises:
        DiagnosticError: D001, results cannot be read.
    """
    if all(sweep.clauses.assumed):
        return 0, []
    looked = subject(on_machine(sweep.checked).flat, sweep.template)
    measure = margins(looked, own_seeds=True)
    runs = _chosen(store)
    parts = [measure(*sweep.given(runs[first : first + CHUNK])) for first in range(0, len(runs), CHUNK)]
    if not parts:
        return 0, []
    inner = [place < len(looked.clauses) and bool(looked.clauses[place].instance) for place in looked.looked_at]
    rows = zip(looked.names, inner, np.hstack(parts), strict=True)
    told = [near for name, inside, row in rows if (near := _near(name, row, runs, kept, inner=inside)) is not None]
    return len(runs), sorted(told, key=lambda each: (-each.failing, not each.worst, each.inner, _part(each)))


def worst_runs(found: Sequence[Near], most: int) -> list[tuple[int, str, float]]:
    """The numbers of the worst runs, each with a promise and its margin there; taken from the promises in turn."""
    chosen: dict[int, tuple[str, float]] = {}
    for round_ in zip_longest(*(each.worst for each in found)):
        for near, place in zip(found, round_, strict=True):
            if place is not None and len(chosen) < most:
                chosen.setdefault(place[0], (near.promise, place[1]))
    return [(run, promise, margin) for run, (promise, margin) in chosen.items()]


def _chosen(store: Store) -> Values:
    """The runs that are measured, among those that have a row."""
    parts = list(_rows(store))
    if not parts:
        return np.zeros(0, dtype=np.int64)
    runs, failed = (np.concatenate(each) for each in zip(*parts, strict=True))
    if len(runs) <= MOST:
        return runs
    return np.union1d(_spread(runs[failed], MOST // 2), _spread(runs, MOST // 2))


def _rows(store: Store) -> Iterator[tuple[Values, Values]]:
    for columns in columns_of(store, ["run", "verdict"]):
        yield columns["run"].astype(np.int64), columns["verdict"] == FAILED


def _spread(runs: Values, most: int) -> Values:
    return runs if len(runs) <= most else runs[np.arange(most) * len(runs) // most]


def _near(promise: str, margin: Values, runs: Values, kept: int, *, inner: bool) -> Near | None:
    """What some margins of a promise show; None if no run tells anything."""
    told = np.flatnonzero(margin < np.inf)
    if not told.size:
        return None
    values = margin[told]
    least, failing = float(values.min()), int(np.count_nonzero(values < 0.0))
    order = told[np.argsort(values, kind="stable")[:kept]]
    if not failing and np.count_nonzero(values == least) > max(1.0, SHARE * len(values)):
        order = order[:0]
    worst = tuple(zip(runs[order].tolist(), margin[order].tolist(), strict=True))
    return Near(promise, inner, failing, least, float(np.median(values)), worst)


def _part(near: Near) -> float:
    """The part of the median that the least margin is."""
    return near.least / near.median if near.median > 0.0 else -np.inf

"""All runs of a program up to a horizon, from boxes of initial values that together are all of them.

Rule: a box is done if no goal may be false at any tick up to the horizon on all that is reached from it. A box that is
not done is split, across the initial value whose unknown has the largest part in what was reached when a goal could
first be false; the parts cover it. Every box done means that every run keeps the goals.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Var
from syncml.ir.types import FLOATS, element
from syncml.verify.networks.rounding import Floats
from syncml.verify.reach.forms import Form, Mask, Symbols, interval
from syncml.verify.reach.horizon import failing
from syncml.verify.reach.hull import Hull
from syncml.verify.reach.inputs import Assumed, Ranges, value
from syncml.verify.reach.plan import Plan
from syncml.verify.reach.reduction import reduced
from syncml.verify.reach.tick import Memory, Tick, initial
from syncml.verify.reach.values import Value

BOXES = 64
"""Boxes that are followed together."""
UNKNOWNS = 60
"""Unknowns beside those of the initial values, between two ticks."""

Watch = Callable[[int, Tick, Floats, Floats], None]
"""Sees every tick of every batch, with the boxes of initial values that it follows."""


@dataclass(frozen=True, slots=True)
class Explored:
    """What was found: the boxes that are done, the number left, and the first tick at which one of those may fail."""

    done: int
    left: int
    tick: int

    @property
    def proved(self) -> bool:
        """Whether every run keeps the goals up to the horizon."""
        return not self.left


@dataclass(slots=True)
class Start:
    """The float inputs that are bounded at the first tick, element by element: what boxes are boxes of."""

    plan: Plan
    found: Ranges

    @property
    def elements(self) -> list[tuple[Var, int]]:
        """Input and element of each axis of a box."""
        return [
            (v, i) for v, (low, high) in self.found.items() if element(v.type) in FLOATS
            for i in range(low.size) if np.isfinite(high[i] - low[i])
        ]  # fmt: skip

    def box(self) -> tuple[Floats, Floats]:
        """All initial values."""
        pairs = [(self.found[v][0][i], self.found[v][1][i]) for v, i in self.elements]
        return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])

    def values(self, low: Floats, high: Floats, symbols: Symbols) -> dict[Var, Value]:
        """The inputs at the first tick for boxes, the unknown of axis i being number i."""
        axes = interval(low, high, symbols)
        if not axes.generators.shape[2]:
            symbols.fresh(low.shape[1] - symbols.count)
        places = {place: i for i, place in enumerate(self.elements)}
        result: dict[Var, Value] = {}
        for var in self.plan.inputs:
            bounds = self.found.get(var)
            chosen = [places[var, i] for i in range(bounds[0].size) if (var, i) in places] if bounds else []
            if bounds is not None and element(var.type) in FLOATS and len(chosen) == bounds[0].size:
                result[var] = axes.taken(np.array(chosen, dtype=np.intp))
            else:
                result[var] = value(var, bounds, symbols)
        return result


def start(plan: Plan) -> Start:
    """The initial values."""
    return Start(plan, Assumed(plan).at(initial(plan)))


def explore(
    plan: Plan, last: int, deadline: float, watch: Watch | None = None, boxes: int = BOXES, hull: Hull | None = None
) -> Explored:
    """Follow all runs up to tick ``last``, splitting until every box is done or ``deadline``.

    ``hull`` takes what is reached from boxes that are done.
    """
    begin = start(plan)
    low, high = begin.box()
    open_: list[tuple[Floats, Floats]] = [(low, high)]
    done, first = 0, last + 1
    while open_ and time.monotonic() < deadline:
        batch, open_ = open_[-boxes:], open_[:-boxes]
        lows, highs = np.stack([b[0] for b in batch]), np.stack([b[1] for b in batch])
        run = _Batch(plan, begin, lows, highs, deadline, hull)
        run.follow(last, watch)
        done += run.done
        first = min([first, *(tick for _, _, tick, _ in run.failed)])
        for box_low, box_high, _, weights in run.failed:
            parts = _halves(box_low, box_high, weights, high - low)
            if parts is None:
                return Explored(done, len(open_) + 1, first)
            open_ += parts
        # One box says little about how finely to split; several say it at once.
        while run.failed and len(open_) < boxes // 4 and len(batch) < boxes // 4:
            wide = open_.pop(0)
            parts = _halves(*wide, run.failed[0][3], high - low)
            if parts is None:
                return Explored(done, len(open_) + 1, first)
            open_ += parts
    return Explored(done, len(open_), first)


def _halves(low: Floats, high: Floats, weights: Floats, whole: Floats) -> list[tuple[Floats, Floats]] | None:
    """The two halves of a box; None if it cannot be split."""
    width = np.divide(high - low, whole, out=np.zeros_like(low), where=whole > 0.0)
    score = width * (weights / max(float(weights.max(initial=0.0)), 1e-300) + 1e-3)
    if not score.size or score.max() < 1e-6:
        return None
    axis = int(np.argmax(score))
    middle = 0.5 * low[axis] + 0.5 * high[axis]
    left, right = high.copy(), low.copy()
    left[axis], right[axis] = middle, middle
    return [(low, left), (right, high)]


class _Batch:
    """Some boxes that are followed together."""

    def __init__(self, plan: Plan, begin: Start, low: Floats, high: Floats, deadline: float, hull: Hull | None) -> None:
        self._plan = plan
        self._begin = begin
        self._low, self._high = low, high
        self._deadline = deadline
        self._hull = hull
        self._seen: list[Floats] = []
        self.failed: list[tuple[Floats, Floats, int, Floats]] = []
        self.done = 0

    def follow(self, last: int, watch: Watch | None) -> None:
        symbols = Symbols()
        memory = initial(self._plan)
        axes, assumed = self._low.shape[1], Assumed(self._plan)
        for tick in range(last + 1):
            if tick:
                found = assumed.at(memory)
                inputs = {v: value(v, found.get(v), symbols) for v in self._plan.inputs}
            else:
                inputs = self._begin.values(self._low, self._high, symbols)
            step = Tick(self._plan, memory, inputs, symbols)
            step.run(self._plan.order)
            if watch is not None:
                watch(tick, step, self._low, self._high)
            if self._hull is not None:
                self._seen.append(self._hull.seen(step, self._low.shape[0]))
            memory = step.finished()
            bad = np.zeros(self._low.shape[0], dtype=np.bool_)
            for goal in range(len(self._plan.goals)):
                bad |= failing(step, self._plan, goal)
            if bad.any() or time.monotonic() > self._deadline:
                bad |= time.monotonic() > self._deadline
                self._drop(bad, tick, memory, axes)
                memory = memory.part(~bad)
            if not self._low.shape[0]:
                return
            memory = reduced(memory, symbols, axes, UNKNOWNS)
        self.done = self._low.shape[0]
        if self._hull is not None:
            self._hull.take(self._seen)

    def _drop(self, bad: Mask, tick: int, memory: Memory, axes: int) -> None:
        weights = _influence(memory, axes, bad.size)
        self.failed += [(self._low[i], self._high[i], tick, weights[i]) for i in np.flatnonzero(bad)]
        self._low, self._high = self._low[~bad], self._high[~bad]
        self._seen = [ranges[~bad] for ranges in self._seen]


def _influence(memory: Memory, axes: int, boxes: int) -> Floats:
    """How much each initial value contributes to the spread of the registers, (boxes, axes)."""
    total = np.zeros((boxes, axes))
    for form_ in memory.registers.values():
        if isinstance(form_, Form):
            count = min(axes, form_.generators.shape[2])
            spread = np.where(np.isfinite(form_.spread), form_.spread, 0.0)
            share = np.abs(form_.generators[:, :, :count]) / (spread[:, :, None] + 1e-12)
            total[:, :count] += np.broadcast_to(share.sum(axis=1), (boxes, count))
    return total

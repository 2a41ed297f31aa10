"""What the streams of a program can be at each tick, over all runs that were followed to the end: a tube.

Rule: of a box that is done, each tick's ranges count; the tube is their hull. A stream that is not present at a tick,
or of which nothing is known, has no range there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from syncml.ir.clocks import BASE
from syncml.ir.equations.syntax import Property, Var
from syncml.ir.types import FLOATS, element, shape
from syncml.verify.networks.rounding import Floats
from syncml.verify.reach.forms import Form
from syncml.verify.reach.inputs import Ranges
from syncml.verify.reach.plan import Plan
from syncml.verify.reach.tick import Tick
from syncml.verify.replay import qualified
from syncml.verify.verdicts import Tube

MOST = 12
"""Streams that are shown."""


class Hull:
    """The ranges of the streams that a reader of a report knows: outputs, and what the user has named."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        known = [*plan.node.outputs, *(t for e in plan.order for t in e.targets if t.user)]
        needed = {t for e in plan.order for t in e.targets} | set(plan.inputs)
        scalars = [v for v in dict.fromkeys(known) if v in needed and element(v.type) in FLOATS and not shape(v.type)]
        self._shown: list[Var] = scalars[:MOST]
        self._ranges: list[Floats] = []

    def seen(self, step: Tick, boxes: int) -> Floats:
        """The ranges at a tick in each box, (boxes, streams, 2)."""
        found = np.full((boxes, len(self._shown), 2), np.nan)
        for i, var in enumerate(self._shown):
            value = step.streams.get(var)
            if isinstance(value, Form):
                here = step.present(self._plan.node.clocks.get(var, BASE)).true
                ends = np.stack([value.low[:, 0], value.high[:, 0]], axis=1)
                known = np.isfinite(ends).all(axis=1, keepdims=True) & here.any(axis=1, keepdims=True)
                found[:, i] = np.where(known, ends, np.nan)
        return found

    def take(self, ticks: Sequence[Floats]) -> None:
        """Take in the ranges of boxes that are done, tick by tick."""
        now = [np.stack([np.fmin.reduce(t[:, :, 0]), np.fmax.reduce(t[:, :, 1])], axis=1) for t in ticks]
        if not self._ranges:
            self._ranges = now
        for i, (old, new) in enumerate(zip(self._ranges, now, strict=True)):
            self._ranges[i] = np.stack([np.fmin(old[:, 0], new[:, 0]), np.fmax(old[:, 1], new[:, 1])], axis=1)

    def tube(self, goals: Sequence[Property], inputs: Ranges) -> Tube:
        """The tube of a proof."""
        streams = {
            v.name: tuple(None if np.isnan(r[i]).any() else (float(r[i, 0]), float(r[i, 1])) for r in self._ranges)
            for i, v in enumerate(self._shown)
        }
        given = {v.name: (low.tolist(), high.tolist()) for v, (low, high) in inputs.items()}
        return Tube(self._plan.node.label, tuple(map(qualified, goals)), streams, given)

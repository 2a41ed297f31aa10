"""One call after another of a batch, with as little as possible between them.

Rule: the inputs of a call lie where the compiled code reads them. It writes its outputs as rows that people know, one
value for each run, in one block of memory; a call returns a copy of the block. What a call computes is what `Batch.run`
computes at its last tick.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.ir.constants import dtype
from syncml.ir.step.syntax import Slot
from syncml.ir.types import element, size
from syncml.sim.lanes.batch import Batch, Code
from syncml.sim.lanes.layout import ALIGNMENT, memory_type, zeros

Values = NDArray[Any]


class Stepper:
    """A batch whose inputs are held over the ticks of a call.

    Args:
        code: A compiled machine all of whose outputs are traced.
        runs: How many runs there are.
        threads: The most threads; all processors that this process may use if None.
    """

    def __init__(self, code: Code, runs: int, threads: int | None = None) -> None:
        self.runs = runs
        self.width = code.layout.width
        self.groups = -(-runs // self.width)
        self._batch = Batch(code, runs, threads=threads)
        self._inputs = {s: self._batch.room(s) for s in code.machine.inputs}
        self.offsets, end = self._places(code.traced)
        self._block = zeros(end)
        traces = [self._trace(slot, self.offsets[slot]) for slot in code.traced]
        self._table = self._batch.table([*self._inputs.values(), *traces])
        self._address = self._table.ctypes.data

    def run(self, ticks: int) -> Values:
        """Run for ``ticks`` ticks; the outputs at the last of them, which `Shown` finds in there."""
        self._batch.call(self._address, ticks)
        return self._block.copy()

    def lanes(self, slot: Slot) -> Values:
        """The values of an input as lanes, to be written: ``[groups, elements, width]``."""
        return self._inputs[slot][:, 0]

    def _places(self, slots: Sequence[Slot]) -> tuple[dict[Slot, int], int]:
        """Where each output is in the block, and the end of it; neighbours of one kind follow each other."""
        found: dict[Slot, int] = {}
        end, last = 0, None
        for slot in slots:
            kind = memory_type(element(slot.type))
            found[slot] = end if kind == last else -(-end // ALIGNMENT) * ALIGNMENT
            end, last = found[slot] + size(slot.type) * self.groups * self.width * kind.itemsize, kind
        return found, end

    def _trace(self, slot: Slot, start: int) -> Values:
        """An output in the block, each element of all groups in one piece: ``[groups, 1, elements, width]``."""
        kind, extents = memory_type(element(slot.type)), (size(slot.type), self.groups, self.width)
        return np.ndarray(extents, kind, self._block, start).swapaxes(0, 1)[:, None]


class Given:
    """Some inputs side by side, which rows of values are written to.

    Args:
        stepper: What runs.
        slots: The inputs in the order of their columns.
    """

    def __init__(self, stepper: Stepper, slots: Sequence[Slot]) -> None:
        self.kind = np.result_type(*(memory_type(element(s.type)) for s in slots))
        ends = [0, *(int(end) for end in np.cumsum([size(s.type) for s in slots]))]
        self._runs, self._extents = stepper.runs, (ends[-1], stepper.groups, stepper.width)
        self._rest = stepper.groups * stepper.width - stepper.runs
        self._parts = [
            (np.swapaxes(stepper.lanes(slot), 0, 1), slice(*part))
            for slot, part in zip(slots, pairwise(ends), strict=True)
        ]

    def write(self, rows: Values) -> None:
        """Set the inputs from ``[runs, columns]``; lanes without a run are those of the last one."""
        if self._rest:
            rows = np.concatenate([rows, np.repeat(rows[-1:], self._rest, 0)])
        shaped = rows.T.reshape(self._extents)
        for lanes, part in self._parts:
            lanes[...] = shaped[part]


class Shown:
    """Some outputs of one kind side by side, which are neighbours in the code's table of traces.

    Args:
        stepper: What runs.
        slots: The outputs in the order of their columns.
    """

    def __init__(self, stepper: Stepper, slots: Sequence[Slot]) -> None:
        kind = dtype(element(slots[0].type))
        column = stepper.groups * stepper.width * kind.itemsize
        self._shape = (stepper.runs, sum(size(s.type) for s in slots))
        self._kind, self._start = kind, stepper.offsets[slots[0]]
        self._strides = (kind.itemsize, column)

    def rows(self, block: Values) -> Values:
        """``[runs, columns]`` of what a call returned, in its memory; there each column is in one piece."""
        return np.ndarray(self._shape, self._kind, block, self._start, self._strides)

    def column(self, block: Values) -> Values:
        """``[runs]`` of what a call returned: the first column."""
        return np.ndarray(self._shape[:1], self._kind, block, self._start)

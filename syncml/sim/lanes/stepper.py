"""One call after another of a batch, with as little as possible between them.

Rule: the inputs of a call lie where the compiled code reads them, and its outputs are read where it writes them: both
are laid out once, as lanes. What a call computes is what `Batch.run` computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.ir.step.syntax import Slot
from syncml.ir.types import element, size
from syncml.sim.lanes.batch import Batch, Code
from syncml.sim.lanes.layout import memory_type

Values = NDArray[Any]


class Stepper:
    """A batch whose inputs are held over the ticks of a call.

    Args:
        code: A compiled machine of which no stream is traced.
        runs: How many runs there are.
        threads: The most threads; all processors that this process may use if None.

    Attributes:
        inputs: For each input its values as lanes, to be written: ``[groups, elements, width]``.
        outputs: For each output its values as lanes, to be read: ``[groups, elements, width]``.
    """

    def __init__(self, code: Code, runs: int, threads: int | None = None) -> None:
        self.batch = Batch(code, runs, threads=threads)
        self.width = code.layout.width
        self.groups = -(-runs // self.width)
        held = {s.name: self.batch.room(s) for s in code.machine.inputs}
        self.inputs: Mapping[str, Values] = {name: lanes[:, 0] for name, lanes in held.items()}
        self.outputs: Mapping[str, Values] = {s.name: self.batch.lanes(s) for s in code.machine.outputs}
        self._table = self.batch.table(list(held.values()))
        self._address = self._table.ctypes.data

    def run(self, ticks: int) -> None:
        """Run for ``ticks`` ticks."""
        self.batch.call(self._address, ticks)


class Rows:
    """Some slots side by side, one row for each run: what people know of them, and the lanes that they are.

    Args:
        stepper: What runs.
        slots: The slots in the order of their columns.
        lanes: The inputs or the outputs of the stepper.
    """

    def __init__(self, stepper: Stepper, slots: Sequence[Slot], lanes: Mapping[str, Values]) -> None:
        self.kind = np.result_type(*(memory_type(element(s.type)) for s in slots))
        ends = np.cumsum([size(s.type) for s in slots])
        self.columns = int(ends[-1])
        self._runs = stepper.batch.runs
        self._extents = (stepper.groups, stepper.width, self.columns)
        self._parts = [
            (np.swapaxes(lanes[s.name], 0, 1), slice(int(end) - size(s.type), int(end)))
            for s, end in zip(slots, ends, strict=True)
        ]

    def read(self) -> Values:
        """The rows, ``[runs, columns]``, in an array of their own; in memory each column is in one piece."""
        groups, width, columns = self._extents
        found = np.empty((columns, groups, width), self.kind)
        for lanes, part in self._parts:
            found[part] = lanes
        return found.reshape(columns, -1)[:, : self._runs].T

    def write(self, rows: Values) -> None:
        """Set the lanes from ``[runs, columns]``; lanes without a run are those of the last one."""
        groups, width, columns = self._extents
        if self._runs < groups * width:
            rows = np.concatenate([rows, np.repeat(rows[-1:], groups * width - self._runs, 0)])
        shaped = rows.T.reshape(columns, groups, width)
        for lanes, part in self._parts:
            lanes[...] = shaped[part]

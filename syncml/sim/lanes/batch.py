"""A batch of scenarios in memory: their inputs, their state, their outputs.

Rule: run ``k`` of a batch is lane ``k % width`` of group ``k // width``. The last group is filled up with copies of the
last run, whose results nobody reads. What a run computes depends on its own inputs alone, so neither the number of
lanes in a block nor threads, which take consecutive blocks, can change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.constants import dtype
from syncml.ir.step.syntax import Machine, Slot
from syncml.ir.types import BOOL, element, shape, size
from syncml.processors import processors
from syncml.sim.lanes.layout import ALIGNMENT, Layout, memory_type, zeros
from syncml.sim.lanes.machine_code import Run

Values = NDArray[Any]

WORK_OF_A_THREAD = 100_000
"""The least number of steps that is worth a thread."""


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled machine: the outputs that are traced, in the order of its table."""

    machine: Machine
    layout: Layout
    traced: tuple[Slot, ...]
    run: Run


class Batch:
    """The state of ``runs`` scenarios; `run` goes on where the last run ended.

    Args:
        code: What they run.
        runs: How many there are.
        lanes: How many go through the ticks together, rounded up to whole groups.
        threads: The most threads; all processors that this process may use if None.
        once: Whether `run` is called but once after a `reset`, so that the state need not be kept.
    """

    def __init__(
        self, code: Code, runs: int, lanes: int = 64, threads: int | None = None, *, once: bool = False
    ) -> None:
        self._code = code
        self.runs = runs
        layout = code.layout
        self._groups = -(-runs // layout.width)
        self._block = max(1, -(-lanes // layout.width))
        self._threads = threads or processors()
        self._constants = layout.constants(code.machine)
        self._initial = layout.initial_group(code.machine)
        self._keep = not (once and layout.in_registers)
        self._state = zeros(self._groups * layout.state_bytes) if self._keep else self._initial
        self._outputs = zeros(self._groups * layout.output_bytes)
        self._scratch = zeros(layout.scratch_bytes)
        regions = (self._state, self._outputs, self._constants, self._scratch)
        self._inputs: dict[Slot, Values] = {}
        self._addresses = tuple(region.ctypes.data for region in regions)
        self.reset()

    def reset(self) -> None:
        """Back to the initial state."""
        if self._keep:
            self._state.reshape(self._groups, -1)[:] = self._initial
        self._outputs[:] = 0

    def run(self, inputs: Mapping[str, Values], ticks: int) -> dict[str, Values]:
        """Run for ``ticks`` ticks; the traced outputs at each of them, ``[runs, ticks, ...]``.

        Args:
            inputs: For each input values of its machine type, ``[runs or 1, ticks or 1, ...]``.
            ticks: How many.
        """
        for slot in self._code.machine.inputs:
            # The next chunk finds its inputs in memory that is there.
            self._inputs[slot] = pack(self._code.layout, slot, inputs[slot.name], self.runs, self._inputs.get(slot))
        packed = list(self._inputs.values())
        traces = [self.room(slot, ticks) for slot in self._code.traced]
        table = self.table([*packed, *traces])
        self.call(table.ctypes.data, ticks)
        return {s.name: self._unpacked(s, t) for s, t in zip(self._code.traced, traces, strict=True)}

    def room(self, slot: Slot, ticks: int = 1) -> Values:
        """Room for the values of a slot as lanes: ``[groups, ticks, elements, width]``."""
        extents = (self._groups, ticks, size(slot.type), self._code.layout.width)
        return aligned(extents, memory_type(element(slot.type)))

    @staticmethod
    def table(lanes: Sequence[Values]) -> NDArray[np.int64]:
        """Where the compiled code finds the inputs and then the traces, which have to stay alive."""
        return np.array([strides(each) for each in lanes], dtype=np.int64).reshape(-1)

    def lanes(self, slot: Slot) -> Values:
        """Where the values of an output are: ``[groups, elements, width]``, all lanes of a uniform one the same."""
        layout = self._code.layout
        kind, lanes, elements = memory_type(element(slot.type)), layout.lanes(slot), size(slot.type)
        start, each = layout.offset[slot], kind.itemsize
        strides = (layout.output_bytes, lanes * each, each if lanes > 1 else 0)
        extents = (self._groups, elements, layout.width)
        return np.ndarray(extents, kind, self._outputs.data, start, strides)  # pyright: ignore[reportArgumentType]

    def value(self, slot: Slot) -> Values:
        """The present values of an output, ``[runs, ...]``."""
        found = np.empty((self.runs, *shape(slot.type)), dtype(element(slot.type)))
        self.write(slot, found)
        return found

    def write(self, slot: Slot, values: Values) -> None:
        """Copy the present values of an output to consecutive ``values``, ``[runs, ...]``."""
        rows = np.swapaxes(self.lanes(slot), 1, 2)
        flat, (groups, width, elements) = values.reshape(self.runs, -1), rows.shape
        whole = self.runs // width
        flat[: whole * width].reshape(whole, width, elements)[:] = rows[:whole]
        if whole < groups:
            flat[whole * width :] = rows[whole, : self.runs - whole * width]

    def _unpacked(self, slot: Slot, trace: Values) -> Values:
        """A trace as ``[runs, ticks, ...]``."""
        groups, ticks, _, width = trace.shape
        values = np.moveaxis(trace, 3, 1).reshape(groups * width, ticks, *shape(slot.type))[: self.runs]
        return values.astype(np.bool_) if element(slot.type) is BOOL else values

    def call(self, address: int, ticks: int) -> None:
        """Run for ``ticks`` ticks with the inputs and the traces of the `table` at an address."""
        layout, block = self._code.layout, self._block
        steps = self._groups * layout.width * ticks
        blocks = -(-self._groups // block)
        threads = max(1, min(self._threads, blocks, steps // WORK_OF_A_THREAD))
        state, outputs, constants, scratch = self._addresses
        if threads == 1:
            self._code.run(ticks, 0, self._groups, block, self._keep, state, outputs, constants, scratch, address)
            return
        ends = [min(self._groups, block * (blocks * i // threads)) for i in range(threads)] + [self._groups]

        def part(number: int) -> None:
            own = zeros(layout.scratch_bytes)
            first, end = ends[number], ends[number + 1]
            self._code.run(ticks, first, end, block, self._keep, state, outputs, constants, own.ctypes.data, address)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(part, range(threads)))


def pack(layout: Layout, slot: Slot, values: Values, count: int, room: Values | None = None) -> Values:
    """The inputs of ``count`` runs as lanes: ``[groups or 1, ticks or 1, elements, lanes]``; in ``room`` if it fits."""
    runs, ticks = values.shape[:2]
    width, groups = layout.lanes(slot), -(-count // layout.width)
    kind, elements = memory_type(element(slot.type)), size(slot.type)
    flat = values.reshape(runs, ticks, elements)
    extents = (1 if runs == 1 else groups, ticks, elements, width)
    packed = room if room is not None and room.shape == extents else aligned(extents, kind)
    if runs == 1:
        packed[:] = flat[:, :, :, None]
    else:
        whole = runs // width
        packed[:whole] = np.moveaxis(flat[: whole * width].reshape(whole, width, ticks, elements), 1, 3)
        for lane in range(width if whole < groups else 0):
            packed[whole, :, :, lane] = flat[min(whole * width + lane, runs - 1)]
    return packed


def aligned(extents: Sequence[int], kind: np.dtype[Any]) -> Values:
    """Zeros at an aligned address."""
    count = int(np.prod(extents, dtype=np.int64))
    return zeros(max(count * kind.itemsize, ALIGNMENT))[: count * kind.itemsize].view(kind).reshape(extents)


def strides(packed: Values) -> tuple[int, int, int, int]:
    """The address, the bytes from a tick, a group and an element to the next; 0 for the one tick or group there is."""
    groups, ticks = packed.shape[:2]
    return (
        packed.ctypes.data,
        packed.strides[1] if ticks > 1 else 0,
        packed.strides[0] if groups > 1 else 0,
        packed.strides[2],
    )

"""A batch of scenarios in memory: their inputs, their state, their outputs.

Rule: run ``k`` of a batch is lane ``k % width`` of group ``k // width``. The last group is filled up with copies of the
last run, whose results nobody reads. What a run computes depends on its own inputs alone, so neither the number of
lanes in a block nor threads, which take consecutive blocks, can change it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.step.syntax import Machine, Slot
from syncml.ir.types import BOOL, element, shape, size
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
        self._threads = threads or _processors()
        self._constants = layout.constants(code.machine)
        self._initial = layout.initial_group(code.machine)
        self._keep = not (once and layout.in_registers)
        self._state = zeros(self._groups * layout.state_bytes) if self._keep else self._initial
        self._outputs = zeros(self._groups * layout.output_bytes)
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
        layout = self._code.layout
        table: list[tuple[int, int, int]] = []
        kept: list[Values] = []
        for slot in self._code.machine.inputs:
            packed = self._packed(slot, inputs[slot.name])
            kept.append(packed)
            table.append(_strides(packed))
        traces = [
            _aligned((self._groups, ticks, size(s.type), layout.width), memory_type(element(s.type)))
            for s in self._code.traced
        ]
        table += map(_strides, traces)
        self._call(np.array(table, dtype=np.int64).reshape(-1), ticks)
        return {s.name: self._unpacked(s, t) for s, t in zip(self._code.traced, traces, strict=True)}

    def value(self, slot: Slot) -> Values:
        """The present values of an output, ``[runs, ...]``."""
        layout = self._code.layout
        kind, lanes, elements = memory_type(element(slot.type)), layout.lanes(slot), size(slot.type)
        start, each = layout.offset[slot], kind.itemsize
        strides = (layout.output_bytes, each if lanes > 1 else 0, lanes * each)
        extents = (self._groups, layout.width, elements)
        view = np.ndarray(extents, kind, self._outputs.data, start, strides)  # pyright: ignore[reportArgumentType]
        values = view.copy().reshape(-1, *shape(slot.type))[: self.runs]
        return values.astype(np.bool_) if element(slot.type) is BOOL else values

    def _packed(self, slot: Slot, values: Values) -> Values:
        """Inputs as lanes: ``[groups or 1, ticks or 1, elements, width]``."""
        runs, ticks = values.shape[:2]
        width = self._code.layout.width
        kind, elements = memory_type(element(slot.type)), size(slot.type)
        flat = values.reshape(runs, ticks, elements)
        if elements == ticks == 1 and runs == self._groups * width and _is_aligned(values) and values.dtype == kind:
            return flat.reshape(self._groups, 1, 1, width)
        packed = _aligned((1 if runs == 1 else self._groups, ticks, elements, width), kind)
        if runs == 1:
            packed[:] = flat[:, :, :, None]
        else:
            whole = runs // width
            packed[:whole] = np.moveaxis(flat[: whole * width].reshape(whole, width, ticks, elements), 1, 3)
            for lane in range(width if whole < self._groups else 0):
                packed[whole, :, :, lane] = flat[min(whole * width + lane, runs - 1)]
        return packed

    def _unpacked(self, slot: Slot, trace: Values) -> Values:
        """A trace as ``[runs, ticks, ...]``."""
        groups, ticks, _, width = trace.shape
        values = np.moveaxis(trace, 3, 1).reshape(groups * width, ticks, *shape(slot.type))[: self.runs]
        return values.astype(np.bool_) if element(slot.type) is BOOL else values

    def _call(self, table: NDArray[np.int64], ticks: int) -> None:
        layout, block = self._code.layout, self._block
        steps = self._groups * layout.width * ticks
        blocks = -(-self._groups // block)
        threads = max(1, min(self._threads, blocks, steps // WORK_OF_A_THREAD))
        ends = [min(self._groups, block * (blocks * i // threads)) for i in range(threads)] + [self._groups]

        def part(number: int) -> None:
            scratch = zeros(layout.scratch_bytes)
            self._code.run(
                ticks,
                ends[number],
                ends[number + 1],
                block,
                self._keep,
                self._state.ctypes.data,
                self._outputs.ctypes.data,
                self._constants.ctypes.data,
                scratch.ctypes.data,
                table.ctypes.data,
            )

        if threads == 1:
            part(0)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(part, range(threads)))


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_aligned(values: Values) -> bool:
    return values.flags.c_contiguous and values.ctypes.data % ALIGNMENT == 0


def _aligned(extents: Sequence[int], kind: np.dtype[Any]) -> Values:
    count = int(np.prod(extents, dtype=np.int64))
    return zeros(max(count * kind.itemsize, ALIGNMENT))[: count * kind.itemsize].view(kind).reshape(extents)


def _strides(packed: Values) -> tuple[int, int, int]:
    """The address, the bytes from a tick and from a group to the next; none where there is only one."""
    groups, ticks = packed.shape[:2]
    return (
        packed.ctypes.data,
        packed.strides[1] if ticks > 1 else 0,
        packed.strides[0] if groups > 1 else 0,
    )

"""Two machines that take turns at each tick, each on all lanes of a group: a world, and a program in it.

Rule: at each tick the world steps and then the program. An input of one is an output of the other: what the world reads
is of the tick before, what the program reads of this one. Runs in which the program has been given the same until now
share what it does (`shared`). Each machine is compiled for itself, so that many worlds share the code of a program.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.step.syntax import Machine, Slot
from syncml.ir.types import BOOL, element, size
from syncml.sim.lanes.batch import aligned, pack, strides
from syncml.sim.lanes.layout import Layout, memory_type, zeros
from syncml.sim.lanes.machine_code import address, is_kept
from syncml.sim.lanes.printer import print_module
from syncml.sim.lanes.shared import loop_text

Values = NDArray[Any]

LANES = 256
"""Runs that go through the ticks together: many, to share what is equal in them, but few enough for the near caches."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A machine that takes turns.

    Attributes:
        machine: Its step code.
        layout: Where its slots lie.
        shown: The outputs that lie in rows.
        text: The module of its step.
    """

    machine: Machine
    layout: Layout
    shown: tuple[Slot, ...]
    text: str

    @property
    def is_kept(self) -> bool:
        """Whether it need not be compiled."""
        return is_kept(self.text)

    def compile(self) -> int:
        """Where its step starts."""
        return address(self.text, "step")


def turn(machine: Machine, layout: Layout, shown: Sequence[Slot]) -> Turn:
    """A machine without instances that takes turns, and whose outputs ``shown`` the other one reads."""
    return Turn(machine, layout, tuple(shown), print_module(machine, layout, shown, alone=False))


class Turns:
    """Runs of a world and a program from their initial states.

    Args:
        world: The machine that steps first.
        program: The one that steps after it.
        links: For each input of either the output of the other that it reads.
        live: The output of the world that says which runs are not over; the program reads it.
        runs: How many runs.
    """

    def __init__(self, world: Turn, program: Turn, links: Mapping[Slot, Slot], live: Slot, runs: int) -> None:
        self._turns = (world, program)
        self._links = links
        self._runs = runs
        self._width = world.layout.width
        self._groups = -(-runs // self._width)
        self._rows = {
            slot: self._row(slot)
            for turn in self._turns
            for slot in (*turn.shown, *(s for s in turn.machine.inputs if s in links))
        }
        self._live = live
        self._rows[live][:] = 1
        self._states = tuple(_moved(np.tile(t.layout.initial_group(t.machine), self._groups)) for t in self._turns)
        lanes = self._groups * self._width
        self._kept: list[Values] = []
        self._lane_of, self._leader, self._forked = (np.zeros(lanes, dtype=np.int64) for _ in range(3))

    def _row(self, slot: Slot) -> Values:
        """Room for a number of each lane; there is a left neighbour of the first one too."""
        return aligned((1 + self._groups, 1, 1, self._width), memory_type(element(slot.type)))[1:]

    def parts(self, inputs: Mapping[Slot, Values], ticks: int, lanes: int = LANES) -> list[Callable[[], None]]:
        """What runs them for at most ``ticks`` ticks, once: parts for any threads, in any order, the longest first.

        Args:
            inputs: The values of the inputs that are no links, ``[runs or 1, ticks or 1, ...]``. Runs share what the
                program does if all that it gets in this way is the same in all of them. Where their lengths differ,
                they ascend.
            ticks: The most ticks.
            lanes: Runs that go through the ticks together.
        """
        block = max(1, -(-lanes // self._width))
        starts = range(0, self._groups, block)
        joined = aligned((1 + self._groups, self._width), np.dtype(np.uint8))[1:]
        own = [s for s in self._turns[1].machine.inputs if s not in self._links and len(inputs[s]) > 1]
        if own:
            # Each run has something of its own from the start.
            self._lane_of[:] = self._leader[:] = np.arange(len(self._leader))
        else:
            joined[:] = 1
            joined[::block, 0] = 0
            self._lane_of[:] = self._leader[:] = np.repeat(np.arange(self._groups) // block * block, self._width)
            self._lane_of *= self._width
            self._leader *= self._width
        self._forked[:] = ticks
        kept: list[Values] = [joined]
        sides = [self._side(turn, state, inputs, kept) for turn, state in zip(self._turns, self._states, strict=True)]
        world, program = self._turns
        slots = [_slots(program.layout, s) for s in (program.machine.state, program.machine.outputs)]
        share = [a.ctypes.data for a in (self._rows[self._live], joined, self._lane_of, self._leader, self._forked)]
        for each in slots:
            share += [each.ctypes.data, len(each)]
        share.append(len(own))
        read, given = ([s for s in t.machine.inputs if s in self._links] for t in (program, world))
        links = [self._rows[s].ctypes.data for slot in (*read, *given) for s in (self._links[slot], slot)]
        tables = [np.array(table, dtype=np.int64) for table in (*sides, share, links)]
        live = next(i for i, slot in enumerate(read) if self._links[slot] is self._live)
        text = loop_text(self._width, read, given, live)
        loop = ctypes.CFUNCTYPE(None, *(ctypes.c_int64,) * 3, *(ctypes.c_void_p,) * 8)(address(text, "run"))
        steps = [t.compile() for t in self._turns]
        self._kept = [*kept, *slots, *tables]

        def part(start: int) -> None:
            scratch = [zeros(t.layout.scratch_bytes) for t in self._turns]
            memory = [*tables[:2], *scratch, *tables[2:]]
            loop(ticks, start, min(start + block, self._groups), *steps, *(m.ctypes.data for m in memory))

        # Threads that work beside each other take every other block: neighbours share lines of the cache.
        return [partial(part, start) for start in (*reversed(starts[::2]), *reversed(starts[1::2]))]

    def _side(self, turn: Turn, state: Values, inputs: Mapping[Slot, Values], kept: list[Values]) -> list[int]:
        """What the loop has to know of a machine; what it points to is added to ``kept``."""
        layout = turn.layout
        lanes: list[Values] = []
        for slot in turn.machine.inputs:
            if slot in self._links:
                lanes.append(self._rows[slot])
                continue
            lanes.append(pack(layout, slot, inputs[slot], self._runs))
        lanes += [self._rows[slot] for slot in turn.shown]
        numbers = np.array([strides(each) for each in lanes], dtype=np.int64).reshape(-1)
        outputs, constants = zeros(self._groups * layout.output_bytes), layout.constants(turn.machine)
        kept += [*lanes, numbers, outputs, constants]
        return [
            state.ctypes.data, layout.state_bytes, outputs.ctypes.data, layout.output_bytes, constants.ctypes.data,
            numbers.ctypes.data,
        ]  # fmt: skip

    @property
    def forked(self) -> Values:
        """At which tick the program was first given something else than in the run before, or how many there were."""
        return self._forked[: self._runs]

    def value(self, slot: Slot) -> Values:
        """The values of a register of one of the machines, ``[runs]``."""
        turn, state = next((t, s) for t, s in zip(self._turns, self._states, strict=True) if slot in t.machine.state)
        layout = turn.layout
        kind, start, lanes = memory_type(element(slot.type)), layout.offset[slot], layout.lanes(slot)
        rows = state.reshape(self._groups, layout.state_bytes)[:, start : start + lanes * kind.itemsize]
        values = np.ascontiguousarray(rows).view(kind)
        values = np.broadcast_to(values, (self._groups, layout.width)).reshape(-1)
        values = values[self._lane_of[: self._runs]] if turn is self._turns[1] else values[: self._runs]
        return values.astype(np.bool_) if element(slot.type) is BOOL else values.copy()


def _slots(layout: Layout, slots: Sequence[Slot]) -> NDArray[np.int64]:
    """Where the slots that vary lie: the first byte, how many elements, the bytes of each."""
    found = [
        (layout.offset[s], size(s.type), memory_type(element(s.type)).itemsize) for s in slots if s in layout.varying
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 3)


def _moved(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same bytes at an aligned address."""
    region = zeros(values.size)
    region[:] = values
    return region

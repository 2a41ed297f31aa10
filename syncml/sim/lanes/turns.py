"""Two machines that take turns at each tick, each on all lanes of a group: a world, and a program in it.

Rule: at each tick the world steps and then the program. An input of one is an output of the other, which lies in a row
that both know: what the world reads is of the tick before, what the program reads of this one. A group whose runs
are all over is left alone, and a block of groups ends with its last run. Each machine is compiled for itself, so that
many worlds share the code of a program.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.step.syntax import Machine, Slot
from syncml.ir.types import BOOL, element, size
from syncml.sim.lanes.batch import aligned, pack, processors, strides
from syncml.sim.lanes.layout import Layout, memory_type, zeros
from syncml.sim.lanes.machine_code import address, is_kept
from syncml.sim.lanes.printer import BLOCKS, print_module

Values = NDArray[Any]

PARTS = 8
"""Into how many parts for each thread the groups are cut, because some take longer than others."""

_STATE, _STATE_BYTES, _OUTPUTS, _OUTPUT_BYTES, _CONSTANTS, _TABLE = range(6)


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
        live: The output of the world that says which runs are not over.
        runs: How many runs.
    """

    def __init__(self, world: Turn, program: Turn, links: Mapping[Slot, Slot], live: Slot, runs: int) -> None:
        self._turns = (world, program)
        self._links = links
        self._runs = runs
        self._groups = -(-runs // world.layout.width)
        self._rows = {
            slot: aligned((self._groups, 1, size(slot.type), world.layout.width), memory_type(element(slot.type)))
            for turn in self._turns
            for slot in turn.shown
        }
        self._live = self._rows[live]
        self._live[:] = 1
        self._states = tuple(np.tile(t.layout.initial_group(t.machine), self._groups) for t in self._turns)
        self._states = tuple(_moved(state) for state in self._states)

    def run(self, inputs: Mapping[Slot, Values], ticks: int, lanes: int = 64, threads: int | None = None) -> None:
        """Run for at most ``ticks`` ticks.

        Args:
            inputs: The values of the inputs that are no links, ``[runs or 1, ticks or 1, ...]``.
            ticks: The most ticks.
            lanes: Runs that go through the ticks together.
            threads: The most threads; all processors if None.
        """
        kept: list[Values] = []
        pointers: list[list[int]] = []
        for turn, state in zip(self._turns, self._states, strict=True):
            table: list[tuple[int, ...]] = []
            for slot in turn.machine.inputs:
                row = self._rows[self._links[slot]] if slot in self._links else None
                packed = pack(turn.layout, slot, inputs[slot], self._runs) if row is None else row
                kept.append(packed)
                table.append(strides(packed))
            table += [strides(self._rows[slot]) for slot in turn.shown]
            numbers = np.array(table, dtype=np.int64).reshape(-1)
            outputs, constants = zeros(self._groups * turn.layout.output_bytes), turn.layout.constants(turn.machine)
            kept += [numbers, outputs, constants]
            pointers.append([
                state.ctypes.data, turn.layout.state_bytes, outputs.ctypes.data, turn.layout.output_bytes,
                constants.ctypes.data, numbers.ctypes.data,
            ])  # fmt: skip
        width = self._turns[0].layout.width
        steps = [t.compile() for t in self._turns]
        loop = ctypes.CFUNCTYPE(None, *(ctypes.c_int64,) * 4, *(ctypes.c_void_p,) * 7)(address(_loop(width), "run"))
        block = max(1, -(-lanes // width))
        blocks = -(-self._groups // block)
        threads = min(threads or processors(), blocks)
        parts = min(blocks, threads * PARTS) if threads > 1 else 1
        ends = [min(self._groups, block * (blocks * i // parts)) for i in range(parts)] + [self._groups]
        sides = [np.array(p, dtype=np.int64) for p in pointers]

        def part(number: int) -> None:
            scratch = [zeros(t.layout.scratch_bytes) for t in self._turns]
            loop(
                ticks, ends[number], ends[number + 1], block, *steps, *(s.ctypes.data for s in sides),
                *(s.ctypes.data for s in scratch), self._live.ctypes.data,
            )  # fmt: skip

        if threads == 1:
            part(0)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(part, range(parts)))

    def value(self, slot: Slot) -> Values:
        """The values of a register of one of the machines, ``[runs]``."""
        turn, state = next((t, s) for t, s in zip(self._turns, self._states, strict=True) if slot in t.machine.state)
        layout = turn.layout
        kind, start, lanes = memory_type(element(slot.type)), layout.offset[slot], layout.lanes(slot)
        rows = state.reshape(self._groups, layout.state_bytes)[:, start : start + lanes * kind.itemsize]
        values = np.ascontiguousarray(rows).view(kind)
        values = np.broadcast_to(values, (self._groups, layout.width)).reshape(-1)[: self._runs]
        return values.astype(np.bool_) if element(slot.type) is BOOL else values.copy()


def _moved(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same bytes at an aligned address."""
    region = zeros(values.size)
    region[:] = values
    return region


def _loop(width: int) -> str:
    """The module of the loop: over blocks of groups, ticks, and the groups of a block."""
    step = "void (i64, i1, i64, ptr, ptr, ptr, ptr, ptr)"
    lines = [
        "define void @run(i64 %ticks, i64 %first, i64 %last, i64 %block, ptr %step.world, ptr %step.program, "
        "ptr %world, ptr %program, ptr %scratch.world, ptr %scratch.program, ptr %lives) {",
        "entry:",
    ]
    for side in ("world", "program"):
        for i, name in enumerate(("states", "state_bytes", "outputs", "output_bytes", "constants", "table")):
            kind = "i64" if name.endswith("bytes") else "ptr"
            lines.append(f"  %{side}.{name}.at = getelementptr inbounds i64, ptr %{side}, i64 {i}")
            lines.append(f"  %{side}.{name} = load {kind}, ptr %{side}.{name}.at")
    lines += [
        "  %some = icmp ult i64 %first, %last",
        "  %any = icmp ugt i64 %ticks, 0",
        "  %go = and i1 %some, %any",
        *BLOCKS,
        "  br label %groups",
        "groups:",
        "  %group = phi i64 [ %start, %instants ], [ %group.next, %group.end ]",
        "  %going = phi i1 [ false, %instants ], [ %going.next, %group.end ]",
        f"  %live.at = mul i64 %group, {width}",
        "  %live = getelementptr inbounds i8, ptr %lives, i64 %live.at",
        f"  %before = load i{8 * width}, ptr %live, align 1",
        f"  %lived = icmp ne i{8 * width} %before, 0",
        "  br i1 %lived, label %turn.world, label %group.end",
        "turn.world:",
        *_turn("world", step),
        f"  %now = load i{8 * width}, ptr %live, align 1",
        f"  %lives.on = icmp ne i{8 * width} %now, 0",
        "  br i1 %lives.on, label %turn.program, label %group.end",
        "turn.program:",
        *_turn("program", step),
        "  br label %group.end",
        "group.end:",
        "  %went = phi i1 [ false, %groups ], [ false, %turn.world ], [ true, %turn.program ]",
        "  %going.next = or i1 %going, %went",
        "  %group.next = add i64 %group, 1",
        "  %group.more = icmp ult i64 %group.next, %stop",
        "  br i1 %group.more, label %groups, label %tick.end",
        "tick.end:",
        "  %tick.more = icmp ult i64 %tick.next, %ticks",
        "  %on = and i1 %tick.more, %going.next",
        "  br i1 %on, label %instants, label %block.end",
        "block.end:",
        "  %block.more = icmp ult i64 %stop, %last",
        "  br i1 %block.more, label %blocks, label %done",
        "done:",
        "  ret void",
        "}",
        "",
    ]
    return "\n".join(lines)


def _turn(side: str, step: str) -> list[str]:
    """A step of one machine on one group."""
    return [
        f"  %{side}.memory.at = mul i64 %group, %{side}.state_bytes",
        f"  %{side}.memory = getelementptr inbounds i8, ptr %{side}.states, i64 %{side}.memory.at",
        f"  %{side}.results.at = mul i64 %group, %{side}.output_bytes",
        f"  %{side}.results = getelementptr inbounds i8, ptr %{side}.outputs, i64 %{side}.results.at",
        f"  call {step} %step.{side}(i64 %tick, i1 false, i64 %group, ptr %{side}.memory, ptr %{side}.results, "
        f"ptr %{side}.constants, ptr %scratch.{side}, ptr %{side}.table)",
    ]

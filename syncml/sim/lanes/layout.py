"""Where the slots of a machine lie in the memory of a group of lanes.

Rule: lanes run in groups as wide as a vector of the processor. A group has a region of memory for its state and one
for its outputs: a varying scalar is ``width`` values side by side, one for each lane, a varying tensor its elements in
row-major order, each ``width`` values; a uniform slot has one value for the group. Constants lie once in a region that
all groups share; local tensors in a region that each thread has for itself. Booleans are bytes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.constants import Const, dtype
from syncml.ir.step.syntax import Machine, Slot
from syncml.ir.types import F64, Element, Scalar, TensorType, element, size
from syncml.sim.lanes.cost import cost
from syncml.sim.lanes.uniform import varying_slots

ALIGNMENT = 64
"""Of regions, and of the slots in them: a vector register of the widest processors."""

REGISTER_BYTES = 28 * 64
"""What of the registers of such a processor, 32 in all, may hold state."""

SHORT = 1500
"""A step of fewer operations keeps its state in registers if that fits; a longer one needs them for other things."""

_WIDE = frozenset({F64, Scalar.I64, Scalar.U64})


@dataclass(frozen=True, slots=True)
class Layout:
    """The memory of a machine without instances.

    Attributes:
        width: The lanes of a group.
        varying: The slots that have a value for each lane.
        offset: The first byte of each slot in its region; inputs and local scalars have none.
        state_bytes: The size of the region of a group for its state.
        output_bytes: The size of the region of a group for its outputs.
        constant_bytes: The size of the region of constants.
        scratch_bytes: The size of the region of local tensors.
        in_registers: Whether the step is short and the state of a group fits the registers of a processor with vectors
            of 64 bytes.
    """

    width: int
    varying: frozenset[Slot]
    offset: Mapping[Slot, int]
    state_bytes: int
    output_bytes: int
    constant_bytes: int
    scratch_bytes: int
    in_registers: bool

    def lanes(self, slot: Slot) -> int:
        """How many values side by side an element of ``slot`` has."""
        return self.width if slot in self.varying else 1

    def initial_group(self, machine: Machine) -> NDArray[np.uint8]:
        """The state of a group before the first tick."""
        return self._filled(self.state_bytes, machine.state)

    def constants(self, machine: Machine) -> NDArray[np.uint8]:
        """The region of constants."""
        return self._filled(self.constant_bytes, machine.constants)

    def _filled(self, length: int, slots: Iterable[Slot]) -> NDArray[np.uint8]:
        region = zeros(length)
        for slot in slots:
            assert isinstance(slot.initial, Const)
            values = np.asarray(slot.initial.machine()).astype(memory_type(element(slot.type))).reshape(-1)
            raw = np.repeat(values, self.lanes(slot)).view(np.uint8)
            region[self.offset[slot] : self.offset[slot] + raw.size] = raw
        return region


def layout_of(machine: Machine, width: int | None = None, equal: Container[Slot] = ()) -> Layout:
    """The layout of a machine; the width that suits its numbers unless one is given, a power of two.

    The inputs ``equal`` are those of which all runs are given the same values.
    """
    varying = varying_slots(machine, equal)
    state = _state_bytes(machine, varying)
    short = cost(machine.body, written=True) < SHORT
    width = width or _suitable_width(state if short else 0, varying)
    offset: dict[Slot, int] = {}

    def place(slots: Iterable[Slot]) -> int:
        end = 0
        for slot in slots:
            offset[slot] = end
            lanes = width if slot in varying else 1
            end = _rounded(end + size(slot.type) * lanes * memory_type(element(slot.type)).itemsize)
        return end

    registers = max(ALIGNMENT, place(machine.state))
    outputs = max(ALIGNMENT, place(machine.outputs))
    constants = max(ALIGNMENT, place(machine.constants))
    scratch = place(s for s in machine.locals if isinstance(s.type, TensorType))
    return Layout(
        width, varying, offset, registers, outputs, constants, scratch, short and state * width <= REGISTER_BYTES
    )


def _state_bytes(machine: Machine, varying: frozenset[Slot]) -> int:
    """The state of one lane."""
    return sum(size(s.type) * memory_type(element(s.type)).itemsize for s in machine.state if s in varying)


def _suitable_width(state: int, varying: Iterable[Slot]) -> int:
    """Lanes that fill a vector, 16 numbers of 32 bits or 8 of 64; up to four times as many if the state is small."""
    width = 8 if any(element(s.type) in _WIDE for s in varying) else 16
    wider = [w for w in (4 * width, 2 * width) if state and state * w <= REGISTER_BYTES]
    return wider[0] if wider else width


def memory_type(kind: Element) -> np.dtype[np.generic]:
    """What an element is in memory."""
    found = dtype(kind)
    return np.dtype(np.uint8) if found.kind == "b" else found


def zeros(length: int) -> NDArray[np.uint8]:
    """A region of zero bytes, aligned."""
    raw = np.zeros(length + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + length]


def _rounded(length: int) -> int:
    return (length + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT

"""Step code as a Python module that Numba compiles: one scenario, every output of every tick.

Rule: the module's function takes the number of ticks and flat arrays, one for each use (inputs, outputs, state,
constants, scratch) and machine type; `Layout` says where each slot lies in them. Inputs and outputs have one row for
each tick. State is loaded before the loop over ticks and stored after it; within the loop everything but inputs and
weights lies on the stack, where nothing else can overlap it. Weights are data: they are handed in, never printed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from syncml.diagnostics.model import InternalFault
from syncml.ir.step.syntax import Machine, Slot, Storage
from syncml.ir.step.traverse import machine_functions
from syncml.ir.types import I64, Scalar, TensorType, element, size
from syncml.sim.numba_text import OPTIONS, Text, indented, load, machine_name, store

ON_STACK = 4096
"""The most elements of a tensor that is kept on the stack; larger ones stay in the arrays that are handed in."""

STACK_BYTES = 256 * 1024
"""The most bytes of all tensors on the stack together."""

_USES = ("inputs", "outputs", "state", "constants", "scratch")
_USE = dict(zip((Storage.INPUT, Storage.OUTPUT, Storage.STATE, Storage.CONSTANT, Storage.LOCAL), _USES, strict=True))
_FAMILY = {"i": "int", "u": "uint", "f": "float"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where slots lie.

    Attributes:
        arguments: The arrays of the generated function in order, as (use, machine type).
        length: The elements of each array; of one row, for inputs and outputs.
        offset: The first element of each slot in the array of its storage and type.
    """

    arguments: tuple[tuple[str, str], ...]
    length: dict[tuple[str, str], int]
    offset: dict[Slot, int]


def layout_of(machine: Machine) -> Layout:
    """The layout of a machine without instances."""
    length: dict[tuple[str, str], int] = {}
    offset: dict[Slot, int] = {}
    groups = (machine.inputs, machine.outputs, machine.state, machine.constants, machine.locals)
    for slot in (s for group in groups for s in group):
        key = (_USE[slot.storage], machine_name(element(slot.type)))
        offset[slot] = length.get(key, 0)
        length[key] = offset[slot] + size(slot.type)
    arguments = tuple(sorted(length, key=lambda k: (_USES.index(k[0]), k[1])))
    return Layout(arguments, length, offset)


def numba_type(name: str) -> str:
    """The name that NumPy and Numba have for a machine type in an array."""
    return "uint8" if name == "bool" else _FAMILY[name[0]] + name[1:]


def print_module(machine: Machine, layout: Layout) -> str:
    """The source of the module for ``machine``; its function is ``run``.

    Raises:
        InternalFault: the machine has instances; inline them first.
    """
    if machine.instances:
        raise InternalFault(f"{machine.name} has instances, which the Numba printer expects to be inlined")
    return _Printer(machine, layout).module()


class _Printer:
    def __init__(self, machine: Machine, layout: Layout) -> None:
        self._machine = machine
        self._layout = layout
        self._on_stack = _fits_stack(machine)
        scalars = [s for s in machine.inputs if not isinstance(s.type, TensorType)]
        self._text = Text(machine, {s: (_row(s), layout.offset[s]) for s in scalars})

    def module(self) -> str:
        """The whole source."""
        for function in machine_functions(self._machine):
            self._text.function(function)
        arrays = [f"{use}_{kind}" for use, kind in self._layout.arguments]
        types = ["int64", *(f"{numba_type(kind)}[::1]" for _, kind in self._layout.arguments)]
        body = [
            *(f"p_{array} = pointer({array})" for array in arrays),
            *self._before(),
            "for tick in range(ticks):",
            *indented([*self._row_starts(), *self._text.block(self._machine.body), *self._row_ends()]),
            *self._after(),
            "return",
        ]
        lines = [
            '"""Generated from step code; any change is lost."""',
            "import numpy as np",
            "from numba import njit",
            "from syncml.sim.numba_intrinsics import *",
            "",
            *self._text.constants,
            *self._text.parts,
            "",
            f'@njit("void({", ".join(types)})", cache=True, nogil=True, {OPTIONS})',
            f"def run({', '.join(['ticks', *arrays])}):",
            *indented(body),
        ]
        return "\n".join(lines) + "\n"

    def _before(self) -> list[str]:
        """State, constants, scratch and the scalars in memory, once for all ticks."""
        machine, text, offset = self._machine, self._text, self._layout.offset
        lines: list[str] = []
        size_of: dict[str, int] = {}
        like: dict[str, Slot] = {}
        for slot, (pointer, index) in text.memory.items():
            size_of[pointer] = index + 1
            like.setdefault(pointer, slot)
        lines += [f"{pointer} = stack({_array(like[pointer])}, {count})" for pointer, count in size_of.items()]
        for slot in (*machine.constants, *machine.locals, *machine.outputs, *machine.state):
            if slot in self._on_stack:
                lines.append(f"{text.name(slot)} = stack({_array(slot)}, {size(slot.type)})")
            elif isinstance(slot.type, TensorType) and slot.storage is not Storage.OUTPUT:
                lines.append(f"{text.name(slot)} = advance({_array(slot)}, {offset[slot]})")
        for slot in machine.outputs:
            if slot in self._on_stack:
                lines += _each(slot, lambda i, slot=slot: store(slot, text.name(slot), i, text.zero(slot)))
            elif not isinstance(slot.type, TensorType):
                lines.append(text.write(slot, text.zero(slot)))
        for slot in machine.state:
            if slot in self._on_stack:
                lines += self._copied(slot, _array(slot), into_stack=True)
            elif not isinstance(slot.type, TensorType):
                lines.append(text.write(slot, load(slot, _array(slot), str(offset[slot]))))
        return lines

    def _copied(self, slot: Slot, array: str, into_stack: bool) -> list[str]:
        """A tensor copied between the stack and its place in an array."""
        start, name = self._layout.offset[slot], self._text.name(slot)
        if into_stack:
            return _each(slot, lambda i: store(slot, name, i, load(slot, array, f"{start} + {i}")))
        return _each(slot, lambda i: store(slot, array, f"{start} + {i}", load(slot, name, i)))

    def _after(self) -> list[str]:
        """State back to its arrays."""
        return [line for slot in self._machine.state for line in self._stored(slot, _array(slot))]

    def _stored(self, slot: Slot, array: str) -> list[str]:
        if slot in self._on_stack:
            return self._copied(slot, array, into_stack=False)
        if isinstance(slot.type, TensorType):
            return []
        return [store(slot, array, str(self._layout.offset[slot]), self._text.read(slot))]

    def _row_starts(self) -> list[str]:
        """The rows of this tick, and the tensors that are read or written in them."""
        length, offset = self._layout.length, self._layout.offset
        lines = [
            f"r_{use}_{kind} = advance(p_{use}_{kind}, tick * {length[use, kind]})"
            for use, kind in self._layout.arguments
            if use in ("inputs", "outputs")
        ]
        for slot in (*self._machine.inputs, *self._machine.outputs):
            if isinstance(slot.type, TensorType) and slot not in self._on_stack:
                lines.append(f"{self._text.name(slot)} = advance({_row(slot)}, {offset[slot]})")
        return lines

    def _row_ends(self) -> list[str]:
        """Outputs of this tick."""
        return [line for slot in self._machine.outputs for line in self._stored(slot, _row(slot))]


def _array(slot: Slot) -> str:
    """The pointer to the array in which a slot lies."""
    return f"p_{_USE[slot.storage]}_{machine_name(element(slot.type))}"


def _row(slot: Slot) -> str:
    """The pointer to this tick's row of the array in which an input or output lies."""
    return f"r_{_USE[slot.storage]}_{machine_name(element(slot.type))}"


def _each(slot: Slot, statement: Callable[[str], str]) -> list[str]:
    """A statement for each element of a tensor."""
    return [f"for e in range({size(slot.type)}):", f"    {statement('e')}"]


def _fits_stack(machine: Machine) -> set[Slot]:
    """The tensors that are kept on the stack: small ones, as long as there is room."""
    chosen: set[Slot] = set()
    room = STACK_BYTES
    for slot in (*machine.locals, *machine.state, *machine.outputs):
        if not isinstance(slot.type, TensorType) or size(slot.type) > ON_STACK:
            continue
        width = 8 if element(slot.type) in (I64, Scalar.U64, Scalar.F64) else 4
        if size(slot.type) * width <= room:
            room -= size(slot.type) * width
            chosen.add(slot)
    return chosen

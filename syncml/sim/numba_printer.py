"""Step code as a Python module that Numba compiles: one scenario, every output of every tick.

Rule: the module's function takes the number of ticks and flat arrays, one for each use (inputs, outputs, state,
constants, scratch) and machine type; `Layout` says where each slot lies in them. Inputs and outputs have one row for
each tick. State is loaded before the loop over ticks and stored after it; within the loop everything but inputs and
weights lies on the stack, where nothing else can overlap it. Weights are data: they are handed in, never printed.
"""

from __future__ import annotations

from collections.abc import Callable

from syncml.dataclass import dataclass
from syncml.diagnostics.model import InternalFault
from syncml.ir.step.syntax import For, Machine, Slot, Storage
from syncml.ir.step.traverse import machine_functions, statements
from syncml.ir.types import I64, Scalar, TensorType, element, size
from syncml.sim.numba_families import Family, families
from syncml.sim.numba_text import OPTIONS, USE, USES, Text, array_of, indented, is_long, load, machine_name, store
from syncml.sim.teams import WORDS

ON_STACK = 4096
"""The most elements of a tensor that is kept on the stack; larger ones stay in the arrays that are handed in."""

STACK_BYTES = 256 * 1024
"""The most bytes of all tensors on the stack together."""

_ON_STACK = (Storage.LOCAL, Storage.STATE, Storage.OUTPUT)
_SIGN = {"i": "int", "u": "uint", "f": "float"}


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
    for slot in (s for group in groups for family in families(group) for s in family.slots):
        key = (USE[slot.storage], machine_name(element(slot.type)))
        offset[slot] = length.get(key, 0)
        length[key] = offset[slot] + size(slot.type)
    if any(isinstance(stmt, For) and is_long(stmt) for stmt in statements(machine.body)):
        length["team", "i64"] = WORDS
    arguments = tuple(sorted(length, key=lambda k: (USES.index(k[0]), k[1])))
    return Layout(arguments, length, offset)


def numba_type(name: str) -> str:
    """The name that NumPy and Numba have for a machine type in an array."""
    return "uint8" if name == "bool" else _SIGN[name[0]] + name[1:]


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
        scalars = [s for s in machine.inputs if not isinstance(s.type, TensorType)]
        self._text = Text(machine, {s: (_row(s), layout.offset[s]) for s in scalars})
        self._arrays = {
            storage: [f for f in families(slots) if len(f.slots) > 1 or isinstance(f.first.type, TensorType)]
            for storage, slots in (
                (Storage.INPUT, machine.inputs),
                (Storage.CONSTANT, machine.constants),
                (Storage.LOCAL, tuple(s for s in machine.locals if not s.near)),
                (Storage.OUTPUT, machine.outputs),
                (Storage.STATE, machine.state),
            )
        }
        in_arrays = {s for group in self._arrays.values() for f in group for s in f.slots}
        self._state = [s for s in machine.state if s not in in_arrays]
        self._outputs = [s for s in machine.outputs if s not in in_arrays]
        self._on_stack = _fits_stack([f for use in _ON_STACK for f in self._arrays[use]])

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
            *(["from syncml.sim.numba_team import post, share"] if ("team", "i64") in self._layout.length else []),
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
        text, offset = self._text, self._layout.offset
        lines: list[str] = []
        size_of: dict[str, int] = {}
        like: dict[str, Slot] = {}
        for slot, (pointer, index) in text.memory.items():
            size_of[pointer] = index + 1
            like.setdefault(pointer, slot)
        lines += [f"{pointer} = stack({array_of(like[pointer])}, {count})" for pointer, count in size_of.items()]
        for family in (f for use in (Storage.CONSTANT, *_ON_STACK) for f in self._arrays[use]):
            slot = family.first
            if slot in self._on_stack:
                lines.append(f"{text.name(slot)} = stack({array_of(slot)}, {family.elements})")
            elif slot.storage is not Storage.OUTPUT:
                lines.append(f"{text.name(slot)} = advance({array_of(slot)}, {offset[slot]})")
        for family in self._arrays[Storage.OUTPUT]:
            slot = family.first
            if slot in self._on_stack:
                lines += _each(family, lambda i, slot=slot: store(slot, text.name(slot), i, text.zero(slot)))
        lines += [text.write(slot, text.zero(slot)) for slot in self._outputs]
        for family in self._arrays[Storage.STATE]:
            if family.first in self._on_stack:
                lines += self._copied(family, array_of(family.first), into_stack=True)
        lines += [text.write(slot, load(slot, array_of(slot), str(offset[slot]))) for slot in self._state]
        return lines

    def _copied(self, family: Family, array: str, into_stack: bool) -> list[str]:
        """Tensors copied between the stack and their place in an array."""
        slot = family.first
        start, name = self._layout.offset[slot], self._text.name(slot)
        if into_stack:
            return _each(family, lambda i: store(slot, name, i, load(slot, array, f"{start} + {i}")))
        return _each(family, lambda i: store(slot, array, f"{start} + {i}", load(slot, name, i)))

    def _after(self) -> list[str]:
        """State back to its arrays."""
        return self._stored(self._arrays[Storage.STATE], self._state, array_of)

    def _stored(self, families: list[Family], scalars: list[Slot], array: Callable[[Slot], str]) -> list[str]:
        lines: list[str] = []
        for family in families:
            if family.first in self._on_stack:
                lines += self._copied(family, array(family.first), into_stack=False)
        for slot in scalars:
            lines.append(store(slot, array(slot), str(self._layout.offset[slot]), self._text.read(slot)))
        return lines

    def _row_starts(self) -> list[str]:
        """The rows of this tick, and the tensors that are read or written in them."""
        length, offset = self._layout.length, self._layout.offset
        lines = [
            f"r_{use}_{kind} = advance(p_{use}_{kind}, tick * {length[use, kind]})"
            for use, kind in self._layout.arguments
            if use in ("inputs", "outputs")
        ]
        for family in (*self._arrays[Storage.INPUT], *self._arrays[Storage.OUTPUT]):
            slot = family.first
            if slot not in self._on_stack:
                lines.append(f"{self._text.name(slot)} = advance({_row(slot)}, {offset[slot]})")
        return lines

    def _row_ends(self) -> list[str]:
        """Outputs of this tick."""
        return self._stored(self._arrays[Storage.OUTPUT], self._outputs, _row)


def _row(slot: Slot) -> str:
    """The pointer to this tick's row of the array in which an input or output lies."""
    return f"r_{USE[slot.storage]}_{machine_name(element(slot.type))}"


def _each(family: Family, statement: Callable[[str], str]) -> list[str]:
    """A statement for each element of a tensor or a family."""
    return [f"for e in range({family.elements}):", f"    {statement('e')}"]


def _fits_stack(families: list[Family]) -> set[Slot]:
    """The first slots of what is kept on the stack: small arrays, as long as there is room."""
    chosen: set[Slot] = set()
    room = STACK_BYTES
    for family in families:
        width = 8 if element(family.first.type) in (I64, Scalar.U64, Scalar.F64) else 4
        if family.elements <= ON_STACK and family.elements * width <= room:
            room -= family.elements * width
            chosen.add(family.first)
    return chosen

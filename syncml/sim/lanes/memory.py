"""Slots in memory, as instructions of LLVM: addresses, loads and stores, for all lanes of a group at once.

Rule: a place with an index that is equal in all lanes is one vector; where the index depends on the lane, each lane
reads and writes its own element, which no other lane has. A lane that is masked out touches the first element and
leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from syncml.ir.constants import Const
from syncml.ir.step.syntax import Binary, BinaryOp, Expr, Function, Literal, Place, Slot, Storage
from syncml.ir.types import BOOL, I64, TensorType, element
from syncml.sim.lanes.layout import ALIGNMENT, Layout, memory_type
from syncml.sim.lanes.llvm_text import Expressions, Lines, Operand, scalar_type


class Memory:
    """The slots of a machine while its step is printed.

    Attributes:
        regions: Where slots lie that have an address of their own; others lie in the regions of their storage.
        registers: The slots that stand on the stack for LLVM to put into registers; their Booleans are bits.
        mask: The lanes that run, or None for all of them.
        expressions: The printer of expressions, which reads places here.
    """

    def __init__(self, layout: Layout, registers: Iterable[Slot], functions: Callable[[Function, bool], str]) -> None:
        self.lines = Lines()
        self.regions: dict[Slot, str] = {}
        self.registers = set(registers)
        self.mask: Operand | None = None
        self.expressions = Expressions(self.lines, layout.width, self.read, functions)
        self._layout = layout
        self._lines = self.lines
        self._expressions = self.expressions

    def register_type(self, slot: Slot) -> str:
        """The LLVM type of an element in a register."""
        return self._expressions.type_of(element(slot.type), slot in self._layout.varying)

    def stored_type(self, slot: Slot) -> str:
        """The LLVM type of an element where the slot lies."""
        return self.memory_type_of(slot, slot in self._layout.varying)

    def memory_type_of(self, slot: Slot, varying: bool) -> str:
        """The LLVM type of an element in memory, where Booleans are bytes."""
        single = _in_memory(slot)
        return f"<{self._layout.width} x {single}>" if varying else single

    def alignment(self, slot: Slot) -> int:
        """The alignment of an element where the slot lies, in bytes."""
        lanes = self._layout.lanes(slot)
        return min(ALIGNMENT, lanes * memory_type(element(slot.type)).itemsize)

    def base(self, slot: Slot) -> str:
        """The address of the first element."""
        if slot in self.regions:
            return self.regions[slot]
        region = {Storage.STATE: "%memory", Storage.OUTPUT: "%results", Storage.CONSTANT: "%constants"}[slot.storage]
        return self._lines.value(f"getelementptr inbounds i8, ptr {region}, i64 {self._layout.offset[slot]}")

    def element_of(self, slot: Slot, base: str, position: str) -> str:
        """The address of an element, all lanes of it."""
        if position == "0":
            return base
        return self._lines.value(f"getelementptr inbounds {self.stored_type(slot)}, ptr {base}, i64 {position}")

    def _is_register(self, slot: Slot, pointer: str) -> bool:
        return slot in self.registers and self.regions.get(slot) == pointer

    def load(self, slot: Slot, pointer: str) -> Operand:
        """The element at an address, all lanes of it."""
        kind, varying = element(slot.type), slot in self._layout.varying
        aligned = f"align {self.alignment(slot)}"
        if kind is not BOOL or self._is_register(slot, pointer):
            return Operand(
                self._lines.value(f"load {self.register_type(slot)}, ptr {pointer}, {aligned}"), kind, varying
            )
        raw = self._lines.value(f"load {self.stored_type(slot)}, ptr {pointer}, {aligned}")
        return self._truth(raw, varying)

    def _truth(self, raw: str, varying: bool) -> Operand:
        """A Boolean from its byte."""
        kind = f"<{self._layout.width} x i8>" if varying else "i8"
        zero = "zeroinitializer" if varying else "0"
        return Operand(self._lines.value(f"icmp ne {kind} {raw}, {zero}"), BOOL, varying)

    def store(self, slot: Slot, pointer: str, value: Operand, varying: bool) -> None:
        """Write an element; one value for each lane if ``varying``, which a trace is even where the slot is not."""
        value = self._expressions.spread(value) if varying else value
        lanes = self._layout.width if varying else 1
        aligned = f"align {min(ALIGNMENT, lanes * memory_type(element(slot.type)).itemsize)}"
        if element(slot.type) is BOOL and not self._is_register(slot, pointer):
            kind = self.memory_type_of(slot, varying)
            byte = self._lines.value(f"zext {self._expressions.typed(value)} to {kind}")
            self._lines.do(f"store {kind} {byte}, ptr {pointer}, {aligned}")
        else:
            self._lines.do(f"store {self._expressions.typed(value)}, ptr {pointer}, {aligned}")

    def position(self, place: Place) -> Operand:
        """The row-major place of an element."""
        type_ = place.slot.type
        assert isinstance(type_, TensorType)
        total: Expr | None = None
        constant, stride = 0, 1
        for extent, i in zip(reversed(type_.shape), reversed(place.indices), strict=True):
            if isinstance(i, Literal):
                constant += int(i.value.machine()) * stride
            else:
                term = i if stride == 1 else Binary(BinaryOp.MUL, i, _whole(stride))
                total = term if total is None else Binary(BinaryOp.ADD, term, total)
            stride *= extent
        if total is None:
            return Operand(str(constant), I64, False)
        return self._expressions.expr(Binary(BinaryOp.ADD, total, _whole(constant)) if constant else total)

    def read(self, place: Place) -> Operand:
        """The value of a place."""
        base = self.base(place.slot)
        if not place.indices:
            return self.load(place.slot, base)
        position = self.position(place)
        if position.varying:
            return self._gathered(place.slot, base, position)
        return self.load(place.slot, self.element_of(place.slot, base, position.text))

    def _lane_addresses(self, slot: Slot, base: str, position: Operand) -> list[str]:
        """The address of each lane's element; that of the first element for a lane that is masked out."""
        if self.mask is not None:
            position = self._expressions.choose(self.mask, position, Operand("0", I64, False))
        lanes = self._layout.lanes(slot)
        wide = self._expressions.typed(position)
        addresses: list[str] = []
        for lane in range(self._layout.width):
            index = self._lines.value(f"extractelement {wide}, i64 {lane}")
            if lanes > 1:
                index = self._lines.value(f"mul i64 {index}, {lanes}")
                index = self._lines.value(f"add i64 {index}, {lane}")
            addresses.append(self._lines.value(f"getelementptr inbounds {_in_memory(slot)}, ptr {base}, i64 {index}"))
        return addresses

    def _gathered(self, slot: Slot, base: str, position: Operand) -> Operand:
        """An element for each lane, each at its own place."""
        single, wide = _in_memory(slot), self.memory_type_of(slot, True)
        found = "poison"
        for lane, address in enumerate(self._lane_addresses(slot, base, position)):
            value = self._lines.value(f"load {single}, ptr {address}")
            found = self._lines.value(f"insertelement {wide} {found}, {single} {value}, i64 {lane}")
        kind = element(slot.type)
        return self._truth(found, True) if kind is BOOL else Operand(found, kind, True)

    def scattered(self, slot: Slot, base: str, position: Operand, value: Operand) -> None:
        """Write an element in each lane at its own place; a lane that is masked out writes what is there."""
        value = self._expressions.spread(value)
        if self.mask is not None:
            value = self._expressions.choose(self.mask, value, self._gathered(slot, base, position))
        single, wide = _in_memory(slot), self.memory_type_of(slot, True)
        raw = value.text
        if element(slot.type) is BOOL:
            raw = self._lines.value(f"zext {self._expressions.typed(value)} to {wide}")
        for lane, address in enumerate(self._lane_addresses(slot, base, position)):
            part = self._lines.value(f"extractelement {wide} {raw}, i64 {lane}")
            self._lines.do(f"store {single} {part}, ptr {address}")


def _whole(value: int) -> Literal:
    return Literal(Const(value, I64))


def _in_memory(slot: Slot) -> str:
    """The LLVM type of one value in memory."""
    kind = element(slot.type)
    return "i8" if kind is BOOL else scalar_type(kind)

"""New locals of a machine."""

from __future__ import annotations

from dataclasses import field, replace

from syncml.dataclass import dataclass
from syncml.ir.step.syntax import Machine, Origin, Slot, Stmt, Storage
from syncml.ir.types import Type


@dataclass(slots=True)
class Locals:
    """Locals that a pass adds to a machine, with names that no slot of it has."""

    machine: Machine
    added: list[Slot] = field(default_factory=list[Slot])

    def new(self, name: str, type_: Type, *, near: bool = False, origin: Origin | None = None) -> Slot:
        """A local of a name like ``name``."""
        machine = self.machine
        groups = (machine.inputs, machine.outputs, machine.state, machine.constants, machine.locals, self.added)
        taken = {slot.name for group in groups for slot in group}
        unique, number = name, 1
        while unique in taken:
            number += 1
            unique = f"{name}_{number}"
        slot = Slot(unique, type_, Storage.LOCAL, origin=origin, near=near)
        self.added.append(slot)
        return slot

    def with_body(self, body: tuple[Stmt, ...]) -> Machine:
        """The machine with ``body`` and the new locals."""
        return replace(self.machine, body=body, locals=(*self.machine.locals, *self.added))

"""How many bytes the structs of a package take.

Rule: members lie in the order of their declaration, each at the next multiple of its alignment; a struct is aligned as
its most aligned member and as long as a multiple of that (every ABI in use). Numbers of eight bytes are aligned to
eight bytes on 64-bit processors and on 32-bit Arm and RISC-V, and to four on 32-bit x86; nothing else differs, for
there is no pointer in any struct.
"""

from __future__ import annotations

from collections.abc import Iterable

from syncml.dataclass import dataclass
from syncml.export_c.plan import Plan
from syncml.export_c.scalars import machine_scalar
from syncml.ir.step.syntax import Slot
from syncml.ir.types import Type, element, element_bytes, size


@dataclass(frozen=True, slots=True)
class Extent:
    """The size of a C object and its alignment, in bytes."""

    size: int
    alignment: int


def type_extent(type_: Type, wide: int) -> Extent:
    """The extent of a value; ``wide`` is the alignment of numbers of eight bytes."""
    width = element_bytes(machine_scalar(element(type_)))
    return Extent(width * size(type_), min(width, wide))


def struct_extent(members: Iterable[Extent]) -> Extent:
    """The extent of a struct of ``members``; that of a C struct of none is one byte, its member ``unused``."""
    end, alignment = 0, 1
    for member in members:
        end = _aligned(end, member.alignment) + member.size
        alignment = max(alignment, member.alignment)
    return Extent(_aligned(end, alignment), alignment) if end else Extent(1, 1)


def _aligned(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment


def slots_extent(slots: Iterable[Slot], wide: int = 8) -> Extent:
    """The extent of a public struct of ``slots``."""
    return struct_extent(type_extent(slot.type, wide) for slot in slots)


def state_extents(plan: Plan, wide: int = 8) -> dict[str, Extent]:
    """The extents of the state structs of the machines that have memory, and of the exported one, by machine."""
    found: dict[str, Extent] = {}
    for own in plan.machines:
        members = [type_extent(slot.type, wide) for slot in own.members]
        for instance in own.machine.instances:
            if plan.machine(instance.machine).state is not None:
                inner = found[instance.machine]
                members.append(Extent(inner.size * (instance.extent or 1), inner.alignment))
        members += [type_extent(slot.type, wide) for slot in own.scratch]
        if own.state is not None or own is plan.main:
            found[own.machine.name] = struct_extent(members)
    return found

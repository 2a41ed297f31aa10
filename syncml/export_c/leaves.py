"""The leaves of a package: every scalar or tensor that goes in, comes out, or is remembered.

Rule: leaves come in the order of the public structs; the state's leaves are the registers of the exported machine and
then, instance by instance, those of its instances, named by their path (``tracker.hidden``). Vector files hold values
in this order, and the layout's hash tells a file of another program apart.
"""

from __future__ import annotations

from math import prod

from syncml.dataclass import dataclass
from syncml.export_c.plan import MachinePlan, Plan
from syncml.export_c.scalars import machine_scalar
from syncml.ir.step.syntax import Origin, Slot
from syncml.ir.types import BIT_WIDTH, FLOATS, Scalar, Type, element, shape


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf: its name in the program, and its designator inside of the C struct."""

    name: str
    designator: str
    type: Type
    origin: Origin | None

    @property
    def scalar(self) -> Scalar:
        """The machine type of its elements."""
        return machine_scalar(element(self.type))

    @property
    def count(self) -> int:
        """The number of its elements."""
        return prod(shape(self.type))

    @property
    def size(self) -> int:
        """Bytes of one element in a vector file; a Boolean is one byte."""
        return 1 if self.scalar is Scalar.BOOL else BIT_WIDTH[self.scalar] // 8

    @property
    def kind(self) -> str:
        """``bool``, ``float`` or ``integer``."""
        if self.scalar is Scalar.BOOL:
            return "bool"
        return "float" if self.scalar in FLOATS else "integer"


@dataclass(frozen=True, slots=True)
class Leaves:
    """All leaves of a package, in order; ``stored`` are those of the state and the outputs that keep their value."""

    inputs: tuple[Leaf, ...]
    outputs: tuple[Leaf, ...]
    state: tuple[Leaf, ...]
    stored: tuple[Leaf, ...]

    @property
    def layout(self) -> str:
        """A text that two packages share exactly if their vector files have the same format."""
        groups = (("in", self.inputs), ("out", self.outputs), ("state", self.state))
        return "".join(
            f"{group} {leaf.name} {leaf.scalar} {leaf.count}\n" for group, leaves in groups for leaf in leaves
        )

    @property
    def layout_hash(self) -> int:
        """The 64-bit FNV-1a hash of the layout."""
        return _fnv1a(self.layout)

    @property
    def stored_hash(self) -> int:
        """The same of what is stored between two steps."""
        return _fnv1a("".join(f"{leaf.name} {leaf.scalar} {leaf.count}\n" for leaf in self.stored))


def _fnv1a(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def leaves(plan: Plan) -> Leaves:
    """The leaves of the package of ``plan``."""
    main = plan.main
    return Leaves(
        tuple(_leaf(slot, "", "", plan.inputs[slot]) for slot in main.machine.inputs),
        tuple(_leaf(slot, "", "", plan.outputs[slot]) for slot in main.machine.outputs),
        tuple(_state(plan, main, "", "", kept=False)),
        tuple(_state(plan, main, "", "", kept=True)),
    )


def _leaf(slot: Slot, path: str, prefix: str, member: str) -> Leaf:
    return Leaf(path + slot.name, prefix + member, slot.type, slot.origin)


def _state(plan: Plan, own: MachinePlan, path: str, prefix: str, *, kept: bool) -> list[Leaf]:
    found = [_leaf(slot, path, prefix, own.members[slot]) for slot in own.machine.state]
    if kept:
        outputs = [slot for slot in own.machine.outputs if slot in own.kept]
        found += [Leaf(f"{path}kept({s.name})", prefix + own.members[s], s.type, s.origin) for s in outputs]
    for instance in own.machine.instances:
        callee = plan.machine(instance.machine)
        if callee.state is not None:
            for number, name in enumerate(instance.paths):
                member = own.instances[instance.name] + ("" if instance.extent is None else f"[{number}]")
                found += _state(plan, callee, f"{path}{name}.", f"{prefix}{member}.", kept=kept)
    return found

"""Arrays of instances: one step of each, in a loop.

Rule: the accumulators live in the slots of their targets, or in locals, which start as the arguments. In each iteration
the instance takes the accumulators, the part of each indexed argument, and what is shared; then its results become the
accumulators and the parts of the collected targets. A part that is a tensor is copied, for an instance takes whole
slots.
"""

from __future__ import annotations

from syncml.ir.equations.syntax import Atom, Iterate, Var
from syncml.ir.step.lowering.elements import index
from syncml.ir.step.lowering.slots import Slots, machine_type, place
from syncml.ir.step.lowering.tensors import Tensors, loop_name, nest
from syncml.ir.step.syntax import Assign, Binary, BinaryOp, Expr, For, Invoke, LoopIndex, Place, Slot, Stmt, Storage
from syncml.ir.types import TensorType, Type, element, shape, tensor


class InstanceLoops:
    """The loops over the arrays of instances of one machine."""

    def __init__(self, slots: Slots, tensors: Tensors) -> None:
        self._slots = slots
        self._tensors = tensors

    def statements(self, rhs: Iterate, targets: tuple[Var, ...]) -> list[Stmt]:
        """One step of each instance."""
        counter = LoopIndex(loop_name(0))
        position = index(0) if rhs.extent == 1 else counter
        if rhs.reversed and rhs.extent > 1:
            position = Binary(BinaryOp.SUB, index(rhs.extent - 1), counter)
        accumulators = [self._accumulator(target) for target in targets[: rhs.carried]]
        body = self._iteration(rhs, targets, accumulators, position)
        starts: list[Stmt] = []
        ends: list[Stmt] = []
        for argument, target, slot in zip(rhs.arguments, targets, accumulators, strict=False):
            origin = self._slots.origin(target)
            starts += self._tensors.copy(argument, slot, target.type, origin)
            if slot is not self._slots.of(target):
                ends.append(Assign(Place(self._slots.of(target)), Place(slot), origin))
        return [*starts, *(body if rhs.extent == 1 else [For(counter, rhs.extent, tuple(body))]), *ends]

    def _accumulator(self, target: Var) -> Slot:
        """Where an accumulator lives; a scalar in a local, which a compiler keeps in a register."""
        slot = self._slots.of(target)
        if isinstance(slot.type, TensorType) or slot.storage is Storage.LOCAL:
            return slot
        return self._slots.local(f"{target.name}_total", slot.type)

    def _iteration(
        self, rhs: Iterate, targets: tuple[Var, ...], accumulators: list[Slot], position: Expr
    ) -> list[Stmt]:
        before: list[Stmt] = []
        after: list[Stmt] = []
        arguments: list[Expr] = [Place(slot) for slot in accumulators]
        for number, argument in enumerate(rhs.arguments[rhs.carried :], rhs.carried):
            if rhs.is_indexed(number):
                arguments.append(self._part(argument, position, before))
            else:
                arguments.append(self._slots.argument(argument))
        results = [self._next(t, slot, after) for t, slot in zip(targets, accumulators, strict=False)]
        results += [self._collected(t, position, after) for t in targets[rhs.carried :]]
        origin = self._slots.origin(targets[0]) if targets else None
        return [*before, Invoke(rhs.instance, tuple(arguments), tuple(results), origin, position), *after]

    def _part(self, argument: Atom, position: Expr, before: list[Stmt]) -> Expr:
        """What an instance takes of an indexed argument."""
        type_ = _part_of(argument.type)
        if not isinstance(type_, TensorType):
            return self._slots.read(argument, (position,))
        name = argument.name if isinstance(argument, Var) else "constant"
        part = self._slots.local(f"{name}_part", machine_type(type_))
        before += nest(
            type_.shape, lambda i: [Assign(place(part, i), self._slots.read(argument, (position, *i)))], depth=1
        )
        return Place(part)

    def _next(self, target: Var, current: Slot, after: list[Stmt]) -> Slot:
        """The slot of the next value of an accumulator; a tensor is not written while it is read."""
        origin = self._slots.origin(target)
        if not isinstance(current.type, TensorType):
            return current
        following = self._slots.local(f"{target.name}_next", current.type)
        after += nest(shape(target.type), lambda i: [Assign(place(current, i), place(following, i), origin)], depth=1)
        return following

    def _collected(self, target: Var, position: Expr, after: list[Stmt]) -> Slot:
        """The slot of one part of a collected target."""
        whole, origin = self._slots.of(target), self._slots.origin(target)
        type_ = _part_of(target.type)
        part = self._slots.local(f"{target.name}_part", machine_type(type_))
        after += nest(shape(type_), lambda i: [Assign(place(whole, (position, *i)), place(part, i), origin)], depth=1)
        return part


def _part_of(type_: Type) -> Type:
    """The type of one part along the first axis."""
    return tensor(element(type_), shape(type_)[1:])

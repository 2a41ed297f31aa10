"""The state of each machine: its struct and the function that gives it its initial value.

Rule: one struct for each machine with memory, with one member for each register, each output that keeps its value,
and each instance that has memory itself; so the address of one object is the whole state of a node.
"""

from __future__ import annotations

import numpy as np

from syncml.export_c.ctree import (
    Call,
    Cast,
    CExpr,
    ConstantArray,
    CStmt,
    Do,
    FunctionDefinition,
    Loop,
    Member,
    Name,
    Number,
    Set,
    Struct,
    Subscript,
    Variable,
)
from syncml.export_c.functions import constant_array
from syncml.export_c.machines import SELF, Describe, copy, initialise
from syncml.export_c.naming import NameScope
from syncml.export_c.plan import MachinePlan, Plan
from syncml.export_c.scalars import literal, machine_scalar, number
from syncml.ir.constants import Array, Const, zero
from syncml.ir.step.syntax import Slot
from syncml.ir.types import EnumType, TensorType, element, shape

UNUSED = "unused"
"""The member of a public struct that would be empty, which C does not allow."""


def state_struct(plan: Plan, own: MachinePlan, describe: Describe) -> Struct:
    """The state struct of a machine that has memory, or of the exported one."""
    members: list[tuple[Variable, str]] = []
    for slot, name in own.members.items():
        variable = Variable(plan.type_of(element(slot.type)), name, shape(slot.type))
        remark = describe(slot.origin) if slot.origin is not None else ""
        members.append((variable, f"output that keeps its value: {remark}" if slot in own.kept else remark))
    for instance in own.machine.instances:
        callee = plan.machine(instance.machine)
        if callee.state is not None:
            extents = () if instance.extent is None else (instance.extent,)
            variable = Variable(callee.state, own.instances[instance.name], extents)
            remark = f"instance{'s' if extents else ''} of {callee.machine.label or callee.machine.name}"
            remark += f": {instance.names[0]} .. {instance.names[-1]}" if instance.names else ""
            members.append((variable, remark))
    for slot, name in own.scratch.items():
        variable = Variable(plan.type_of(element(slot.type)), name, shape(slot.type))
        held = ", ".join(dict.fromkeys(h.name for h in slot.holds))
        members.append((variable, f"scratch of a step, keeps nothing{f': {held}' * bool(held)}"))
    if not members:
        members.append((Variable("uint8_t", UNUSED), "the node has no memory; C has no empty struct"))
    name = own.state or f"{plan.prefix}_state"
    return Struct(name, tuple(members), f"State of {own.machine.label or own.machine.name}.")


def init_function(plan: Plan, own: MachinePlan) -> FunctionDefinition:
    """The function that sets the initial state of a machine."""
    body: list[CStmt | ConstantArray] = []
    names = NameScope((plan.files,))
    for slot, name in own.members.items():
        initial = slot.initial if slot not in own.kept and slot.initial is not None else zero(slot.type)
        body += _initial(plan, slot, initial, Member(SELF, name, arrow=True), names)
    for instance in own.machine.instances:
        callee = plan.machine(instance.machine)
        if callee.state is not None:
            body.append(initialise(plan, own, instance, names))
    if not body and own.scratch:
        body.append(Do(Cast("void", SELF)))
    elif not body:
        body.append(Set(Member(SELF, UNUSED, arrow=True), Number("0U")))
    parameter = Variable(own.state or f"{plan.prefix}_state", "self", pointer=True)
    # Constant arrays come first: declarations before statements.
    body.sort(key=lambda item: not isinstance(item, ConstantArray))
    comment = f"Initial state of {own.machine.label or own.machine.name}."
    return FunctionDefinition(own.init, "static", "void", (parameter,), tuple(body), comment)


def entry(plan: Plan, part: str, comment: str) -> FunctionDefinition:
    """A public function that sets the initial state of the node."""
    parameter = Variable(f"{plan.prefix}_state", SELF.text, pointer=True)
    body = (Do(Call(plan.main.init, (SELF,))),)
    return FunctionDefinition(f"{plan.prefix}_{part}", "", "void", (parameter,), body, comment)


def _initial(
    plan: Plan, slot: Slot, initial: Const | Array, target: CExpr, names: NameScope
) -> list[CStmt | ConstantArray]:
    if not isinstance(slot.type, TensorType):
        if not isinstance(initial, Const):
            raise TypeError(f"the initial value of {slot.name} is not a scalar")
        kind = initial.element
        named = isinstance(kind, EnumType)
        value = Name(plan.enums[kind].constructors[int(initial.machine())]) if named else literal(initial)
        return [Set(target, value, slot.origin)]
    contents = _contents(slot, initial)
    if _is_uniform(contents):
        return [_fill(target, number(contents.numpy().reshape(-1)[0], machine_scalar(slot.type.element)), slot, names)]
    name = names.claim(f"{slot.name}_initial")
    table = constant_array(Slot(name, slot.type, slot.storage, contents), name, static=True)
    return [table, copy(target, Name(name), shape(slot.type), names, slot.origin)]


def _contents(slot: Slot, initial: Const | Array) -> Array:
    contents = initial.value if isinstance(initial, Const) else initial
    if not isinstance(contents, Array):
        raise TypeError(f"the initial value of {slot.name} is not a tensor")
    return contents


def _is_uniform(contents: Array) -> bool:
    size = np.dtype(contents.numpy().dtype).itemsize
    return contents.data == contents.data[:size] * (len(contents.data) // size)


def initial_tables(own: MachinePlan) -> tuple[Slot, ...]:
    """The registers whose initial values are a constant array in the initialisation."""
    registers = (s for s in own.members if s not in own.kept and isinstance(s.type, TensorType))
    return tuple(s for s in registers if s.initial is not None and not _is_uniform(_contents(s, s.initial)))


def _fill(target: CExpr, value: CExpr, slot: Slot, names: NameScope) -> CStmt:
    extents = shape(slot.type)
    inner = NameScope((names,))
    counters = [inner.claim("ijklmn"[axis % 6]) for axis in range(len(extents))]
    for counter in counters:
        target = Subscript(target, Name(counter))
    statement: CStmt = Set(target, value, slot.origin)
    for counter, extent in reversed(list(zip(counters, extents, strict=True))):
        statement = Loop(counter, extent, (statement,), slot.origin)
    return statement

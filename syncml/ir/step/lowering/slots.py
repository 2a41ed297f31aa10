"""The slots of one machine: one for each variable that lives in memory, and the constants.

Rule: interface and state slots keep the names of their streams; a local gets a name that no other slot has. A local of
one element is a scalar, unless a call passes it as a whole. Equal constant arrays share one slot.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from syncml.ir.constants import Array, Const, zero
from syncml.ir.equations.syntax import Apply, Atom, Call, Equation, Fby, Iterate, Var
from syncml.ir.step.lowering.arithmetic import machine_element
from syncml.ir.step.lowering.elements import Indices, at_index, constant
from syncml.ir.step.lowering.plan import Plan, arguments_taken_whole
from syncml.ir.step.lowering.units import Units
from syncml.ir.step.syntax import Digit, Expr, Layout, Literal, Origin, Place, Slot, Storage
from syncml.ir.types import Scalar, TensorType, Type, element, shape, size, tensor


def machine_type(type_: Type) -> Type:
    """The type of the slot of a stream."""
    return tensor(machine_element(element(type_)), shape(type_))


class Slots:
    """The slots of one node's machine, made on first use, and the reading of atoms through them.

    Args:
        plan: Where variables live.
        units: What shares a slot.
        clocks: The clock of each variable in words.
    """

    def __init__(self, plan: Plan, units: Units, clocks: Mapping[str, str]) -> None:
        self._plan = plan
        self._units = units
        self._clocks = clocks
        node = plan.node
        self._names = {v.name for v in node.inputs} | {t.name for e in node.equations for t in e.targets}
        self._by_var: dict[Var, Slot] = {}
        self._saved: dict[Var, Slot] = {}
        self.inputs = tuple(self._interface(v, Storage.INPUT) for v in node.inputs)
        for var, slot in zip(node.inputs, self.inputs, strict=True):
            self._by_var[var] = slot
        self.outputs = tuple(
            self._interface(o, Storage.OUTPUT, o.name if i == node.outputs.index(o) else self.fresh(o.name))
            for i, o in enumerate(node.outputs)
        )
        self.state = tuple(self._register(e.target, e.rhs) for e in node.equations if isinstance(e.rhs, Fby))
        self.constants: dict[tuple[Array, bool], Slot] = {}
        self.locals: list[Slot] = []
        whole = (a for e in node.equations for a in (*arguments_taken_whole(plan, e), *_passed(e)))
        self._whole = {plan.base(a) for a in whole if isinstance(a, Var)}

    def fresh(self, name: str) -> str:
        """A name like ``name`` that no slot has."""
        unique, number = name, 1
        while unique in self._names:
            number += 1
            unique = f"{name}_{number}"
        self._names.add(unique)
        return unique

    def origin(self, var: Var) -> Origin:
        """Where ``var`` comes from."""
        return Origin(var.name, self._clocks.get(var.name, ""), var.unit, var.span)

    def _interface(self, var: Var, storage: Storage, name: str = "") -> Slot:
        return Slot(name or var.name, machine_type(var.type), storage, None, self.origin(var))

    def _register(self, var: Var, rhs: Fby) -> Slot:
        initial = rhs.init or zero(var.type)
        type_ = machine_type(var.type)
        if not isinstance(initial.value, Array):
            initial = constant(initial).value
            if isinstance(type_, TensorType):
                filled = np.full(type_.shape, initial.machine())
                initial = Const(Array.of(filled, type_.element), type_.element)
        slot = Slot(var.name, type_, Storage.STATE, initial, self.origin(var))
        self._by_var[var] = slot
        return slot

    def local(self, name: str, type_: Type, origin: Origin | None = None) -> Slot:
        """A new local."""
        slot = Slot(self.fresh(name), type_, Storage.LOCAL, None, origin)
        self.locals.append(slot)
        return slot

    def of(self, var: Var) -> Slot:
        """The slot in which ``var``, a variable with a slot, is written and read."""
        base = self._plan.base(var)
        if base not in self._by_var:
            self._by_var[base] = self._make(base)
        return self._by_var[base]

    def _make(self, var: Var) -> Slot:
        if var in self._units.shared:
            return self.of(self._units.shared[var])
        if var in self._units.direct:
            return self.outputs[self._units.direct[var]]
        type_ = machine_type(var.type)
        if size(type_) == 1 and var not in self._whole:
            type_ = element(type_)
        # The name is taken by the variable itself, or by the output that it is copied to.
        name = self.fresh(var.name) if var in self._plan.node.outputs else var.name
        slot = Slot(name, type_, Storage.LOCAL, None, self.origin(var) if var.user else None)
        self.locals.append(slot)
        return slot

    def saved(self, var: Var) -> Slot:
        """The copy of a register's old value."""
        if var not in self._saved:
            self._saved[var] = self.local(f"{var.name}_before", machine_type(var.type))
        return self._saved[var]

    def constant(self, value: Const, transposed: bool = False) -> Slot:
        """The slot of a constant array, or of its transpose (a matrix read column by column)."""
        assert isinstance(value.value, Array)
        key = (value.value, transposed)
        if key not in self.constants:
            array, layout = value.value, None
            given = value.name or "constant"
            if transposed:
                rows, columns = array.shape
                layout = Layout(given, array.shape, (Digit(1, 1, columns), Digit(0, 1, rows)))
                array = Array.of(array.numpy().T, array.element)
            name = self.fresh(given + ("_t" if transposed else ""))
            kind = machine_element(array.element)
            type_ = tensor(kind, array.shape)
            self.constants[key] = Slot(name, type_, Storage.CONSTANT, Const(array, kind, value.name), layout=layout)
        return self.constants[key]

    def read(self, atom: Atom, indices: Indices) -> Expr:
        """One element of ``atom``, an input of the equations."""
        atom = self._plan.resolve(atom)
        if isinstance(atom, Const):
            return self._read_constant(atom, indices)
        if atom in self._plan.inside:
            rhs = self._plan.definition[atom].rhs
            assert isinstance(rhs, Apply)
            return at_index(rhs, atom.type, indices, self.read)
        return place(self.of(atom), indices)

    def _read_constant(self, value: Const, indices: Indices) -> Expr:
        if not isinstance(value.value, Array):
            return constant(value)
        splat = _splat(value)
        return Literal(splat) if splat is not None else Place(self.constant(value), indices)

    def argument(self, atom: Atom) -> Expr:
        """What an instance takes for ``atom``."""
        return self.whole(atom) if isinstance(atom.type, TensorType) else self.read(atom, ())

    def whole(self, atom: Atom) -> Place:
        """The slot of a tensor that is passed to a call."""
        atom = self._plan.resolve(atom)
        return Place(self.constant(atom) if isinstance(atom, Const) else self.of(atom))


def _passed(equation: Equation) -> tuple[Var, ...]:
    """The targets whose slots instances write, or read as accumulators."""
    match equation.rhs:
        case Call():
            return equation.targets
        case Iterate(carried=carried):
            return equation.targets[:carried]
        case _:
            return ()


def place(slot: Slot, indices: Indices) -> Place:
    """The element of ``slot`` at the indices of the stream that lives in it."""
    return Place(slot, indices if isinstance(slot.type, TensorType) else ())


def _splat(value: Const) -> Const | None:
    """The scalar that a constant array repeats, if all its elements have the same bits."""
    array = value.value
    assert isinstance(array, Array)
    flat = array.numpy().reshape(-1)
    width = flat.itemsize
    if array.data != array.data[:width] * flat.size:
        return None
    kind = array.element
    if not isinstance(kind, Scalar):
        return Const(kind.constructors[int(flat[0])], kind)
    return Const(flat[0].item(), kind)

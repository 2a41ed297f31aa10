"""Translation: each node becomes a machine, its units in their order, under the tests of their clocks.

Rule: a register is a state slot, read in place and updated after its last reading; an output is written where it is
computed; a call is one step of an instance, and an array of instances one step of each in a loop.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import Clock
from syncml.ir.constants import zero
from syncml.ir.equations.syntax import Apply, Call, Equation, Fby, Iterate, Node, Program, Var
from syncml.ir.step.lowering.control import Guard, under_guards
from syncml.ir.step.lowering.in_place import update_in_place
from syncml.ir.step.lowering.loops import InstanceLoops
from syncml.ir.step.lowering.plan import Plan, guards, plan
from syncml.ir.step.lowering.schedule import schedule
from syncml.ir.step.lowering.slots import Slots
from syncml.ir.step.lowering.tensors import Tensors
from syncml.ir.step.lowering.units import Kind, Unit, units_of
from syncml.ir.step.syntax import Instance, Invoke, Machine, Origin, Reset, Slot, StepProgram, Stmt
from syncml.ir.types import Type


def translate(program: Program, clocks: Mapping[tuple[str, str], str]) -> StepProgram:
    """Step code of a clocked program without words.

    Args:
        program: Clocked equations; calls that cannot be scheduled as one piece were inlined.
        clocks: The clock in words of each variable, by node and variable, for people who read the code.
    """
    texts: dict[str, dict[str, str]] = {n.name: {} for n in program.nodes}
    for (node, var), text in clocks.items():
        if node in texts:
            texts[node][var] = text
    remembering = with_memory(program)
    machines = tuple(translate_node(n, texts[n.name], remembering) for n in program.nodes)
    return StepProgram(machines, program.main)


def with_memory(program: Program) -> frozenset[str]:
    """The nodes of which an instance has a state."""
    found: set[str] = set()
    for node in program.nodes:
        if any(
            isinstance(e.rhs, Fby) or (isinstance(e.rhs, Call | Iterate) and e.rhs.node in found)
            for e in node.equations
        ):
            found.add(node.name)
    return frozenset(found)


def translate_node(node: Node, clocks: Mapping[str, str], remembering: frozenset[str]) -> Machine:
    """The machine of one node; ``remembering`` are the nodes with a state."""
    return _Translation(node, clocks, remembering).machine()


class _Translation:
    def __init__(self, node: Node, clocks: Mapping[str, str], remembering: frozenset[str]) -> None:
        self._node = node
        self._remembering = remembering
        self._plan: Plan = plan(node)
        self._units = update_in_place(self._plan, units_of(self._plan))
        self._slots = Slots(self._plan, self._units, clocks)
        self._tensors = Tensors(self._plan, self._slots)
        self._loops = InstanceLoops(self._slots, self._tensors)
        self._paths: dict[Clock, tuple[Guard, ...]] = {}

    def machine(self) -> Machine:
        """The finished machine."""
        node, slots = self._node, self._slots
        order = schedule(self._plan, self._units)
        body = under_guards((self._path(unit.clock), self._statements(unit)) for unit in order)
        instances = tuple(filter(None, map(_instance, node.equations)))
        return Machine(
            node.name,
            node.label,
            slots.inputs,
            slots.outputs,
            slots.state,
            tuple(slots.constants.values()),
            tuple(slots.locals),
            instances,
            body,
            node.span,
            node.external,
        )

    def _path(self, clock: Clock) -> tuple[Guard, ...]:
        if clock not in self._paths:
            self._paths[clock] = tuple((self._slots.read(var, ()), name) for var, name in guards(clock))
        return self._paths[clock]

    def _statements(self, unit: Unit) -> list[Stmt]:
        equation = unit.equation
        match unit.kind:
            case Kind.CALL:
                assert equation is not None
                if isinstance(equation.rhs, Iterate):
                    return self._loops.statements(equation.rhs, equation.targets)
                assert isinstance(equation.rhs, Call)
                return [self._invoke(equation.rhs, equation.targets)]
            case Kind.COMPUTE:
                assert equation is not None and isinstance(equation.rhs, Apply)
                return self._tensors.compute(equation.rhs, self._slots.of(unit.target), *self._about(unit.target))
            case Kind.BRANCH:
                return self._copy(unit, self._slots.of(unit.target))
            case Kind.OUTPUT:
                return self._copy(unit, self._slots.outputs[unit.output])
            case Kind.SAVE:
                return self._copy(unit, self._slots.saved(unit.target))
            case Kind.RESET:
                return self._reset(unit)
            case Kind.UPDATE:
                return self._update(unit)
            case Kind.JOIN:
                raise InternalFault("a join has no code")

    def _about(self, var: Var) -> tuple[Type, Origin]:
        return var.type, self._slots.origin(var)

    def _copy(self, unit: Unit, target: Slot) -> list[Stmt]:
        assert unit.source is not None
        return self._tensors.copy(unit.source, target, *self._about(unit.target))

    def _reset(self, unit: Unit) -> list[Stmt]:
        assert unit.equation is not None
        rhs = unit.equation.rhs
        if isinstance(rhs, Call | Iterate):
            origin = self._slots.origin(unit.targets[0]) if unit.targets else None
            return [Reset(rhs.instance, origin)] if rhs.node in self._remembering else []
        assert isinstance(rhs, Fby)
        initial = rhs.init or zero(unit.target.type)
        return self._tensors.copy(initial, self._slots.of(unit.target), *self._about(unit.target))

    def _update(self, unit: Unit) -> list[Stmt]:
        save = self._units.saved.get(unit.target)
        if save is None:
            return self._copy(unit, self._slots.of(unit.target))
        type_, origin = self._about(unit.target)
        return self._tensors.copy_slot(self._slots.saved(save.target), self._slots.of(unit.target), type_, origin)

    def _invoke(self, call: Call, targets: tuple[Var, ...]) -> Invoke:
        arguments = map(self._slots.argument, call.arguments)
        results = tuple(self._slots.of(t) for t in targets)
        origin = self._slots.origin(targets[0]) if targets else None
        return Invoke(call.instance, tuple(arguments), results, origin)


def _instance(equation: Equation) -> Instance | None:
    match equation.rhs:
        case Call(node, _, name):
            return Instance(name, node)
        case Iterate(node, _, name, extent, names=names):
            return Instance(name, node, extent, names)
        case _:
            return None

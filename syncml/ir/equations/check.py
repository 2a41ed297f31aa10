"""Well-formedness of clocked equations; what a pass may rely on.

Rule: every stream has one definition and every stream that is read has one; types follow from the operator table; calls
come after the nodes that they instantiate; a merge has one branch for each constructor; a reset is Boolean and on the
clock of what it resets or on one that contains it. Clocks are absent altogether or total, and then every equation obeys
the clock rules with clocks in normal form (see `conditions`).

A violation is a fault of the compiler, never of the user's program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NoReturn, assert_never

from syncml.diagnostics import InternalFault
from syncml.ir.clocks import BASE, Clock, contains
from syncml.ir.constants import Const
from syncml.ir.equations.conditions import Conditions, conditions_of
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Equation,
    Fby,
    Iterate,
    Merge,
    Node,
    Pack,
    Post,
    Program,
    Segment,
    Var,
    Wave,
    When,
    atoms,
    resets,
)
from syncml.ir.operators import result_type
from syncml.ir.types import BOOL, EnumType, Type, element, shape, tensor
from syncml.ir.typing_rules import OperatorTypeError


def check_program(program: Program) -> None:
    """Check a program, with clocks or without.

    Raises:
        InternalFault: some pass built an ill-formed program; the message names node, stream and rule.
    """
    callees: dict[str, Node] = {}
    clocked = {e.clock is not None for n in program.nodes for e in n.equations}
    if len(clocked) > 1:
        raise InternalFault("some equations have a clock and some have none")
    for node in program.nodes:
        if node.name in callees:
            raise InternalFault(f"two nodes are called {node.name}")
        _NodeCheck(node, callees).run()
        callees[node.name] = node
    if not program.nodes or program.nodes[-1].name != program.main:
        raise InternalFault(f"the main node {program.main} is not the last node")
    if clocked == {True}:
        conditions = conditions_of(program)
        for node in program.nodes:
            _ClockCheck(node, callees, conditions).run()


class _NodeCheck:
    """Definitions and types of one node."""

    def __init__(self, node: Node, callees: Mapping[str, Node]) -> None:
        self._node = node
        self._callees = callees

    def run(self) -> None:
        """Check everything but clocks."""
        node = self._node
        defined = [*node.inputs, *(t for e in node.equations for t in e.targets)]
        for what, names in (
            ("streams", [v.name for v in defined]),
            ("instances", [e.rhs.instance for e in node.equations if isinstance(e.rhs, Call | Iterate)]),
        ):
            if (twice := _repeated(names)) is not None:
                self._fail(f"two {what} are called {twice}")
        known = frozenset(defined)
        for var in (*node.outputs, *(p.holds for p in node.properties), *node.clocks):
            if var not in known:
                self._fail(f"{var.name} is not defined")
        for equation in node.equations:
            for atom in atoms(equation.rhs):
                if isinstance(atom, Var) and atom not in known:
                    self._fail(f"{_targets(equation)} reads {atom.name}, which is not defined")
            for reset in resets(equation.rhs):
                if reset.type is not BOOL:
                    self._fail(f"the reset {reset.name} of {_targets(equation)} is {reset.type}")
            self._types(equation)
        for clause in node.properties:
            if clause.holds.type is not BOOL:
                self._fail(f"the contract {clause.name} is {clause.holds.type}, not bool")
        if node.rate is not None and node.rate <= 0:
            self._fail(f"the rate {node.rate} is not positive")

    def _types(self, equation: Equation) -> None:
        rhs = equation.rhs
        if isinstance(rhs, Call | Iterate):
            self._instances(equation, rhs)
            return
        if len(equation.targets) != 1:
            self._fail(f"{_targets(equation)} is not defined by a call and has {len(equation.targets)} targets")
        target = equation.target
        match rhs:
            case Apply():
                try:
                    found = result_type(rhs.op, tuple(a.type for a in rhs.arguments), rhs.attribute)
                except (OperatorTypeError, ValueError, IndexError, AttributeError) as fault:
                    self._fail(f"{target.name}: {rhs.op.value} {fault}")
                self._same(target, found, "its definition")
            case Fby():
                self._same(target, rhs.following.type, "the delayed stream")
                if rhs.init is not None:
                    self._same(target, rhs.init.type, "the first value")
            case When():
                self._same(target, rhs.source.type, "the sampled stream")
                if rhs.constructor not in self._constructors(rhs.condition):
                    self._fail(f"{target.name}: {rhs.condition.type} has no constructor {rhs.constructor}")
            case Merge():
                for _, atom in rhs.branches:
                    self._same(target, atom.type, "a branch")
                given = [constructor for constructor, _ in rhs.branches]
                wanted = self._constructors(rhs.condition)
                if len(given) != len(wanted) or set(given) != set(wanted):
                    self._fail(f"{target.name}: a merge on {rhs.condition.type} has the branches {given}")
            case Wave():
                self._same(target, BOOL, "a word")
            case Buffer():
                self._same(target, rhs.source.type, "the buffered stream")
                for constant in rhs.init:
                    self._same(target, constant.type, "a first value of the buffer")
                if rhs.condition is not None and rhs.constructor not in self._constructors(rhs.condition):
                    self._fail(f"{target.name}: {rhs.condition.type} has no constructor {rhs.constructor}")
            case Post():
                self._same(target, rhs.following.type, "the stream ahead")
                self._same(target, rhs.init.type, "the value at the end")
                self._segment(rhs.segment)
            case Pack():
                extents = (rhs.segment.longest, *shape(rhs.source.type))
                self._same(target, tensor(element(rhs.source.type), extents), "the packed segment")
                self._segment(rhs.segment)
            case _:
                assert_never(rhs)

    def _segment(self, segment: Segment) -> None:
        if segment.longest < 1 or segment.first.type is not BOOL or segment.last.type is not BOOL:
            self._fail(f"the segment that ends at {segment.last.name} is ill-formed")

    def _instances(self, equation: Equation, call: Call | Iterate) -> None:
        callee = self._callees.get(call.node)
        if callee is None:
            self._fail(f"{call.instance} calls {call.node}, which does not come before it")
        sides: tuple[tuple[str, tuple[Var, ...], tuple[Atom, ...]], ...] = (
            ("arguments", callee.inputs, call.arguments),
            ("targets", callee.outputs, equation.targets),
        )
        for what, formals, actuals in sides:
            if _types_of(formals, call, is_input=formals is callee.inputs) != [a.type for a in actuals]:
                self._fail(f"{call.instance}: the {what} do not have the types that {call.node} declares")
        if isinstance(call, Iterate):
            accumulators = callee.inputs[: call.carried], callee.outputs[: call.carried]
            if not 0 <= call.carried <= len(callee.outputs) or call.extent < 1:
                self._fail(f"{call.instance}: {call.extent} elements, {call.carried} of the outputs carried")
            if len(set(call.paths)) != call.extent:
                self._fail(f"{call.instance}: {call.extent} elements with {len(set(call.paths))} names")
            if [v.type for v in accumulators[0]] != [v.type for v in accumulators[1]]:
                self._fail(f"{call.instance}: an accumulator changes its type")

    def _constructors(self, condition: Var) -> tuple[bool | str, ...]:
        if isinstance(condition.type, EnumType):
            return condition.type.constructors
        if condition.type is not BOOL:
            self._fail(f"the condition {condition.name} is {condition.type}")
        return (True, False)

    def _same(self, target: Var, found: Type, what: str) -> None:
        if found != target.type:
            self._fail(f"{target.name} is {target.type} but {what} is {found}")

    def _fail(self, message: str) -> NoReturn:
        raise InternalFault(f"node {self._node.name}: {message}")


class _ClockCheck:
    """The clock rules for one node."""

    def __init__(self, node: Node, callees: Mapping[str, Node], conditions: Mapping[str, Conditions]) -> None:
        self._node = node
        self._callees = callees
        self._all_conditions = conditions
        self._conditions = conditions[node.name]

    def run(self) -> None:
        """Check that clocks are total and that each equation obeys its rule."""
        for var in (*self._node.inputs, *(t for e in self._node.equations for t in e.targets)):
            if var not in self._node.clocks:
                self._fail(f"{var.name} has no clock")
        for equation in self._node.equations:
            if equation.clock is None:
                self._fail(f"the equation of {_targets(equation)} has no clock")
            self._equation(equation, equation.clock)

    def _equation(self, equation: Equation, clock: Clock) -> None:
        rhs = equation.rhs
        for reset in resets(rhs):
            if not contains(self._node.clocks[reset], clock):
                self._fail(f"the reset {reset.name} is on {self._node.clocks[reset]}, {_targets(equation)} on {clock}")
        if isinstance(rhs, Call):
            self._call(equation, rhs, clock)
            return
        if isinstance(rhs, Iterate):
            self._iterate(equation, rhs, clock)
            return
        self._on(equation.target, clock)
        match rhs:
            case Apply():
                for atom in rhs.arguments:
                    self._on(atom, clock)
            case Fby():
                self._on(rhs.following, clock)
            case When():
                parent = self._node.clocks[rhs.condition]
                self._on(rhs.source, parent)
                self._on(equation.target, self._conditions.on(parent, rhs.condition, rhs.constructor))
            case Merge():
                self._on(rhs.condition, clock)
                for constructor, atom in rhs.branches:
                    self._on(atom, self._conditions.on(clock, rhs.condition, constructor))
            case Wave():
                pass
            case Buffer():
                if rhs.condition is not None:
                    parent = self._node.clocks[rhs.condition]
                    self._on(equation.target, self._conditions.on(parent, rhs.condition, rhs.constructor))
            case Post():
                for atom in (rhs.following, rhs.init):
                    self._on(atom, clock)
                self._on(rhs.segment.first, self._node.clocks[rhs.segment.last])
            case Pack():
                fast = self._node.clocks[rhs.segment.last]
                for atom in (rhs.source, rhs.segment.first):
                    self._on(atom, fast)
                self._on(equation.target, self._conditions.on(fast, rhs.segment.last, True))
            case _:
                assert_never(rhs)

    def _call(self, equation: Equation, call: Call, activation: Clock) -> None:
        callee = self._callees[call.node]
        names = self._all_conditions[call.node].names(callee, call, equation.targets)
        for formal, atom in (
            *zip(callee.inputs, call.arguments, strict=True),
            *zip(callee.outputs, equation.targets, strict=True),
        ):
            self._on(atom, self._conditions.instantiate(callee.clocks[formal], activation, names))

    def _iterate(self, equation: Equation, rhs: Iterate, clock: Clock) -> None:
        callee = self._callees[rhs.node]
        for formal in (*callee.inputs, *callee.outputs):
            if callee.clocks[formal] != BASE:
                self._fail(f"{rhs.instance}: {formal.name} of {rhs.node} is not on its base clock")
        for atom in (*rhs.arguments, *equation.targets):
            self._on(atom, clock)

    def _on(self, atom: Atom, clock: Clock) -> None:
        if isinstance(atom, Const):
            return
        found = self._node.clocks[atom]
        if found is not clock and found != clock:
            self._fail(f"{atom.name} is on clock {found} where {clock} is needed")

    def _fail(self, message: str) -> NoReturn:
        raise InternalFault(f"node {self._node.name}: {message}")


def _types_of(formals: tuple[Var, ...], rhs: Call | Iterate, *, is_input: bool) -> list[Type]:
    """The types of the arguments or targets that stand for ``formals``; an array has a new first axis."""
    if isinstance(rhs, Call):
        return [f.type for f in formals]
    return [
        tensor(element(f.type), (rhs.extent, *shape(f.type)))
        if (rhs.is_indexed(position) if is_input else position >= rhs.carried)
        else f.type
        for position, f in enumerate(formals)
    ]


def _targets(equation: Equation) -> str:
    return ", ".join(t.name for t in equation.targets) or "a call without outputs"


def _repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None

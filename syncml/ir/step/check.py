"""The checker of step code: the judgement ``|- program`` that every pass preserves.

Rule: expressions have one type each and operators the operands that they ask for; a place has one ``i64`` index for
each axis of its slot, and a literal index is in range; inputs and constants are never written; every slot is declared
once, and every instance names an earlier machine whose interface its calls fit; a local is written before it is read.
A violation is a fault of the compiler, never of the user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NoReturn, assert_never

from syncml.diagnostics.model import InternalFault
from syncml.ir.constants import Array, Const
from syncml.ir.step.assignment import unassigned
from syncml.ir.step.pretty import print_expr
from syncml.ir.step.syntax import (
    COMPARISONS,
    Apply,
    Assign,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    For,
    Function,
    If,
    Invoke,
    Literal,
    LoopIndex,
    Machine,
    Place,
    Reset,
    Select,
    Slot,
    StepProgram,
    Stmt,
    Storage,
    Switch,
    Unary,
    UnaryOp,
)
from syncml.ir.step.traverse import functions, operands, own_expressions, walk
from syncml.ir.types import (
    BIT_WIDTH,
    BOOL,
    FLOATS,
    I64,
    MACHINE_INTEGERS,
    MATHEMATICAL,
    Element,
    EnumType,
    Scalar,
    Type,
    element,
    shape,
)

_LOGICAL = (BinaryOp.AND, BinaryOp.OR, BinaryOp.XOR)
_INTEGRAL = (BinaryOp.QUOT, BinaryOp.REM, BinaryOp.SHL, BinaryOp.SHR)


def check_step(program: StepProgram, *, assigned: bool = True) -> None:
    """Check a whole program.

    Args:
        program: Step code.
        assigned: Whether each local has to be written before it is read as far as the text of the code shows, which the
            pass ``defaults`` sees to.

    Raises:
        InternalFault: a rule is broken; the message names the machine and the expression.
    """
    for function in functions(program):
        _check_function(function)
    known: dict[str, Machine] = {}
    for machine in program.machines:
        if machine.name in known:
            raise InternalFault(f"two machines are called {machine.name}")
        _Checker(machine, known).check(assigned=assigned)
        known[machine.name] = machine
    for job in program.jobs:
        _Checker(job.machine, known).check(assigned=assigned)
    if not program.machines or program.machines[-1].name != program.main:
        raise InternalFault(f"{program.main} is not the last machine")


class _Expressions:
    """Checks of expressions, with the place they occur in for messages."""

    def __init__(self, where: str) -> None:
        self.where = where

    def fail(self, message: str, expr: Expr | None = None) -> NoReturn:
        """Raise the fault."""
        shown = f" in `{print_expr(expr)}`" if expr is not None else ""
        raise InternalFault(f"{self.where}: {message}{shown}")

    def check(self, expr: Expr, slots: set[Slot], counters: set[LoopIndex]) -> None:
        """Check ``expr`` and all its parts."""
        for part in walk(expr):
            match part:
                case Literal():
                    self._literal(part)
                case LoopIndex():
                    if part not in counters:
                        self.fail(f"the counter {part.name} is not in scope", expr)
                case Place():
                    if part.slot not in slots:
                        self.fail(f"{part.slot.name} is not declared", expr)
                    self.indices(part)
                case Unary():
                    self._unary(part)
                case Binary():
                    self._binary(part)
                case Select():
                    self.same(part.condition.type, BOOL, part)
                    self.same(part.otherwise.type, part.then.type, part)
                case Convert():
                    if part.to is BOOL or part.to in MATHEMATICAL or part.operand.type in MATHEMATICAL:
                        self.fail(f"a conversion from {part.operand.type} to {part.to}", part)
                case Bitcast():
                    if _width(part.operand.type) != _width(part.to):
                        self.fail("a bit cast between different widths", part)
                case Apply():
                    self.arguments(part.arguments, tuple(p.type for p in part.function.parameters), part)
                case _:
                    assert_never(part)

    def same(self, found: Type, wanted: Type, expr: Expr | None = None) -> None:
        """Two types must be equal."""
        if found != wanted:
            self.fail(f"{found} where {wanted} is needed", expr)

    def arguments(self, found: tuple[Expr, ...], wanted: tuple[Type, ...], expr: Expr | None) -> None:
        """Arguments must have the types of the parameters, one by one."""
        if len(found) != len(wanted):
            self.fail(f"{len(found)} arguments for {len(wanted)} parameters", expr)
        for argument, type_ in zip(found, wanted, strict=True):
            self.same(argument.type, type_, expr)

    def indices(self, place: Place) -> None:
        """One ``i64`` for each axis, a literal in range."""
        extents = shape(place.slot.type)
        if len(place.indices) != len(extents):
            self.fail(f"{len(place.indices)} indices for {place.slot.type}", place)
        for index, extent in zip(place.indices, extents, strict=True):
            self.index(index, extent, place)

    def index(self, index: Expr, extent: int, where: Expr) -> None:
        """An ``i64``, a literal in range."""
        self.same(index.type, I64, where)
        if isinstance(index, Literal) and not 0 <= int(index.value.machine()) < extent:
            self.fail("an index is out of range", where)

    def _literal(self, literal: Literal) -> None:
        value = literal.value
        if isinstance(value.value, Array) or value.element in MATHEMATICAL:
            self.fail(f"a literal of type {value.type}", literal)

    def _unary(self, expr: Unary) -> None:
        allowed: Iterable[Element]
        match expr.op:
            case UnaryOp.NEG | UnaryOp.ABS:
                allowed = FLOATS | MACHINE_INTEGERS
            case UnaryOp.NOT:
                allowed = MACHINE_INTEGERS | {BOOL}
            case UnaryOp.SQRT:
                allowed = FLOATS
        self._member(expr.operand.type, allowed, expr)

    def _binary(self, expr: Binary) -> None:
        self.same(expr.right.type, expr.left.type, expr)
        kind = expr.left.type
        if expr.op in (BinaryOp.EQ, BinaryOp.NE):
            return
        if expr.op in _LOGICAL:
            self._member(kind, MACHINE_INTEGERS | {BOOL}, expr)
        elif expr.op in _INTEGRAL:
            self._member(kind, MACHINE_INTEGERS, expr)
        elif expr.op is BinaryOp.DIV:
            self._member(kind, FLOATS, expr)
        else:
            assert expr.op in COMPARISONS or expr.op in (BinaryOp.ADD, BinaryOp.SUB, BinaryOp.MUL)
            self._member(kind, FLOATS | MACHINE_INTEGERS, expr)

    def _member(self, kind: Element, allowed: Iterable[Element], expr: Expr) -> None:
        if kind not in set(allowed):
            self.fail(f"an operator that does not apply to {kind}", expr)


def _width(kind: Element) -> int:
    return BIT_WIDTH.get(kind, 0) if isinstance(kind, Scalar) else 0


def _check_function(function: Function) -> None:
    checker = _Expressions(f"function {function.name}")
    slots = {*function.parameters, *function.tables}
    for table in function.tables:
        if table.storage is not Storage.CONSTANT or table.initial is None:
            checker.fail(f"the table {table.name} has no contents")
    for assign in function.body:
        checker.check(assign.value, slots, set())
        checker.same(assign.value.type, assign.target.type, assign.value)
        if assign.target.slot in slots or assign.target.indices:
            checker.fail(f"{assign.target.slot.name} is assigned twice")
        slots.add(assign.target.slot)
    checker.check(function.result, slots, set())


class _Checker:
    """The checks of one machine."""

    def __init__(self, machine: Machine, known: Mapping[str, Machine]) -> None:
        self._machine = machine
        self._expr = _Expressions(f"machine {machine.name}")
        self._instances = {i.name: i for i in machine.instances}
        self._known = known
        self._slots: set[Slot] = set()

    def check(self, *, assigned: bool) -> None:
        """Check declarations, statements, then assignment before use."""
        self._declarations()
        self._statements()
        for slot in unassigned(self._machine) if assigned else ():
            self._expr.fail(f"{slot.name} may be read before it is written")

    def _declarations(self) -> None:
        machine = self._machine
        groups = {
            Storage.INPUT: machine.inputs,
            Storage.OUTPUT: machine.outputs,
            Storage.STATE: machine.state,
            Storage.CONSTANT: machine.constants,
            Storage.LOCAL: machine.locals,
        }
        shared: set[str] = set()
        for storage, slots in groups.items():
            names = [s.name for s in slots]
            private = storage in (Storage.CONSTANT, Storage.LOCAL)
            if len(set(names)) < len(names) or (private and not shared.isdisjoint(names)):
                self._expr.fail(f"two {storage.value} slots of one name")
            shared.update(names)
            for slot in slots:
                self._declaration(slot, storage)
                self._slots.add(slot)
        if len(self._instances) < len(machine.instances):
            self._expr.fail("two instances of one name")
        for instance in machine.instances:
            if instance.machine not in self._known:
                self._expr.fail(f"the instance {instance.name} of {instance.machine}, which is no earlier machine")
            if instance.extent is not None and instance.extent < 1:
                self._expr.fail(f"an array of {instance.extent} instances {instance.name}")
            if len(instance.paths) != (instance.extent or 1):
                self._expr.fail(f"{instance.extent} instances {instance.name} with {len(instance.paths)} names")

    def _declaration(self, slot: Slot, storage: Storage) -> None:
        if slot.storage is not storage:
            self._expr.fail(f"{slot.name} is declared as {storage.value}")
        if element(slot.type) in MATHEMATICAL:
            self._expr.fail(f"{slot.name} has the type {slot.type}, which no machine has")
        wants_value = storage in (Storage.STATE, Storage.CONSTANT)
        if wants_value != (slot.initial is not None):
            self._expr.fail(f"the initial value of {slot.name}")
        if isinstance(slot.initial, Const):
            self._expr.same(slot.initial.type, slot.type)

    def _statements(self) -> None:
        counters: set[LoopIndex] = set()
        stack: list[Stmt | LoopIndex] = list(reversed(self._machine.body))
        while stack:
            item = stack.pop()
            if isinstance(item, LoopIndex):
                counters.discard(item)
                continue
            self._own(item, counters)
            match item:
                case For():
                    if item.index in counters or item.count < 1:
                        self._expr.fail(f"the loop over {item.index.name}")
                    counters.add(item.index)
                    stack.append(item.index)
                    stack.extend(reversed(item.body))
                case If():
                    stack.extend(reversed((*item.then, *item.otherwise)))
                case Switch():
                    stack.extend(s for _, block in reversed(item.cases) for s in reversed(block))
                case Assign() | Invoke() | Reset():
                    pass

    def _own(self, stmt: Stmt, counters: set[LoopIndex]) -> None:
        """The expressions of one statement."""
        for expr in own_expressions(stmt):
            if isinstance(stmt, Invoke) and isinstance(expr, Place) and not expr.indices:
                if expr.slot not in self._slots:
                    self._expr.fail(f"{expr.slot.name} is not declared", expr)
            else:
                self._expr.check(expr, self._slots, counters)
        match stmt:
            case Assign():
                self._expr.same(stmt.value.type, stmt.target.type, stmt.value)
                self._writable(stmt.target.slot)
            case If():
                self._expr.same(stmt.condition.type, BOOL, stmt.condition)
            case Switch():
                self._switch(stmt)
            case Invoke():
                self._invoke(stmt)
            case Reset():
                if stmt.instance not in self._instances:
                    self._expr.fail(f"a reset of {stmt.instance}, which is no instance")
            case For():
                pass

    def _writable(self, slot: Slot) -> None:
        if slot.storage in (Storage.INPUT, Storage.CONSTANT) or slot not in self._slots:
            self._expr.fail(f"{slot.name} is written")

    def _switch(self, stmt: Switch) -> None:
        kind = stmt.scrutinee.type
        names = [name for name, _ in stmt.cases]
        if not isinstance(kind, EnumType) or len(set(names)) < len(names) or not set(names) <= set(kind.constructors):
            self._expr.fail("the cases of a switch", stmt.scrutinee)

    def _invoke(self, stmt: Invoke) -> None:
        instance = self._instances.get(stmt.instance)
        if instance is None:
            self._expr.fail(f"a call of {stmt.instance}, which is no instance")
        if (stmt.index is None) != (instance.extent is None):
            self._expr.fail(f"the index of {stmt.instance}", stmt.index)
        if stmt.index is not None and instance.extent is not None:
            self._expr.index(stmt.index, instance.extent, stmt.index)
        callee = self._known[instance.machine]
        for argument, formal in zip(stmt.arguments, callee.inputs, strict=True):
            found = argument.slot.type if isinstance(argument, Place) and not operands(argument) else argument.type
            self._expr.same(found, formal.type, argument)
        for result, formal in zip(stmt.results, callee.outputs, strict=True):
            self._expr.same(result.type, formal.type)
            self._writable(result)

"""From machines to C functions: the step of each.

Rule: a statement of step code becomes the same statement of C. A slot becomes a parameter, a local, or a member of
the state; a comment says before the first statement of each stream which stream it is, on which clock, in which unit
and from which source line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import assert_never

from syncml.dataclass import dataclass
from syncml.export_c.asides import Asides
from syncml.export_c.ctree import (
    Branch,
    Call,
    Cast,
    CExpr,
    Choice,
    CStmt,
    Declare,
    Do,
    FunctionDefinition,
    Loop,
    Member,
    Name,
    Prefix,
    Remark,
    Return,
    Set,
    Subscript,
    Variable,
)
from syncml.export_c.expressions import Scope, lower, place, subscript
from syncml.export_c.indices import Counter, within
from syncml.export_c.naming import NameScope
from syncml.export_c.plan import MachinePlan, Plan
from syncml.export_c.scalars import c_type, literal
from syncml.export_c.scopes import Declarations, Path, declarations
from syncml.export_c.uses import names_in
from syncml.ir.constants import Const
from syncml.ir.step.syntax import (
    Assign,
    Expr,
    For,
    If,
    Instance,
    Invoke,
    Origin,
    Place,
    Reset,
    Slot,
    Stmt,
    Storage,
    Switch,
)
from syncml.ir.step.traverse import read_in, statements, writes
from syncml.ir.types import EnumType, TensorType, element, shape, size

Describe = Callable[[Origin], str]
"""The text of the comment for an origin."""

SELF = Name("self")


@dataclass(frozen=True, slots=True)
class _Signature:
    """The parameters of a step function; ``where`` is the C object of each input and of each output to hand back."""

    parameters: tuple[Variable, ...]
    where: Mapping[Slot, CExpr]
    names: NameScope


@dataclass(frozen=True, slots=True)
class _Context:
    """What does not change inside one step function."""

    plan: Plan
    own: MachinePlan
    declared: Declarations
    unread: frozenset[Slot]
    describe: Describe


@dataclass(frozen=True, slots=True)
class _Position:
    """Names in scope at a statement, and the origin that the last comment described."""

    scope: Scope
    names: NameScope
    said: Origin | None


def step_function(plan: Plan, own: MachinePlan, describe: Describe) -> FunctionDefinition:
    """The step function of the machine of ``own``."""
    signature = _main_signature(plan, own) if own is plan.main else _signature(plan, own)
    slots = dict(signature.where)
    slots.update({slot: Name(signature.names.claim(slot.name)) for slot in own.machine.locals})
    slots.update({slot: Member(SELF, member, arrow=True) for slot, member in {**own.members, **own.scratch}.items()})
    for slot in own.machine.constants:
        if slot in plan.constants:
            slots[slot] = Name(plan.constants[slot])
        elif isinstance(slot.initial, Const):
            slots[slot] = literal(slot.initial)
    returning = {i.name: plan.machine(i.machine).returned is not None for i in own.machine.instances}
    returned = frozenset(() if own.returned is None or own.returned in own.kept else (own.returned,))
    unread = _unread(own, returning)
    local = returned.union(own.machine.locals) - unread - own.scratch.keys()
    declared = declarations(own.machine.body, local, own.assignment, returning, returned)
    enums = {kind: names.constructors for kind, names in plan.enums.items()}
    scope = Scope(slots, plan.functions, {}, enums, Asides(signature.names, own.machine.name))
    position = _Position(scope, signature.names, None)
    body = _block(own.machine.body, (), position, _Context(plan, own, declared, unread, describe))
    copied = [slot for slot in own.machine.outputs if slot in own.kept and slot is not own.returned]
    if copied:
        body.append(Remark("Outputs that keep their value while they are absent."))
    for slot in copied:
        body.append(copy(signature.where[slot], slots[slot], shape(slot.type), signature.names, slot.origin))
    result = "void"
    if own.returned is not None:
        result = plan.type_of(element(own.returned.type))
        body.append(Return(slots[own.returned]))
    used = names_in(body)
    unused = [Do(Cast("void", Name(p.name))) for p in signature.parameters if p.name not in used]
    part = "What waits at rate" if own in plan.jobs else "One step of"
    comment = f"{part} {own.machine.label or own.machine.name}."
    qualifiers = "" if own is plan.main or own in plan.jobs else "static"
    return FunctionDefinition(own.step, qualifiers, result, signature.parameters, (*unused, *body), comment)


def external_function(plan: Plan, own: MachinePlan) -> FunctionDefinition:
    """The head of the function that the user supplies for an external machine; it has no body here."""
    result = "void" if own.returned is None else plan.type_of(element(own.returned.type))
    return FunctionDefinition(own.step, "", result, _signature(plan, own).parameters, ())


def _unread(own: MachinePlan, returning: Mapping[str, bool]) -> frozenset[Slot]:
    """The locals that only take results that nobody reads; they are not declared."""
    read = read_in(own.machine.body)
    unread = {slot for slot in own.machine.locals if slot not in read}
    for stmt in statements(own.machine.body):
        if not isinstance(stmt, Invoke) or not returning[stmt.instance]:
            unread.difference_update(writes(stmt))
    return frozenset(unread)


def _main_signature(plan: Plan, own: MachinePlan) -> _Signature:
    parameters = (
        Variable(f"{plan.prefix}_in", "in", const=True, pointer=True),
        Variable(f"{plan.prefix}_out", "out", pointer=True),
        Variable(f"{plan.prefix}_state", "self", pointer=True),
    )
    where: dict[Slot, CExpr] = {}
    where.update({slot: Member(Name("in"), plan.inputs[slot], arrow=True) for slot in own.machine.inputs})
    where.update({slot: Member(Name("out"), plan.outputs[slot], arrow=True) for slot in own.machine.outputs})
    return _Signature(parameters, where, NameScope((plan.files,)))


def _signature(plan: Plan, own: MachinePlan) -> _Signature:
    """Scalars are passed by value, tensors by reference; the only scalar result is returned."""
    names = NameScope((plan.files,))
    parameters: list[Variable] = []
    where: dict[Slot, CExpr] = {}
    for slot in own.machine.inputs:
        tensor = isinstance(slot.type, TensorType)
        name = names.claim(slot.name)
        where[slot] = Name(name)
        parameters.append(Variable(plan.type_of(element(slot.type)), name, shape(slot.type), const=tensor))
    for slot in own.machine.outputs:
        tensor = isinstance(slot.type, TensorType)
        name = names.claim(slot.name)
        where[slot] = Name(name) if tensor or slot is own.returned else Prefix("*", Name(name))
        if slot is not own.returned:
            parameters.append(Variable(plan.type_of(element(slot.type)), name, shape(slot.type), pointer=not tensor))
    if own.state is not None:
        parameters.append(Variable(own.state, "self", pointer=True))
    return _Signature(tuple(parameters), where, names)


def copy(
    target: CExpr, source: CExpr, extents: tuple[int, ...], names: NameScope, origin: Origin | None = None
) -> CStmt:
    """``target = source`` for a scalar or, in loops, for a tensor."""
    inner = NameScope((names,))
    counters = [inner.claim("ijklmn"[axis % 6]) for axis in range(len(extents))]
    for counter in counters:
        target, source = Subscript(target, Name(counter)), Subscript(source, Name(counter))
    statement: CStmt = Set(target, source, origin)
    for counter, extent in reversed(list(zip(counters, extents, strict=True))):
        statement = Loop(counter, extent, (statement,), origin)
    return statement


def _shared_origin(stmt: Stmt) -> Origin | None:
    """The origin of all assignments inside of ``stmt``, or None where they differ."""
    origins = [s.origin for s in statements((stmt,)) if isinstance(s, Assign | Invoke | Reset)]
    first = origins[0] if origins else None
    return first if all(_same(origin, first) for origin in origins) else None


def _same(one: Origin | None, two: Origin | None) -> bool:
    if one is None or two is None:
        return one is two
    return one.stream == two.stream and one.span == two.span


def _block(body: tuple[Stmt, ...], outer: Path, position: _Position, context: _Context) -> list[CStmt]:
    lowered: list[CStmt] = []
    for number, stmt in enumerate(body):
        path = (*outer, number)
        origin = _shared_origin(stmt)
        if origin is not None and not _same(origin, position.said):
            lowered.append(Remark(context.describe(origin)))
        if origin is not None or not isinstance(stmt, Assign | Invoke | Reset):
            position = replace(position, said=origin)
        for slot, zeroed in context.declared.before.get(path, ()):
            if slot.holds:
                lowered.append(Remark(_shared(slot, context)))
            lowered.append(Declare(_variable(slot, position, context), True if zeroed else None, slot.origin))
        asides = Asides(position.names, _stem(stmt), position.said)
        beside = replace(position, scope=replace(position.scope, asides=asides))
        statement = _statement(stmt, path, beside, context)
        lowered += [*asides.before(statement), *statement]
    return lowered


def _shared(slot: Slot, context: _Context) -> str:
    """The text that tells which streams live in ``slot``, in the order in which they do."""
    lines = ["Memory shared by tensors that are not needed at the same time, from element to element:"]
    for held in slot.holds:
        about = "" if held.origin is None else f": {context.describe(held.origin)}"
        lines.append(f"{held.offset} to {held.offset + size(held.type) - 1}: {held.name}{about}")
    return "\n".join(lines)


def _stem(stmt: Stmt) -> str:
    """How names begin that a statement needs for its own operands."""
    match stmt:
        case Assign():
            return stmt.target.slot.name
        case Invoke():
            return stmt.instance
        case _:
            return "condition"


def _variable(slot: Slot, position: _Position, context: _Context, *, const: bool = False) -> Variable:
    name = position.scope.slots[slot]
    if not isinstance(name, Name):
        raise TypeError(f"{slot.name} is not a local variable")
    return Variable(context.plan.type_of(element(slot.type)), name.text, shape(slot.type), const)


def _statement(stmt: Stmt, path: Path, position: _Position, context: _Context) -> list[CStmt]:
    scope = position.scope
    match stmt:
        case Assign():
            value = lower(stmt.value, scope)
            if path in context.declared.at:
                variable = _variable(stmt.target.slot, position, context, const=context.declared.at[path])
                return [Declare(variable, value, stmt.origin)]
            return [Set(place(stmt.target, scope), value, stmt.origin)]
        case If():
            condition = lower(stmt.condition, scope)
            tested = replace(position, scope=replace(scope, counters=within(stmt.condition, scope.counters)))
            then = tuple(_block(stmt.then, (*path, 0), tested, context))
            otherwise = tuple(_block(stmt.otherwise, (*path, 1), position, context))
            if not then:
                return [Branch(Prefix("!", condition), otherwise, (), position.said)]
            return [Branch(condition, then, otherwise, position.said)]
        case Switch():
            return [_choice(stmt, path, position, context)]
        case For():
            if path in context.declared.at:
                (slot,) = {slot for inner in statements((stmt,)) for slot in writes(inner)}
                return [Declare(_variable(slot, position, context), True, position.said)]
            return _loop(stmt, path, position, context)
        case Invoke():
            return [_invoke(stmt, path, position, context)]
        case Reset():
            instance = next(i for i in context.own.machine.instances if i.name == stmt.instance)
            return [initialise(context.plan, context.own, instance, position.names, stmt.origin)]
        case _:
            assert_never(stmt)


def _choice(stmt: Switch, path: Path, position: _Position, context: _Context) -> CStmt:
    kind = stmt.scrutinee.type
    if not isinstance(kind, EnumType):
        raise TypeError("a switch needs an enumeration")
    labels = dict(zip(kind.constructors, context.plan.enums[kind].constructors, strict=True))
    cases = [
        (labels[name], tuple(_block(body, (*path, k), position, context)))
        for k, (name, body) in enumerate(stmt.cases)
        if body
    ]
    default: tuple[CStmt, ...] = (Remark("The other values change nothing here."),)
    if len(cases) == len(labels):
        # The last constructor, so that compilers see that one of the cases is taken.
        label, body = cases.pop()
        default = (Remark(label), *body)
    return Choice(lower(stmt.scrutinee, position.scope), tuple(cases), default, position.said)


def _loop(stmt: For, path: Path, position: _Position, context: _Context) -> list[CStmt]:
    names = NameScope((position.names,))
    name = names.claim(stmt.index.name)

    def iteration(value: int | None) -> list[CStmt]:
        counters = {**position.scope.counters, stmt.index: Counter(name, stmt.count, value)}
        inner = replace(position, scope=replace(position.scope, counters=counters), names=names)
        return _block(stmt.body, (*path, 0), inner, context)

    if stmt.unroll:
        return [lowered for value in range(stmt.count) for lowered in iteration(value)]
    return [Loop(name, stmt.count, tuple(iteration(None)), position.said)]


def _invoke(stmt: Invoke, path: Path, position: _Position, context: _Context) -> CStmt:
    instance = next(i for i in context.own.machine.instances if i.name == stmt.instance)
    callee = context.plan.machine(instance.machine)
    arguments = [_argument(argument, position.scope) for argument in stmt.arguments]
    if callee.returned is None:
        arguments += [_address(position.scope.slots[slot], slot) for slot in stmt.results]
    if callee.state is not None:
        state: CExpr = Member(SELF, context.own.instances[instance.name], arrow=True)
        if stmt.index is not None and instance.extent is not None:
            state = Subscript(state, subscript(stmt.index, position.scope))
        arguments.append(Prefix("&", state))
    call = Call(callee.step, tuple(arguments))
    if callee.returned is None:
        return Do(call, stmt.origin)
    (result,) = stmt.results
    if path in context.declared.at:
        return Declare(_variable(result, position, context, const=context.declared.at[path]), call, stmt.origin)
    if result in context.unread:
        return Do(Cast("void", call), stmt.origin)
    return Set(position.scope.slots[result], call, stmt.origin)


def initialise(
    plan: Plan, own: MachinePlan, instance: Instance, names: NameScope, origin: Origin | None = None
) -> CStmt:
    """The initial state of an instance that has a state, or of each of an array of them."""
    state: CExpr = Member(SELF, own.instances[instance.name], arrow=True)
    counter = NameScope((names,)).claim("i")
    if instance.extent is not None:
        state = Subscript(state, Name(counter))
    call = Do(Call(plan.machine(instance.machine).init, (Prefix("&", state),)), origin)
    return call if instance.extent is None else Loop(counter, instance.extent, (call,), origin)


def _argument(argument: Expr, scope: Scope) -> CExpr:
    if not isinstance(argument, Place) or argument.indices or not isinstance(argument.slot.type, TensorType):
        return lower(argument, scope)
    slot, array = argument.slot, scope.slots[argument.slot]
    inner = shape(slot.type)[1:]
    if inner and slot.storage not in (Storage.INPUT, Storage.CONSTANT):
        # C99 has no implicit conversion from T (*)[n] to const T (*)[n], which adds the qualifier further in.
        extents = "".join(f"[{n}]" for n in inner)
        return Cast(f"const {c_type(element(slot.type))} (*){extents}", array)
    return array


def _address(target: CExpr, slot: Slot) -> CExpr:
    """``target`` as the argument of a result parameter."""
    if isinstance(slot.type, TensorType):
        return target
    match target:
        case Prefix("*", pointer):
            return pointer
        case _:
            return Prefix("&", target)

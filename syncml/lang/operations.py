"""The one place where an operation on streams becomes an equation, or a diagnostic.

Rule: operands are streams of the node under construction or literals; a literal takes the element type of the first
stream beside it. The operator table decides the type of the result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from syncml.diagnostics.model import Label
from syncml.ir.equations.syntax import Apply, Atom, Var, When
from syncml.ir.operators import OPERATORS, Op, result_type
from syncml.ir.types import F32, FRACTIONAL, Element, Type, element, shape
from syncml.ir.typing_rules import Attribute, OperatorTypeError
from syncml.lang.advice import described, is_precedence_fault, report_precedence, report_type
from syncml.lang.literals import Literal, LiteralFault, constant_of, literal
from syncml.lang.presence import UNKNOWN, Conflict, Presence, Sampled, join
from syncml.lang.source import Place, here
from syncml.lang.trace import POISON, ModeScope, Trace, Value, current, fault, trace_at

_CONNECTIVES = (Op.AND, Op.OR, Op.XOR)


class Carrier:
    """What carries a stream's `Value`: the base of `Stream`."""

    __slots__ = ("ir",)
    ir: Value


class Misplaced(ABC):
    """What is no stream and says by itself why it cannot stand for one: the base of a claim about the future."""

    __slots__ = ()

    @abstractmethod
    def misplaced(self, place: Place) -> Value:
        """Report it, and yield poison."""


def value_of(given: object, place: Place) -> Value:
    """A stream or literal as a value of the node under construction; poison, and a report, for anything else."""
    if isinstance(given, Carrier):
        value = given.ir
        now = current()
        if value.trace is not None and value.trace is not now:
            captured = None if now is None else now.capture(value)
            if captured is None:
                return _foreign(value, place)
            value = captured
        return value if value.trace is None else _brought(value, value.trace, place)
    if isinstance(given, Misplaced):
        return given.misplaced(place)
    try:
        found = literal(given)
    except LiteralFault as wrong:
        return fault(wrong.code, str(wrong), place.span, help=wrong.help)
    if found is None:
        return fault(
            "T006",
            f"a value of type `{type(given).__name__}` is not a stream",
            place.span,
            help="use a number, a Boolean, a member of an enumeration, a list or array of numbers, or a stream",
        )
    return literal_value(found, place)


def literal_value(found: Literal, place: Place) -> Value:
    """A literal with the type that it has on its own."""
    try:
        return Value(constant_of(found, found.element), literal=found)
    except LiteralFault as wrong:
        return fault(wrong.code, str(wrong), place.span, help=wrong.help)


def _foreign(value: Value, place: Place) -> Value:
    assert value.trace is not None
    now = current()
    where = "outside of any node" if now is None else f"in the node `{now.label}`"
    secondary = (
        () if not isinstance(value.atom, Var) else (Label(value.atom.span, f"it belongs to `{value.trace.label}`"),)
    )
    return fault(
        "L007",
        f"{value.text} of the node `{value.trace.label}` is used {where}",
        place.span,
        secondary=secondary,
        help="pass it as an argument, or return it from its node",
    )


def _brought(value: Value, trace: Trace, place: Place) -> Value:
    """A stream as it is in the present mode: one of a mode around it is sampled, one of another mode is a fault."""
    if not isinstance(value.atom, Var):
        return value
    home = trace.homes.get(value.atom)
    path: list[ModeScope] = []
    scope = trace.scope
    while scope is not None and scope is not home:
        path.append(scope)
        scope = scope.parent
    if scope is not home and home is not None:
        where = "outside of it" if trace.scope is None else f"in {trace.scope.name}"
        return fault(
            "L007",
            f"{value.text} of {home.name} is used {where}",
            place.span,
            secondary=[Label(value.atom.span, f"it is present in {home.name} only")],
            help="share it: v = mode.shared(...) before the modes, v.define(...) in them, and v is present everywhere",
        )
    for inner_scope in reversed(path):
        value = sampled_in(value, trace, inner_scope, place)
    return value


def sampled_in(value: Value, trace: Trace, scope: ModeScope, place: Place) -> Value:
    """A stream of the mode around ``scope`` as it is in ``scope``."""
    source = value.atom
    assert isinstance(source, Var)
    if source not in scope.sampled:
        condition = Value(scope.condition, scope.presence.parent if isinstance(scope.presence, Sampled) else None)
        shared_presence([value, condition], place)
        with trace.entered(scope, scope.resets):
            target = trace.named(
                f"{source.name}_{str(scope.constructor).lower()}", source.type, source.span, source.unit
            )
            rhs = When(source, scope.condition, scope.constructor)
            scope.sampled[source] = trace.equate(target, rhs, source.span, scope.presence)
    return scope.sampled[source]


def typed(value: Value, wanted: Element, place: Place, extents: tuple[int, ...] | None = None) -> Value:
    """``value`` with an open literal brought to the element type ``wanted``, and filled to ``extents`` if given."""
    if value.literal is None:
        return value
    try:
        return Value(constant_of(value.literal, wanted, extents))
    except LiteralFault as wrong:
        return fault(wrong.code, str(wrong), place.span, help=wrong.help)


def common_element(values: Sequence[Value]) -> Element:
    """The element type that the literals among ``values`` take."""
    for value in values:
        if value.literal is None:
            return element(value.type)
    elements = [element(value.type) for value in values]
    return next((F32 for e in elements if e in FRACTIONAL), elements[0])


def unified(values: Sequence[Value], place: Place) -> list[Value] | None:
    """Give the literals among ``values`` a type; None if one of them does not fit or is poisoned."""
    if not values or any(value.atom is None for value in values):
        return None if values else []
    wanted = common_element(values)
    result = [typed(value, wanted, place) for value in values]
    return None if any(value.atom is None for value in result) else result


def shared_presence(values: Sequence[Value], place: Place) -> Presence | None:
    """The clock that ``values`` are on; None for constants."""
    presences = [value.presence for value in values if value.presence is not None]
    if not presences:
        return None
    try:
        return join(presences)
    except Conflict as conflict:
        fault(
            "C001",
            "a stream that was taken for one of the node's base clock is on another clock",
            place.span,
            "here it meets a stream of another clock",
            secondary=[Label(conflict.committed, "here its rate was taken to be the node's")],
            help="sample it after the line that gives its next value or definition",
        )
        return UNKNOWN


def apply(op: Op, arguments: Sequence[object], attribute: Attribute = None, role: str = "") -> Value:
    """The value of ``op`` on ``arguments``, at the user's current place."""
    place = here()
    trace = trace_at(place, f"`{OPERATORS[op].symbol}`" if role == "" else f"`{role}`")
    return apply_at(place, trace, op, [value_of(a, place) for a in arguments], attribute, role)


def apply_at(
    place: Place, trace: Trace, op: Op, values: Sequence[Value], attribute: Attribute = None, role: str = ""
) -> Value:
    """The value of ``op`` on ``values``."""
    if any(value.atom is None for value in values):
        return POISON
    match op:
        case Op.WHERE:
            head, tail = list(values[:1]), values[1:]
        case Op.AT | Op.WINDOW | Op.UPDATE:
            # An index has a type of its own.
            head, tail = list(values), ()
        case _:
            head, tail = [], values
    if op in _CONNECTIVES and is_precedence_fault(values, place):
        return report_precedence(op, place)
    unified_tail = unified(tail, place)
    if unified_tail is None:
        return POISON
    operands = head + unified_tail
    try:
        type_ = result_type(op, tuple(value.type for value in operands), attribute)
    except OperatorTypeError as wrong:
        return report_type(op, operands, wrong, place)
    rhs = Apply(op, tuple(atom_of(value) for value in operands), attribute)
    return trace.define(rhs, type_, place, role or op.value, shared_presence(operands, place))


def atom_of(value: Value) -> Atom:
    """The atom of a value that is not poisoned."""
    assert value.atom is not None
    return value.atom


def same_type(values: Sequence[Value], place: Place, what: str) -> tuple[list[Value], Type] | None:
    """Bring values to one type, with literals filled to the shape; None, and a report, where they differ."""
    if any(value.atom is None for value in values):
        return None
    firm = next((value for value in values if value.literal is None), None)
    wanted = common_element(values)
    extents = shape(firm.type) if firm is not None else max((shape(value.type) for value in values), key=len)
    result = [typed(value, wanted, place, extents) for value in values]
    if any(value.atom is None for value in result):
        return None
    types = [value.type for value in result]
    for value, type_ in zip(result, types, strict=True):
        if type_ != types[0]:
            labels = [label for shown in result for label in shown.label()]
            kind = "T001" if element(type_) != element(types[0]) else "T002"
            fault(
                kind,
                f"{what} need one type: {described(result[0])}, {described(value)}",
                place.span,
                secondary=labels,
                help="convert one side: cast(x, f32)" if kind == "T001" else "reshape or slice one side",
            )
            return None
    return result, types[0]

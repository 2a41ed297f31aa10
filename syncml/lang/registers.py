"""The two things that have a name before they have a value: a register and a wire.

m = state(init=i); m.next = e       m = i fby e
w = wire(type); w.define(e)         w = e
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from syncml.diagnostics.model import Diagnostic, Label, Span, error
from syncml.ir.constants import Const, zero
from syncml.ir.equations.syntax import Apply, Equation, Fby, Rhs, Var
from syncml.ir.operators import Op
from syncml.ir.types import element, shape
from syncml.lang.annotations import field_patterns
from syncml.lang.kernel import choose_first
from syncml.lang.operations import atom_of, same_type, shared_presence, typed, value_of
from syncml.lang.presence import Pending
from syncml.lang.records import Record, assemble, at_field, declared, fields_of, is_record
from syncml.lang.source import Place, here, inner
from syncml.lang.stream import Item, Numbers, Stream
from syncml.lang.trace import POISON, Trace, Value, fault, trace_at
from syncml.lang.types import AnnotationFault, Pattern, pattern

R = TypeVar("R", bound=Record)


class Hole:
    """A variable whose equation is still to come."""

    def __init__(
        self, trace: Trace, var: Var, equation: Callable[[Value], Rhs], missing: Callable[[], Diagnostic]
    ) -> None:
        self.trace = trace
        self.value = trace.own(Value(var, Pending(), trace))
        self._scope = trace.scope
        self.var = var
        self.defined: Span | None = None
        self._equation = equation
        trace.unfinished[self] = missing

    def define(self, given: object, what: str, place: Place) -> None:
        """Give the equation; a second time is a fault."""
        if self.defined is not None:
            fault("L006", f"{what} `{self.var.name}` is defined twice", place.span, "the second time",
                  secondary=[Label(self.defined, "the first time")],
                  help="choose between the two values with where(condition, a, b)")  # fmt: skip
            return
        if self.trace.scope is not self._scope:
            modes = [scope.name for scope in (self._scope, self.trace.scope) if scope is not None]
            fault("L007", f"{what} `{self.var.name}` is defined in another mode than it was made in", place.span,
                  f"this is {f'in {modes[-1]}' if self.trace.scope is not None else 'outside of the mode'}",
                  secondary=[Label(self.var.span, "it was made here")],
                  help="share it: v = mode.shared(...) before the modes, and v.define(...) in them")  # fmt: skip
        self.defined = place.span
        del self.trace.unfinished[self]
        paired = same_type([self.value, value_of(given, place)], place, f"{what} and its value")
        if paired is not None:
            value = paired[0][1]
            shared_presence([self.value, value], place)
            self.trace.equations.append(Equation((self.var,), self._equation(value), self.var.span))


class State(Stream[Item]):
    """A register: its value at a tick is what `next` was at the tick before."""

    __slots__ = ("_given", "_hole")

    def __init__(self, hole: Hole | None, value: Value = POISON) -> None:
        super().__init__(value)
        self._hole = hole
        self._given: Any = None

    if TYPE_CHECKING:

        @property
        def next(self) -> Stream[Item]:
            """The value at the next tick; assign it once."""
            ...

        @next.setter
        def next(self, value: Stream[Item] | Item) -> None: ...
    else:

        @property
        def next(self):
            """The value at the next tick."""
            if self._given is None:
                help_ = "assign it first, or read the state itself"
                return Stream(
                    fault("L004", "the next value of a state is read before it is given", here().span, help=help_)
                )
            return self._given

        @next.setter
        def next(self, value):
            self._given = value
            if self._hole is not None:
                self._hole.define(value, "the state", here())


@overload
def state(init: R, type: None = None) -> R: ...  # type: ignore[overload-overlap]
@overload
def state(init: Stream[Item], type: Any = None) -> State[Item]: ...
@overload
def state(init: Numbers, type: Any = None) -> State[Any]: ...
@overload
def state(init: Any, type: type[Item]) -> State[Item]: ...
@overload
def state(init: Item, type: Any = None) -> State[Item]: ...
def state(init: Any, type: Any = None) -> Any:
    """A register that starts with ``init``; assign ``.next`` once.

    Args:
        init: The first value: a number, an array, a member of an enumeration, a record, or a stream of which
            the value at the first tick counts. A number is f32 or i32 unless ``type`` says otherwise.
        type: The type of the register, such as ``f64``, and its unit; or a stream, of which it takes the element type.
    """
    if isinstance(init, Record):
        return _record_state(init)
    place = here()
    return _state(place, trace_at(place, "`state`"), init, type)


def _state(place: Place, trace: Trace, init: object, annotation: Any, unit: str = "") -> State[Any]:
    first_value = value_of(init, place)
    if annotation is not None and first_value.atom is not None:
        first_value = in_type(first_value, annotation, place)
    if first_value.atom is None:
        return State(None)
    type_ = first_value.type
    constant = first_value.atom if isinstance(first_value.atom, Const) else None
    if annotation is not None:
        unit = "" if isinstance(annotation, Stream) else pattern(annotation).unit
    elif isinstance(first_value.atom, Var):
        unit = unit or first_value.atom.unit
    var = trace.variable(type_, place if constant is not None else inner(place), "state", unit)

    name = var.name.removesuffix(trace.path)

    def missing() -> Diagnostic:
        label = "its value at the next tick is never given"
        return error("L004", f"the state `{name}` has no `.next`", var.span, label, help=f"add {name}.next = ...")

    start = constant or zero(type_)
    resets = trace.resets
    hole = Hole(trace, var, lambda value: Fby(start, atom_of(value), resets), missing)
    if constant is not None:
        return State(hole, hole.value)
    value = choose_first(place, trace, first_value, hole.value, "state")
    return State(hole, value)


def in_type(value: Value, annotation: Any, place: Place) -> Value:
    """A value in the type that the user gave, or in that of the elements of the stream that the user gave."""
    if isinstance(annotation, Stream) and annotation.ir.atom is None:
        return POISON
    try:
        wanted = Pattern(element(annotation.ir.type)) if isinstance(annotation, Stream) else pattern(annotation)
    except AnnotationFault as wrong:
        return fault("L014", str(wrong), place.span, help=wrong.help)
    closed = wanted.closed
    if closed is None:
        return fault("L014", f"{wanted} is not a type", place.span)
    value = typed(value, element(closed), place, shape(closed) or shape(value.type))
    if value.atom is not None and element(value.type) != element(closed):
        return fault("T001", f"the first value is {element(value.type)}, not {element(closed)}", place.span)
    return value


def _record_state(init: Record) -> Any:
    """A register for each leaf, as a record whose ``next`` defines them all."""
    place = here()
    trace = trace_at(place, "`state`")
    base = trace.name_at(place, "state")[0]

    def build(record: Record) -> Record:
        made: dict[str, Any] = {}
        wanted = field_patterns(type(record))
        for name, part in fields_of(record).items():
            with at_field(name):
                field = wanted[name]
                unit = field.unit if isinstance(field, Pattern) else ""
                made[name] = build(part) if isinstance(part, Record) else _state(place, trace, part, None, unit)
        return assemble(type(record), made)

    result = build(init)

    def define(value: Record) -> None:
        spot = here()
        if type(value) is not type(result):
            fault("T001", f"the next value of `{base}` is not a record `{type(result).__name__}`", spot.span)
            return
        _define_leaves(result, value)

    vars(result)["_define_next"] = define
    return result


def _define_leaves(target: Record, value: Record) -> None:
    given = fields_of(value)
    for name, part in fields_of(target).items():
        new = given[name]
        with at_field(name):
            if isinstance(part, Record) and isinstance(new, Record):
                _define_leaves(part, new)
            elif isinstance(part, State):
                part.next = new


class Wire(Stream[Item]):
    """A stream that is defined further down, for loops around nodes."""

    __slots__ = ("_hole",)

    def __init__(self, hole: Hole | None) -> None:
        super().__init__(POISON if hole is None else hole.value)
        self._hole = hole

    if TYPE_CHECKING:

        def define(self, value: Stream[Item] | Item) -> None:
            """Say what the wire is; once."""
    else:

        def define(self, value):
            """Say what the wire is; once."""
            if self._hole is not None:
                self._hole.define(value, "the wire", here())


@overload
def wire(type: type[R]) -> R: ...  # type: ignore[overload-overlap]
@overload
def wire(type: type[Item]) -> Wire[Item]: ...
@overload
def wire(type: Any) -> Wire[Any]: ...
def wire(type: Any) -> Any:
    """A stream, or a record of streams, of the given type that is used before it is defined.

    A cycle through wires has to cross a delay.

    Args:
        type: The type; a class of records; or a stream, whose type it has.
    """
    place = here()
    trace = trace_at(place, "`wire`")
    if isinstance(type, Stream):
        like = value_of(cast("Stream[Any]", type), place)
        return (
            Wire[Any](None) if like.atom is None else _wire(place, trace, Pattern(element(like.type), shape(like.type)))
        )
    if is_record(type):

        def field(found: Pattern) -> Wire[Any]:
            return _wire(place, trace, found)

        return declared(type, field)
    try:
        found = pattern(type)
    except AnnotationFault as wrong:
        fault("L014", str(wrong), place.span, help=wrong.help)
        return Wire[Any](None)
    return _wire(place, trace, found)


def _wire(place: Place, trace: Trace, found: Pattern) -> Wire[Any]:
    closed = found.closed
    if closed is None:
        fault("L014", f"{found} is not a type", place.span, help="give the size: wire(Vec[Literal[4]])")
        return Wire(None)
    var = trace.variable(closed, place, "wire", found.unit)

    def missing() -> Diagnostic:
        return error("L005", f"the wire `{var.name}` is never defined", var.span, "this has no value",
                     help=f"add {var.name}.define(...)")  # fmt: skip

    return Wire(Hole(trace, var, lambda value: Apply(Op.COPY, (atom_of(value),)), missing))

"""Parameters: what is learned, as states of the segments.

    w = parameter(batch, Mat[L[4], L[8]])                         one array, named `w`
    net = parameter(batch, Net, init={"w1": he()})                a record; its fields are `net.w1`, ..
    parameter(batch, shape=(4, n), init=glorot(), frozen=True)    sizes as Python numbers; one that is not learned

Rule: a parameter is constant in a segment and gets its next value at the end (`Segments.carry`), but it is never put
back: not by the segments around its own, nor by a reset. Its name is that of the variable, after the instances that it
is in (`agent.net.w1`), and unique in the program; a node with parameters is made for each call. Its first value is
drawn from the seed of the program and its name, or comes from a file of weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar, cast, overload

import numpy as np

from syncml.ir.constants import Array, Const, dtype
from syncml.ir.equations.syntax import Apply, Equation, Var
from syncml.ir.equations.syntax import Parameter as IrParameter
from syncml.ir.operators import Op
from syncml.ir.types import FRACTIONAL, Type, element, shape, tensor
from syncml.lang.annotations import Field, field_patterns
from syncml.lang.carrying import carried
from syncml.lang.operations import typed, value_of
from syncml.lang.records import Record, assemble, at_field, is_record, leafwise
from syncml.lang.registers import Hole, State
from syncml.lang.segments import Segments
from syncml.lang.source import Place, here
from syncml.lang.stream import Item, Numbers
from syncml.lang.trace import Trace, Value, fault, trace_at
from syncml.lang.types import AnnotationFault, Pattern, f32, pattern, type_text
from syncml.learn.initialisers import Draw, Initialiser, glorot

R = TypeVar("R", bound=Record)
Init: TypeAlias = "Initialiser | Numbers | float | None"


class Parameter(State[Item]):
    """What is learned: a state of the segments with a name, which `descend` gives its next value.

    Attributes:
        name: Unique in the program.
        frozen: Whether it keeps its value.
    """

    __slots__ = ("frozen", "name")

    def __init__(self, hole: Hole | None, value: Value, name: str, frozen: bool) -> None:
        super().__init__(hole, value)
        self.name = name
        self.frozen = frozen


@overload
def parameter(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    block: Segments,
    type: type[R],
    init: Init | Mapping[str, Any] = None,
    *,
    shape: Mapping[str, Any] = ...,
    name: str = "",
    frozen: bool | Mapping[str, Any] = False,
) -> R: ...
@overload
def parameter(
    block: Segments,
    type: Any = f32,
    init: Init = None,
    *,
    shape: tuple[int, ...] = (),
    name: str = "",
    frozen: bool = False,
) -> State[Any]: ...
def parameter(
    block: Segments,
    type: Any = f32,
    init: Any = None,
    *,
    shape: Any = (),
    name: str = "",
    frozen: Any = False,
) -> Any:
    """A parameter, or a record of parameters; ``.next`` is given on the clock of ``block.last``, or by `descend`.

    Args:
        block: The segments at whose ends it changes.
        type: ``f32`` or ``f64``, an array of them, or a class of records.
        init: An initialiser, or numbers; for a record, one for all its matrices, or those of the fields by name.
            Without it, matrices are drawn by `glorot`, and all else is 0.
        shape: The extents, where ``type`` is one number and ``init`` has no elements, or leaves extents open; for a
            record, those of its fields by name.
        name: Its name; by default, that of the variable that it is assigned to.
        frozen: Whether it keeps its first value: `descend` leaves it, and no update may be given. For a record also
            which fields.
    """
    place = here()
    trace = trace_at(place, "`parameter`")
    base = name or trace.name_at(place, "parameter")[0]
    maker = _Maker(place, trace, block, trace.parameter_name(base))
    if is_record(type):
        return maker.record(type, shape, init, frozen, maker.name)
    try:
        found = pattern(type)
    except AnnotationFault as wrong:
        poison = fault("L014", str(wrong), place.span, help=wrong.help)
        return Parameter[Any](None, poison, maker.name, False)
    return maker.leaf(found, shape, init, frozen, maker.name, inherits=False)


class _Maker:
    """The parameters of one call."""

    def __init__(self, place: Place, trace: Trace, block: Segments, name: str) -> None:
        self._place = place
        self._trace = trace
        self._block = block
        self.name = name

    def record(self, cls: type[Any], extents: object, init: object, frozen: object, name: str) -> Any:
        """A record of parameters."""
        wanted = field_patterns(cls)
        shape_of = self._by_field(cls, extents, "shape") or {}
        first_of = self._by_field(cls, init, "init")
        fixed_of = self._by_field(cls, frozen, "frozen")
        made: dict[str, Any] = {}
        for key, field in wanted.items():
            first = init if first_of is None else first_of.get(key)
            fixed = frozen if fixed_of is None else fixed_of.get(key, False)
            with at_field(key):
                sizes = shape_of.get(key, ())
                made[key] = self._field(field, sizes, first, fixed, f"{name}.{key}", inherits=first_of is None)
        record = assemble(cls, made)

        def define(value: Record) -> None:
            if type(value) is not cls:
                fault("T001", f"the next value of `{name}` is not a record `{cls.__name__}`", here().span)
                return
            leafwise(_defined, record, value)

        vars(record)["_define_next"] = define
        return record

    def _by_field(self, cls: type[Any], given: object, what: str) -> Mapping[str, Any] | None:
        """What is given for fields by name; None if it is given for all of them."""
        if not isinstance(given, Mapping):
            return None
        named = cast("Mapping[str, Any]", given)
        known = field_patterns(cls)
        for unknown in [key for key in named if key not in known]:
            fault("T004", f"`{cls.__name__}` has no field `{unknown}`", self._place.span, f"`{what}` names it",
                  help=f"it has {', '.join(f'`{key}`' for key in known)}")  # fmt: skip
        return named

    def _field(self, field: Field, extents: Any, init: Any, frozen: Any, name: str, *, inherits: bool) -> Any:
        if isinstance(field, Pattern):
            return self.leaf(field, extents, init, frozen, name, inherits=inherits)
        return self.record(field, extents, init, frozen, name)

    def leaf(
        self, wanted: Pattern, extents: tuple[int, ...], init: Any, frozen: bool, name: str, *, inherits: bool
    ) -> State[Any]:
        """One parameter.

        ``inherits`` says that ``init`` is that of its record: an initialiser for the record is one for its matrices.
        """
        sized = _sized(wanted, extents)
        if sized is None:
            self._wrong(name, f"is {wanted}, and has the shape {extents}")
            return Parameter(None, Value(None), name, frozen)
        first = self._first(sized, extents, init, name, inherits=inherits)
        if first is None:
            return Parameter(None, Value(None), name, frozen)
        target = self._trace.variable(first.type, self._place, "parameter", wanted.unit)
        self._trace.parameters.append(IrParameter(name, target, frozen))
        if frozen:
            return Parameter(_Fixed(self._trace, target, name), self._kept(target, first), name, True)
        hole, value = carried(self._trace, self._place, self._block.scope, target, first, ())
        return Parameter(hole, value, name, False)

    def _kept(self, target: Var, first: Const) -> Value:
        """``w = i``: a constant, as a proof and a compiler want it, whose value may come from a file."""
        scope = self._block.scope
        last = scope.last.atom
        assert isinstance(last, Var)
        self._trace.beside[target] = last
        self._trace.equations.append(Equation((target,), Apply(Op.COPY, (first,)), target.span))
        return Value(target, scope.presence, self._trace)

    def _first(
        self, wanted: Pattern, extents: tuple[int, ...], init: Any, name: str, *, inherits: bool
    ) -> Const | None:
        """The first value; None, and a report, if it is none."""
        if init is not None and not isinstance(init, Initialiser):
            return self._given(wanted, extents, init, name)
        closed = wanted.closed
        if closed is None or element(closed) not in FRACTIONAL:
            self._wrong(name, f"is {wanted}, and a parameter is of floats of a known size")
            return None
        type_: Type = closed if shape(closed) else tensor(element(closed), extents) if extents else closed
        if init is None or (inherits and len(shape(type_)) < 2):
            init = glorot() if len(shape(type_)) >= 2 else None
        if init is None:
            return _constant(np.zeros(shape(type_)), type_)
        return _constant(init.values(shape(type_), Draw.of(self._trace.session.seed, name)), type_)

    def _given(self, wanted: Pattern, extents: tuple[int, ...], init: object, name: str) -> Const | None:
        """Numbers as the first value."""
        value = value_of(init, self._place)
        closed = wanted.closed
        if value.atom is None or closed is None:
            if closed is None:
                self._wrong(name, f"is {wanted}, and a parameter is of floats of a known size")
            return None
        found = shape(closed) or extents or shape(value.type)
        value = typed(value, element(closed), self._place, found)
        if not isinstance(value.atom, Const):
            if value.atom is not None:
                fault("I001", f"the first value of the parameter `{name}` is no constant", self._place.span,
                      help="give numbers, or an initialiser such as glorot()")  # fmt: skip
            return None
        if shape(value.type) != found or element(value.type) not in FRACTIONAL:
            self._wrong(name, f"is {type_text(tensor(element(closed), found))}, and starts as {type_text(value.type)}")
            return None
        return value.atom

    def _wrong(self, name: str, what: str) -> None:
        fault("G010", f"the parameter `{name}` {what}", self._place.span,
              help="give its type and size: parameter(block, Mat[Literal[4], Literal[8]]), or shape=...")  # fmt: skip


class _Fixed(Hole):
    """Refuses a next value."""

    def __init__(self, trace: Trace, var: Any, name: str) -> None:
        self.trace = trace
        self.var = var
        self._name = name

    def define(self, given: object, what: str, place: Place) -> None:
        """Say that there is one already."""
        fault("G010", f"the parameter `{self._name}` is frozen, and is given a next value", place.span,
              help="leave frozen=True out, or leave the update out")  # fmt: skip


def _sized(wanted: Pattern, extents: tuple[int, ...]) -> Pattern | None:
    """``wanted`` with ``extents``, if there are any, in the place of its open ones; None if they do not fit."""
    if not extents or not wanted.shape:
        return wanted
    same = len(wanted.shape) == len(extents)
    fits = same and all(not isinstance(own, int) or own == n for own, n in zip(wanted.shape, extents, strict=True))
    return replace(wanted, shape=extents) if fits else None


def _defined(leaf: Any, value: Any) -> Any:
    leaf.next = value
    return leaf


def _constant(values: Any, type_: Type) -> Const:
    kind = element(type_)
    if not shape(type_):
        # Exactly a number of the type, so that it means the same in a proof and in a machine.
        return Const(float(np.asarray(values, dtype(kind))), kind)
    return Const(Array.of(values, kind), kind)

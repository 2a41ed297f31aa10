"""Arrays of instances: how `each`, `fold`, `scan` and `mapfold` become an equation.

Rule: ``(c', y) = f^n(c, x, s)``, where the accumulators ``c`` are the leaves of the first parameter of ``f``, element
``i`` takes the part of each leaf of ``x`` at ``i`` of its first axis, and all take ``s``, which is marked `shared` or
read from around a plain function. A plain function becomes a node whose parameters are what it is applied to.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, NoReturn, cast

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Label
from syncml.ir.equations.syntax import Equation, Iterate
from syncml.ir.types import BOOL, FRACTIONAL, NUMERIC, Type, element, shape, tensor
from syncml.lang.annotations import Field, Result
from syncml.lang.building import Made, make
from syncml.lang.instances import activation, targets_of
from syncml.lang.leaves import build, leaves_of_field, leaves_of_result, values_of
from syncml.lang.node import Node, Parameter, definition_label
from syncml.lang.operations import Carrier, atom_of, common_element, typed, value_of
from syncml.lang.records import Record
from syncml.lang.rows import row_class, rows_of
from syncml.lang.source import Place, here
from syncml.lang.stream import stream
from syncml.lang.trace import POISON, Trace, Value, fault, trace_at
from syncml.lang.traced import Traced
from syncml.lang.types import Pattern, type_text


@dataclass(frozen=True, slots=True)
class Shared:
    """An argument that every element takes as it is."""

    value: object


@dataclass(frozen=True, slots=True)
class Iterator:
    """What the user asked for.

    Attributes:
        kind: ``each``, ``fold``, ``scan`` or ``mapfold``.
        function: A node, or a function of streams.
        init: The first accumulator, for all but ``each``.
        size: The number of elements, where no argument tells.
        backwards: Whether the elements come in descending order.
    """

    kind: str
    function: Callable[..., Any]
    init: object = None
    size: int | None = None
    backwards: bool = False

    @property
    def accumulates(self) -> bool:
        """Whether the first parameter is an accumulator."""
        return self.kind != "each"

    @property
    def node(self) -> Node[..., Any] | None:
        """The function, if it is a node."""
        return cast("Node[..., Any]", self.function) if isinstance(self.function, Node) else None

    @property
    def name(self) -> str:
        """What is iterated, for messages."""
        label = self.node.label if self.node is not None else getattr(self.function, "__name__", "it")
        return "the function" if label == "<lambda>" else f"`{label}`"


@dataclass(slots=True)
class _Argument:
    """One argument: its leaves, and what an element takes of them."""

    name: str
    leaves: list[tuple[str, Value]]
    is_accumulator: bool
    is_indexed: bool
    field: Field | Result


@dataclass(slots=True)
class _Arguments:
    streams: list[_Argument] = field(default_factory=list[_Argument])
    statics: dict[str, object] = field(default_factory=dict[str, object])
    keywords: frozenset[str] = frozenset()


def iterate(iterator: Iterator, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Any:
    """The results of an iterator at the user's current place."""
    place = here()
    trace = trace_at(place, f"`{iterator.kind}`")
    try:
        return _Application(iterator, place, trace).apply(args, kwargs)
    except _WrongError:
        return _poisoned(iterator, place)
    except DiagnosticError as wrong:
        trace.session.collector.extend(wrong.diagnostics)
        raise


class _WrongError(Exception):
    """A fault that has been reported."""


def _poisoned(iterator: Iterator, place: Place) -> Any:
    """What stands for the results after a fault."""
    if iterator.node is not None:
        return build(iterator.node.interface.result, lambda: stream(POISON))
    return tuple(stream(POISON) for _ in place.names) if len(place.names) > 1 else stream(POISON)


class _Application:
    """One use of an iterator."""

    def __init__(self, iterator: Iterator, place: Place, trace: Trace) -> None:
        self._iterator = iterator
        self._place = place
        self._trace = trace
        self._extent = iterator.size
        self._counted: Value | None = None
        """The array that the extent was taken from."""

    def apply(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Any:
        """The results for these arguments."""
        node, arguments = self._arguments(args, kwargs)
        leaves = [(a, value) for a in arguments.streams for _, value in a.leaves]
        carried = sum(a.is_accumulator for a, _ in leaves)
        if self._extent is None:
            self._wrong("T023", f"nothing says how many elements {self._iterator.name} is applied to",
                        "give an array, or say `size=`")  # fmt: skip
        types = [self._part(value) if a.is_indexed else value.type for a, value in leaves]
        made = make(node, self._trace.session, arguments.statics, types, self._place.span)
        if made.ir is None:
            raise _WrongError
        if made.learns:
            self._wrong("G010", f"{self._iterator.name} has parameters, and the elements of an array share a node",
                        "make the parameters outside, and give them to the node", definition_label(node))  # fmt: skip
        self._check_results(node, made, [value for _, value in leaves[:carried]])
        captured = [value_of(stream(value), self._place) for value in made.captured]
        values = [*(value for _, value in leaves), *map(self._sound, captured)]
        shared = {i for i, (a, _) in enumerate(leaves) if not (a.is_accumulator or a.is_indexed)}
        shared.update(range(len(leaves), len(values)))
        return self._equation(made, values, carried, frozenset(shared))

    # Arguments.

    def _arguments(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> tuple[Node[..., Any], _Arguments]:
        iterator = self._iterator
        if iterator.accumulates:
            args = (iterator.init, *args)
        function: object = iterator.function
        if iterator.node is not None:
            found = self._of_node(iterator.node, args, kwargs)
            return self._twice(iterator.node, found) if iterator.kind == "scan" else (iterator.node, found)
        if not callable(function) or isinstance(function, type):
            what = type(function).__name__
            self._wrong("T023", f"`{iterator.kind}` is applied to a value of type `{what}`",
                        "give a node, or a function of streams")  # fmt: skip
        return self._of_function(iterator.function, args, kwargs)

    def _of_node(self, node: Node[..., Any], args: tuple[object, ...], kwargs: Mapping[str, object]) -> _Arguments:
        """The arguments of a node, by its annotations."""
        interface = node.interface
        try:
            given = interface.signature.bind(*node.bound, *args, **kwargs)
        except TypeError as wrong:
            self._wrong("T007", f"`{node.label}` is applied to the wrong arguments: {wrong}",
                        "give one array for each parameter", definition_label(node))  # fmt: skip
        given.apply_defaults()
        found = _Arguments()
        is_accumulator = self._iterator.accumulates
        bindings: dict[Any, object] = {}
        for parameter in interface.parameters:
            argument = given.arguments[parameter.name]
            if parameter.field is None:
                if isinstance(argument, Carrier | Record | Shared):
                    self._wrong("T007", f"`{parameter.name}` of `{node.label}` is a Python value, not a stream",
                                f"annotate it as a stream, {parameter.name}: Stream[f32], or give a Python value",
                                definition_label(node))  # fmt: skip
                found.statics[parameter.name] = argument
                continue
            made = self._argument(parameter.name, argument, is_accumulator=is_accumulator)
            is_accumulator = False
            patterns = leaves_of_field(parameter.field, parameter.name)
            if [name for name, _ in patterns] != [name for name, _ in made.leaves]:
                wanted = (
                    str(parameter.field)
                    if isinstance(parameter.field, Pattern)
                    else f"a record `{parameter.field.__name__}`"
                )
                self._wrong("T007", f"`{parameter.name}` of `{node.label}` is {wanted}, and is given other fields",
                            "give a record of arrays with the same fields", definition_label(node))  # fmt: skip
            made.leaves = [
                (name, self._fitting(node, name, value, pattern, made, bindings))
                for (name, value), (_, pattern) in zip(made.leaves, patterns, strict=True)
            ]
            found.streams.append(made)
        return found

    def _twice(self, node: Node[..., Any], found: _Arguments) -> tuple[Node[..., Any], _Arguments]:
        """A node whose result is the next accumulator and what to collect."""
        free = Node(node.function, node.options, node.scope)
        traced = Traced(node.function, node.label, self._place, self._trace, _paired(free))
        traced.takes(node.interface.parameters, frozenset(p.name for p in node.interface.parameters))
        return traced, found

    def _fitting(
        self,
        node: Node[..., Any],
        name: str,
        value: Value,
        pattern: Pattern,
        made: _Argument,
        bindings: dict[Any, object],
    ) -> Value:
        """A leaf as the node asks for it: a literal of its type, and a type of which an element has the right part."""
        closed = pattern.closed
        if closed is not None and value.literal is not None:
            extents = None if made.is_indexed else shape(closed)
            value = self._sound(typed(value, element(closed), self._place, extents))
        value = replace(value, literal=None)
        type_ = self._part(value) if made.is_indexed else value.type
        if not pattern.match(type_, bindings):
            what = "an element" if made.is_indexed else "it"
            self._wrong("T007", f"`{name}` of `{node.label}` is {pattern}, and {what} is {type_text(type_)}",
                        "convert the argument, or change the annotation",
                        (*value.label(), *definition_label(node)))  # fmt: skip
        return value

    def _of_function(
        self, function: Callable[..., Any], args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> tuple[Node[..., Any], _Arguments]:
        """A plain function as a node of what it is applied to."""
        found = _Arguments(keywords=frozenset(kwargs))
        parameters: list[Parameter] = []
        names = _parameter_names(function, len(args))
        for position, (name, argument) in enumerate([*zip(names, args, strict=True), *kwargs.items()]):
            is_accumulator = position == 0 and self._iterator.accumulates
            if not (is_accumulator or isinstance(argument, _STREAMS)):
                found.statics[name] = argument
                parameters.append(Parameter(name, None, self._place.span))
                continue
            made = self._argument(name, argument, is_accumulator=is_accumulator)
            found.streams.append(made)
        for made in found.streams:
            if made.is_accumulator:
                made.leaves = [(name, self._accumulator(value, found)) for name, value in made.leaves]
            made.leaves = [(name, replace(value, literal=None)) for name, value in made.leaves]
        by_name = {made.name: made for made in found.streams}
        ordered = [*names, *kwargs]
        statics = {p.name: p for p in parameters}
        final = [
            statics[name] if name in statics else Parameter(name, cast("Field", by_name[name].field), self._place.span)
            for name in ordered
        ]
        label = getattr(function, "__name__", self._iterator.kind)
        if label == "<lambda>":
            label = self._iterator.kind
        body = _paired(function) if self._iterator.kind == "scan" else function
        node = Traced(function, label, self._place, self._trace, body)
        node.takes(final, found.keywords)
        return node, found

    def _accumulator(self, value: Value, found: _Arguments) -> Value:
        """A literal accumulator takes the type of the first array of its kind."""
        if value.literal is None:
            return value
        others = [other for a in found.streams if not a.is_accumulator for _, other in a.leaves]
        kind = element(value.type)
        like = [o for o in others if (element(o.type) in FRACTIONAL) == (kind in FRACTIONAL)]
        numbers = like and kind is not BOOL and element(like[0].type) in NUMERIC
        return self._sound(typed(value, common_element(like) if numbers else kind, self._place))

    def _argument(self, name: str, argument: object, *, is_accumulator: bool) -> _Argument:
        """The leaves of an argument; what is not shared counts the elements."""
        is_shared = isinstance(argument, Shared)
        given: object = argument.value if isinstance(argument, Shared) else argument
        if isinstance(given, range):
            given = list(given)
        form = _form(given)
        element_form = _element_form(form) if not is_shared and not is_accumulator else form
        leaves = [
            (leaf, self._sound(value_of(part, self._place)))
            for (leaf, _), part in zip(leaves_of_result(form, name), values_of(given), strict=True)
        ]
        found = _Argument(name, leaves, is_accumulator, not (is_shared or is_accumulator), element_form)
        if is_shared and is_accumulator:
            self._wrong("T023", "the accumulator is shared", "give its first value as it is")
        for leaf, value in leaves if found.is_indexed else ():
            self._count(leaf, value)
        return found

    def _count(self, leaf: str, value: Value) -> None:
        extents = shape(value.type)
        if not extents:
            self._wrong("T021", f"`{leaf}` of {self._iterator.name} is given {value.text}, which has no elements",
                        "give a vector, or mark what every element takes: `shared(...)`", value.label())  # fmt: skip
        if self._extent is None:
            self._extent, self._counted = extents[0], value
        elif extents[0] != self._extent:
            first = self._counted
            other = f"{first.text} has {self._extent}" if first is not None else f"`size` is {self._extent}"
            labels = (*value.label(), *(first.label() if first is not None else ()))
            self._wrong("T020", f"{value.text} has {extents[0]} elements, and {other}",
                        "slice the longer array, or mark what every element takes: `shared(...)`", labels)  # fmt: skip

    def _part(self, value: Value) -> Type:
        """The type of the part that an element takes of an indexed argument."""
        return tensor(element(value.type), shape(value.type)[1:])

    def _sound(self, value: Value) -> Value:
        if value.atom is None:
            raise _WrongError
        return value

    # Results.

    def _check_results(self, node: Node[..., Any], made: Made, accumulators: list[Value]) -> None:
        """The first results of a function with an accumulator are the next accumulator."""
        assert made.ir is not None
        kind, result = self._iterator.kind, made.interface.result
        if kind == "mapfold" and not (isinstance(result, tuple) and len(result) > 1):
            self._wrong("T023", f"`mapfold` needs the next accumulator and what to collect, and {self._iterator.name} "
                        "has one result", "return a tuple, or use `fold` or `scan`", self._defined(node))  # fmt: skip
        if not self._iterator.accumulates:
            return
        outputs = [v.type for v in made.ir.outputs]
        wanted = [v.type for v in accumulators]
        first = result[0] if isinstance(result, tuple) and kind != "fold" else result
        count = len(leaves_of_result(first, ""))
        if outputs[:count] != wanted:
            texts = [", ".join(map(type_text, types)) or "nothing" for types in (outputs[:count], wanted)]
            self._wrong("T022", f"the accumulator of {self._iterator.name} starts as {texts[1]} and becomes {texts[0]}",
                        "return an accumulator of the same type, or convert the first one: `cast(x, f32)`",
                        self._defined(node))  # fmt: skip

    def _defined(self, node: Node[..., Any]) -> Sequence[Label]:
        return () if isinstance(node, Traced) else definition_label(node)

    def _equation(self, made: Made, values: list[Value], carried: int, shared: frozenset[int]) -> Any:
        assert made.ir is not None and self._extent is not None
        ir, trace, extent = made.ir, self._trace, self._extent
        result = made.interface.result
        place = replace(self._place, names=("", *self._place.names)) if self._iterator.kind == "scan" else self._place

        def type_of(position: int, type_: Type) -> Type:
            return type_ if position < carried else tensor(element(type_), (extent, *shape(type_)))

        targets = targets_of(place, trace, result, ir, type_of)
        rhs = Iterate(
            ir.name, tuple(map(atom_of, values)), trace.names.fresh(ir.label), extent, carried, shared,
            self._iterator.backwards, trace.resets,
        )  # fmt: skip
        trace.equations.append(Equation(tuple(targets), rhs, place.span))
        presence = activation(place, made, values)
        results = iter([stream(trace.own(Value(target, presence, trace))) for target in targets])
        found = build(result, lambda: next(results))
        match self._iterator.kind:
            case "each":
                return self._collected(found)
            case "scan":
                return self._collected(found[1])
            case "mapfold":
                rest = found[1:]
                return (found[0], self._collected(rest[0]) if len(rest) == 1 else self._collected(rest))
            case _:
                return found

    def _collected(self, found: Any) -> Any:
        """The collected results, records as arrays of records."""
        assert self._extent is not None
        if isinstance(found, tuple):
            return tuple(map(self._collected, cast("tuple[Any, ...]", found)))
        return rows_of(found, self._extent) if isinstance(found, Record) else found

    def _wrong(self, code: str, message: str, help_: str, secondary: Sequence[Label] = ()) -> NoReturn:
        fault(code, message, self._place.span, secondary=secondary, help=help_)
        raise _WrongError


_STREAMS: tuple[type[Any], ...] = (Carrier, Record, Shared, np.ndarray, list, range)
"""What a plain function is given element by element, or as a stream; anything else is a Python value."""


def _parameter_names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the first parameters of a function, as far as it has any."""
    try:
        known = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        known = []
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in known if p.kind in plain][:count]
    return [*names, *(f"x{i}" for i in range(len(names) + 1, count + 1))]


def _paired(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its result as the next accumulator and as what is collected."""

    def paired(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return result, result

    return paired


def _element_form(form: Result) -> Result:
    """The form of an element of an array of this form."""
    if isinstance(form, tuple):
        return tuple(map(_element_form, form))
    return form if isinstance(form, Pattern) else row_class(form)


def _form(given: object) -> Result:
    """The form of an argument: a stream, a record, or a tuple of them."""
    if isinstance(given, tuple):
        return tuple(map(_form, cast("tuple[object, ...]", given)))
    return type(given) if isinstance(given, Record) else Pattern(None, None)

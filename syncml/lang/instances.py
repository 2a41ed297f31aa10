"""Calls: an instance of a node inside another.

Rule: ``(y1, .., yn) = f(x1, .., xm)``. The instance is activated on the clock of the arguments of which the node says
that they are on its base clock; a result that the node computes on a slower clock is on that clock of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncml.diagnostics.model import DiagnosticError
from syncml.ir.equations.syntax import Call, Equation, Var
from syncml.ir.equations.syntax import Node as IrNode
from syncml.ir.types import Type, element, shape
from syncml.lang.annotations import Field, Result
from syncml.lang.building import Made, make
from syncml.lang.leaves import build, leaves_of_field, leaves_of_result, values_of
from syncml.lang.node import Interface, Node, definition_label
from syncml.lang.operations import Carrier, atom_of, shared_presence, typed, value_of
from syncml.lang.presence import UNKNOWN, OnBase, Pending, Presence, Sampled, resolve
from syncml.lang.records import Record
from syncml.lang.source import Place, inner
from syncml.lang.stream import stream
from syncml.lang.trace import POISON, Trace, Value, fault
from syncml.lang.types import Pattern, type_text


def instantiate(
    node: Node[..., Any], place: Place, trace: Trace, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> Any:
    """The results of a call at ``place``."""
    try:
        interface = node.interface
    except DiagnosticError as wrong:
        trace.session.collector.extend(wrong.diagnostics)
        raise
    bound = bind(node, interface, place, args, kwargs)
    if bound is None:
        return poisoned(interface.result)
    statics, arguments = bound
    made = make(node, trace.session, statics, [value.type for value in arguments], place.span)
    if made.ir is None:
        return poisoned(interface.result)
    return call(place, trace, made, made.ir, [*arguments, *borders(node, made, place)])


def poisoned(result: Result) -> Any:
    """What stands for results after a fault."""
    return build(result, lambda: stream(POISON))


def bind(
    node: Node[..., Any], interface: Interface, place: Place, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> tuple[dict[str, object], list[Value]] | None:
    """The Python-valued arguments and the leaves of all others; None, and a report, if they do not fit."""
    try:
        given = interface.signature.bind(*args, **kwargs)
    except TypeError as wrong:
        fault("T007", f"`{node.label}` is called with the wrong arguments: {wrong}", place.span,
              secondary=definition_label(node), help=f"call it as {_usage(node, interface)}")  # fmt: skip
        return None
    given.apply_defaults()
    statics: dict[str, object] = {}
    values: list[Value] = []
    bindings: dict[Any, object] = {}
    good = True
    for parameter in interface.parameters:
        argument = given.arguments[parameter.name]
        if parameter.field is not None:
            leaves = _leaves(node, parameter.name, parameter.field, argument, place, bindings)
            good = good and all(value.atom is not None for value in leaves)
            values.extend(leaves)
        elif isinstance(argument, Carrier | Record):
            good = False
            fault("T007", f"`{parameter.name}` of `{node.label}` is a Python value, and a stream is given", place.span,
                  secondary=definition_label(node),
                  help=f"annotate it as a stream, {parameter.name}: Stream[f32], or give a Python value")  # fmt: skip
        else:
            statics[parameter.name] = argument
    return (statics, values) if good else None


def _usage(node: Node[..., Any], interface: Interface) -> str:
    names = [p.name for p in interface.parameters][len(node.bound) :]
    return f"{node.label}({', '.join(names)})"


def _leaves(
    node: Node[..., Any], name: str, field: Field, argument: object, place: Place, bindings: dict[Any, object]
) -> list[Value]:
    patterns = leaves_of_field(field, name)
    if not isinstance(field, Pattern):
        if not isinstance(argument, field):
            return [fault("T007", f"`{name}` of `{node.label}` is a record `{field.__name__}`", place.span,
                          secondary=definition_label(node), help=f"make one: {field.__name__}(...)")]  # fmt: skip
        parts = list(values_of(argument))
    else:
        parts = [argument]
        if isinstance(argument, Record | tuple):
            help_ = "give one stream: a field, or one of the results"
            message = f"`{name}` of `{node.label}` is one stream of {field}"
            return [fault("T007", message, place.span, secondary=definition_label(node), help=help_)]
    values: list[Value] = []
    for (leaf, pattern), part in zip(patterns, parts, strict=True):
        value = value_of(part, place)
        closed = pattern.closed
        if value.atom is not None and closed is not None:
            value = typed(value, element(closed), place, shape(closed))
        elif value.literal is not None:
            value = replace(value, literal=None)
        if value.atom is not None and not pattern.match(value.type, bindings):
            value = fault("T007", f"`{leaf}` of `{node.label}` is {pattern}, not {type_text(value.type)}", place.span,
                          secondary=[*value.label(), *definition_label(node)],
                          help="convert the argument, or change the annotation")  # fmt: skip
        values.append(value)
    return values


def borders(node: Node[..., Any], made: Made, place: Place) -> list[Value]:
    """The borders of the segment around the call, if the node looks ahead in it."""
    here = [value_of(stream(value), place) for value in made.captured]
    if any(found.atom is not value.atom for found, value in zip(here, made.captured, strict=True)):
        fault("K010", f"`{node.label}` looks ahead in a segment around the mode that it is called in", place.span,
              secondary=definition_label(node),
              help="call it outside of the mode, or begin a segment in the mode")  # fmt: skip
    return here


def call(place: Place, trace: Trace, made: Made, ir: IrNode, arguments: Sequence[Value]) -> Any:
    """The results of an instance of ``ir``, of whose inputs ``arguments`` are the leaves."""
    targets = targets_of(place, trace, made.interface.result, ir)
    instance = trace.names.fresh(ir.label)
    rhs = Call(ir.name, tuple(atom_of(value) for value in arguments), instance, trace.resets)
    trace.equations.append(Equation(tuple(targets), rhs, place.span))
    base = activation(place, made, arguments)
    actual: dict[Var, Value] = dict(zip(ir.inputs, arguments, strict=True))
    actual |= {
        formal: trace.own(Value(target, base, trace)) for formal, target in zip(ir.outputs, targets, strict=True)
    }
    results = iter([
        stream(Value(target, _outer(presence, base, actual), trace))
        for target, presence in zip(targets, made.presences, strict=True)
    ])  # fmt: skip
    return build(made.interface.result, lambda: next(results))


def targets_of(
    place: Place,
    trace: Trace,
    result: Result,
    ir: IrNode,
    type_of: Callable[[int, Type], Type] = lambda _, type_: type_,
) -> list[Var]:
    """A variable for each output, named after what the results are assigned to.

    ``type_of`` gives its type, from the position and the type of the output.
    """
    if not isinstance(result, tuple):
        named = [(place.names[0] if len(place.names) == 1 else "", result)]
    else:
        parts = list(_parts(result))
        # A tuple in a tuple is unpacked to its parts, or keeps a name for all of them.
        whole = parts if len(place.names) == len(parts) else list(result)
        fits = len(place.names) == len(whole)
        named = [(place.names[number] if fits else "", part) for number, part in enumerate(whole)]
    single = len(ir.outputs) == 1
    outputs = iter(enumerate(ir.outputs))
    targets: list[Var] = []
    for name, part in named:
        for leaf, _ in leaves_of_result(part, name):
            position, output = next(outputs)
            spot = replace(place, names=(leaf,)) if name else (place if single else inner(place))
            role = ir.label if single else f"{ir.label}_{output.name}"
            targets.append(trace.variable(type_of(position, output.type), spot, role, output.unit))
    return targets


def _parts(result: Result) -> Iterator[Result]:
    """What a result is made of, down to streams and records."""
    for part in result if isinstance(result, tuple) else ():
        if isinstance(part, tuple):
            yield from _parts(part)
        else:
            yield part


def activation(place: Place, made: Made, arguments: Sequence[Value]) -> Presence:
    """The clock of the call."""
    on_base = [value for value, p in zip(arguments, made.inputs, strict=True) if isinstance(p, OnBase)]
    shared = shared_presence(on_base, place)
    if shared is not None:
        return shared
    for value, formal in zip(arguments, made.inputs, strict=True):
        found = None if value.presence is None else resolve(value.presence)
        if isinstance(found, Sampled) and isinstance(formal, Sampled) and found.word == formal.word is not None:
            return found.parent
    return Pending()


def _outer(presence: Presence | None, base: Presence, actual: Mapping[Var, Value]) -> Presence:
    """A clock of the callee as a clock of the caller."""
    found = None if presence is None else resolve(presence)
    match found:
        case None | OnBase() | Pending():
            return base
        case Sampled(word=word) if word is not None:
            return Sampled(_outer(found.parent, base, actual), None, True, word)
        case Sampled(condition=condition) if condition is not None and condition in actual:
            atom = actual[condition].atom
            if isinstance(atom, Var):
                return Sampled(_outer(found.parent, base, actual), atom, found.constructor)
            return UNKNOWN
        case _:
            return UNKNOWN


def types_of(interface: Interface) -> list[Type] | None:
    """The types of all input leaves; None if one is open."""
    types: list[Type] = []
    for parameter in interface.parameters:
        if parameter.field is None:
            continue
        for _, pattern in leaves_of_field(parameter.field, parameter.name):
            closed = pattern.closed
            if closed is None:
                return None
            types.append(closed)
    return types

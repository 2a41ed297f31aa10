"""From a function to a node of the program: run it on its inputs, check what it returns, collect the equations.

Rule: a node is made once for each key: function, Python-valued arguments, types of its streams; one with parameters
for each call, since each instance has its own. A node that needs itself has no finite set of equations.
"""

from __future__ import annotations

import ast
import enum
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, cast

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Label, Span
from syncml.ir.clocks import BASE, Clock, On, every
from syncml.ir.equations.external import has_memory
from syncml.ir.equations.syntax import Node as IrNode
from syncml.ir.equations.syntax import Var
from syncml.ir.types import BOOL, EnumType, Type, element, shape
from syncml.lang import source
from syncml.lang.annotations import Result
from syncml.lang.finish import outputs_of
from syncml.lang.keys import key_of
from syncml.lang.leaves import build, leaves_of_result, values_of
from syncml.lang.mishaps import diagnostic_of
from syncml.lang.node import Interface, Node, definition_label
from syncml.lang.operations import typed, value_of
from syncml.lang.presence import ON_BASE, Presence, Sampled
from syncml.lang.rates import Hz, RateFault, word_at
from syncml.lang.records import Record
from syncml.lang.segments import segment_around
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import Abandoned, Declared, Session, Trace, Unplaced, Value, building, current, fault
from syncml.lang.types import Pattern, type_text

_AS_DECLARED = "return what the annotation says, or change the annotation"

DEEPEST_NESTING = 50
"""Nodes inside of nodes under construction; more than any program has, less than Python's stack."""


BORROWS = object()
"""Stands, among the nodes that are made, for one that is made once for each segment of a caller."""

LEARNS = object()
"""Stands for one that is made once for each call, since its parameters are those of the instance."""


@dataclass(frozen=True, slots=True)
class Made:
    """A node of the program; ``ir`` is None if its function is at fault.

    ``presences`` are the clocks of the outputs and ``inputs`` those of the inputs, in terms of the node itself;
    ``captured`` are the streams of the node around it, or of its caller, that stand for the last of its inputs.
    ``learns`` says that it has parameters, by their names those of this one instance.
    """

    ir: IrNode | None
    interface: Interface
    inputs: tuple[Presence, ...] = ()
    presences: tuple[Presence | None, ...] = ()
    captured: tuple[Value, ...] = ()
    learns: bool = False


def make(
    node: Node[..., Any], session: Session, statics: Mapping[str, object], types: Sequence[Type], called_at: Span | None
) -> Made:
    """The node for these Python values and types of input leaves, made now if it is the first time.

    Raises:
        DiagnosticError: its annotations are no types of the language.
    """
    key = (key_of(node, session.kept), key_of(dict(statics), session.kept), tuple(types))
    caller = current()
    found = session.made.get(key)
    if found is BORROWS and caller is not None:
        # One node for each segment of a caller in which it looks ahead.
        found = session.made.get((*key, segment_around(caller)))
    if isinstance(found, Made):
        return found
    interface = node.interface
    if key in session.active or len(session.active) > DEEPEST_NESTING:
        at = called_at or node.span
        direct = session.active[-1][0] == key[0]
        with_other = "" if direct else " through other nodes"
        fault(
            "L010",
            f"the node `{node.label}` calls itself{with_other}",
            at,
            "an instance of it would contain another, without end",
            secondary=definition_label(node),
            help="remember values from tick to tick with `state`; repeat equations with a Python loop",
        )
        return Made(None, interface)
    session.active.append(key)
    builder = _Builder(node, session, interface, statics, types, caller)
    try:
        made = builder.made()
    except Unplaced:
        builder.forget()
        raise
    finally:
        session.active.pop()
    if made.learns:
        if caller is not None:
            session.made[key] = LEARNS
        return made
    if builder.borrows and caller is not None:
        session.made[key] = BORROWS
        key = (*key, segment_around(caller))
    session.made[key] = made
    if node.options.tangent is not None and made.ir is not None:
        session.tangents[made.ir.name] = Declared(node.options.tangent, statics)
    return made


def is_borrower(node: Node[..., Any], session: Session) -> bool:
    """Whether the node was made for a call in a segment in which it looks ahead."""
    return _stands(BORROWS, node, session)


def is_learner(node: Node[..., Any], session: Session) -> bool:
    """Whether the node was made for a call that has parameters."""
    return _stands(LEARNS, node, session)


def _stands(mark: object, node: Node[..., Any], session: Session) -> bool:
    key = key_of(node, session.kept)
    return any(cast("tuple[object, ...]", k)[0] == key for k, found in session.made.items() if found is mark)


class _Builder:
    """The construction of one node."""

    def __init__(
        self,
        node: Node[..., Any],
        session: Session,
        interface: Interface,
        statics: Mapping[str, object],
        types: Sequence[Type],
        caller: Trace | None,
    ) -> None:
        rate = None if node.options.rate is None else node.options.rate.rate
        self._node = node
        self._session = session
        self._interface = interface
        self._statics = statics
        self._trace = Trace(session, node.label, node.function.__code__, rate, node.span, node.outer, caller)
        self._name = session.names.fresh(node.label)
        self._types = list(types)
        self._inputs: list[Var] = []
        self._by_parameter: dict[str, list[Var]] = {}
        self._declare_inputs()

    def _declare_inputs(self) -> None:
        types = iter(self._types)
        for parameter in self._interface.parameters:
            if parameter.field is None:
                continue
            leaves = leaves_of_result(parameter.field, parameter.name)
            made = [
                Var(self._trace.names.fresh(name), next(types), parameter.span, True, pattern.unit)
                for name, pattern in leaves
            ]
            self._by_parameter[parameter.name] = made
            self._inputs.extend(made)
            self._trace.inputs.update(made)

    @property
    def borrows(self) -> bool:
        """Whether the node looks ahead in a segment of its caller."""
        return self._trace.borrowed is not None

    def forget(self) -> None:
        """Leave the name of the node to another one."""
        self._session.names.release(self._name, self._node.label)

    def made(self) -> Made:
        """Run the function and take its equations."""
        with building(self._session, self._trace):
            clocks, presences = self._input_clocks()
            try:
                returned = self._node.run(self._arguments(presences))
            except Unplaced:
                raise
            except Abandoned:
                return Made(None, self._interface)
            except DiagnosticError as wrong:
                self._session.collector.extend(wrong.diagnostics)
                return Made(None, self._interface)
            except Exception as wrong:
                self._session.collector.add(diagnostic_of(wrong, self._node.span, f"`{self._node.label}` was traced"))
                return Made(None, self._interface)
            if self._trace.unplaced:
                raise Unplaced(tuple(self._trace.unplaced))
            self._trace.close()
            for missing in list(self._trace.unfinished.values()):
                self._session.collector.add(missing())
            results = self._results(returned)
            if results is None or self._trace.unfinished:
                return Made(None, self._interface)
            # What a function read of the node around it comes after its own inputs.
            captured = self._trace.captured
            self._inputs.extend(captured.values())
            outputs, output_presences = outputs_of(self._trace, self._inputs, results, self._return_span)
        ir = IrNode(
            self._name, self._node.label, tuple(self._inputs), tuple(outputs), tuple(self._trace.equations),
            tuple(self._trace.properties), self._node.span, self._trace.rate, self._node.options.abstract,
            MappingProxyType(clocks), inspect.getdoc(self._node.function) or "", MappingProxyType(self._trace.within),
            MappingProxyType(self._trace.beside), self._node.options.external,
            tuple(self._trace.parameters),
        )  # fmt: skip
        if not self._node.options.memory and has_memory(ir, {n.name: n for n in self._session.nodes}):
            fault("L023", f"the external node `{ir.label}` is declared without memory, and its model has some",
                  self._node.span, help=f'write @external("{ir.external}", memory=True)')  # fmt: skip
        self._session.nodes.append(ir)
        inputs = tuple(presences.get(var, ON_BASE) for var in self._inputs)
        return Made(ir, self._interface, inputs, tuple(output_presences), tuple(captured), self._trace.learns)

    def _arguments(self, presences: Mapping[Var, Presence]) -> dict[str, Any]:
        arguments: dict[str, Any] = dict(self._statics)
        for parameter in self._interface.parameters:
            if parameter.field is not None:
                variables = iter(self._by_parameter[parameter.name])
                arguments[parameter.name] = build(
                    parameter.field,
                    lambda variables=variables: stream(Value((v := next(variables)), presences[v], self._trace)),
                )
        return {name: arguments[name] for name in self._interface.signature.parameters}

    def _input_clocks(self) -> tuple[dict[Var, Clock], dict[Var, Presence]]:
        """The clocks that the user declared, and for a node with a rate the base clock for all others."""
        clocks: dict[Var, Clock] = {}
        presences: dict[Var, Presence] = dict.fromkeys(self._inputs, ON_BASE)
        declared = dict(self._node.options.at)
        for name in [name for name in declared if name not in self._by_parameter]:
            fault("L015", f"`at` of `{self._node.label}` names `{name}`, which is no input", self._node.span,
                  help=f"its inputs are {', '.join(f'`{known}`' for known in self._by_parameter)}")  # fmt: skip
        for name, variables in self._by_parameter.items():
            clock = self._declared(name, declared[name]) if name in declared else None
            for var in variables:
                if clock is not None:
                    clocks[var], presences[var] = clock
                elif self._trace.rate is not None:
                    clocks[var] = BASE
        return clocks, presences

    def _declared(self, name: str, at: object) -> tuple[Clock, Presence] | None:
        span = next(p.span for p in self._interface.parameters if p.name == name)
        match at:
            case Hz():
                return self._declared_rate(name, at, span)
            case str():
                return self._declared_condition(name, at, True, span)
            case (str() as condition, enum.Enum() as member):
                return self._declared_condition(name, condition, member.name, span)
            case _:
                fault("L015", f"the clock of `{name}` is `{at}`", span,
                      help='write a rate, at={"x": Hz(25)}, or the name of a Boolean input, at={"x": "c"}')  # fmt: skip
                return None

    def _declared_rate(self, name: str, at: Hz, span: Span) -> tuple[Clock, Presence] | None:
        if self._trace.rate is None:
            fault(
                "C004",
                f"the rate {at} of `{name}` needs a node with a rate",
                span,
                help="write @node(rate=Hz(...), at=...)",
            )
            return None
        try:
            word = word_at(at, self._trace.rate)
        except RateFault as wrong:
            fault("C002", wrong.message, span, f"`{name}` is declared at {at}", help=wrong.help)
            return None
        return every(BASE, word), Sampled(ON_BASE, None, True, word)

    def _declared_condition(
        self, name: str, condition: str, constructor: bool | str, span: Span
    ) -> tuple[Clock, Presence] | None:
        variables = self._by_parameter.get(condition, [])
        wanted = variables[0].type if len(variables) == 1 else None
        fits = (
            wanted == BOOL
            if constructor is True
            else isinstance(wanted, EnumType) and constructor in wanted.constructors
        )
        if not fits:
            fault("L015", f"the clock of `{name}` is `{condition}`, which is no such input", span,
                  help="name an input that is a stream of bool, or of the enumeration")  # fmt: skip
            return None
        return On(BASE, variables[0], constructor), Sampled(ON_BASE, variables[0], constructor)

    def _results(self, returned: object) -> list[tuple[str, str, Value]] | None:
        """Check what the function returned; the name, the unit and the value of each leaf."""
        wanted = self._node.result_for(returned)
        self._interface = replace(self._interface, result=wanted)
        place = self._return_span
        if returned is None and wanted != () and self._node.options.external:
            fault("L023", f"the external node `{self._node.label}` has no model", place, "its body gives no result",
                  help="write what simulation runs in place of the C function; a rough one will do, since proofs rest "
                       "on the contract")  # fmt: skip
            return None
        if not _has_form(returned, wanted):
            message = f"`{self._node.label}` returns {_form(returned)}, and its annotation says {_wanted_form(wanted)}"
            fault("L013", message, place, secondary=self._result_label(), help=_AS_DECLARED)
            return None
        results: list[tuple[str, str, Value]] = []
        bindings: dict[Any, object] = {}
        for parameter in self._interface.parameters:
            if parameter.field is not None:
                for (_, pattern), var in zip(
                    leaves_of_result(parameter.field, parameter.name), self._by_parameter[parameter.name], strict=True
                ):
                    pattern.match(var.type, bindings)
        good = True
        for (name, pattern), given in zip(leaves_of_result(wanted, "out"), values_of(returned), strict=True):
            value = self._result(given, pattern, place, bindings)
            good = good and value.atom is not None
            results.append((name, pattern.unit, value))
        return results if good else None

    def _result(self, given: object, pattern: Pattern, at: Span, bindings: dict[Any, object]) -> Value:
        place = source.Place(at, self._trace.code)
        value = value_of(given, place)
        closed = pattern.closed
        if value.atom is not None and closed is not None:
            value = typed(value, element(closed), place, shape(closed))
        if value.atom is not None and not pattern.match(value.type, bindings):
            message = f"`{self._node.label}` returns {type_text(value.type)}, and its annotation says {pattern}"
            return fault("L013", message, at, secondary=[*value.label(), *self._result_label()], help=_AS_DECLARED)
        return value

    @cached_property
    def _return_span(self) -> Span:
        """The returned expression, if the function has one `return`."""
        found = source.definition(self._node.function.__code__)
        if found is not None:
            tree, definition = found
            returns = [n for n in ast.walk(definition) if isinstance(n, ast.Return) and n.value is not None]
            if len(returns) == 1 and returns[0].value is not None:
                return tree.span(returns[0].value)
        return self._node.span

    def _result_label(self) -> list[Label]:
        found = source.definition(self._node.function.__code__)
        if found is None or found[1].returns is None:
            return []
        return [Label(found[0].span(found[1].returns), "declared here")]


def _has_form(returned: object, wanted: Result) -> bool:
    """Whether ``returned`` has the tuples and records of ``wanted``; types of streams are checked later."""
    if isinstance(wanted, tuple):
        if not wanted:
            return returned is None
        parts = cast("tuple[object, ...]", returned) if isinstance(returned, tuple) else ()
        return len(parts) == len(wanted) and all(_has_form(p, w) for p, w in zip(parts, wanted, strict=True))
    if isinstance(wanted, Pattern):
        return returned is not None and not isinstance(returned, tuple | Record)
    return isinstance(returned, wanted)


def _form(returned: object) -> str:
    match returned:
        case None:
            return "nothing"
        case tuple():
            return f"{len(cast('tuple[object, ...]', returned))} results"
        case Record():
            return f"a record `{type(returned).__name__}`"
        case Stream():
            return "one stream"
        case _:
            return f"a value of type `{type(returned).__name__}`"


def _wanted_form(wanted: Result) -> str:
    match wanted:
        case ():
            return "nothing"
        case tuple():
            return f"{len(wanted)} results"
        case Pattern():
            return f"one stream of {wanted}"
        case _:
            return f"a record `{wanted.__name__}`"

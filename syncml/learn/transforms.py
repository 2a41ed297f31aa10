"""Derivatives of nodes, as nodes.

    grad(f, wrt)(x, ..)             the adjoint of the inputs ``wrt`` for the sum of f's result over the segment
    value_and_grad(f, wrt)(x, ..)   f's results and that
    vjp(f, wrt)(changes, x, ..)     f's results, and the adjoint of ``wrt`` for given changes with f's results
    jvp(f, wrt)(changes, x, ..)     f's results, and their changes with given changes of ``wrt``
    stop_gradient(x)                x, which no derivative passes

Rule: the result at instant n is a stream of the segment around the call: the adjoint of ``x`` at n is the derivative of
the objective, summed over the instants of the segment, by the value of ``x`` at n. A node without memory needs no
segment. The gradient of a parameter, which is constant in a segment, is the sum of its adjoint over the segment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar, overload

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Label, error
from syncml.ir.clocks import BASE, Clock
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Pack, Segment, Var
from syncml.ir.equations.syntax import Node as IrNode
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FRACTIONAL, element, shape
from syncml.lang.annotations import Result
from syncml.lang.building import Made, make
from syncml.lang.instances import bind, borders, call, poisoned
from syncml.lang.leaves import leaves_of_field, values_of
from syncml.lang.node import Node, definition_label
from syncml.lang.operations import atom_of, typed, value_of
from syncml.lang.presence import ON_BASE, UNKNOWN, Presence
from syncml.lang.segments import segment_around
from syncml.lang.source import here
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import Value, fault, trace_at
from syncml.lang.types import type_text
from syncml.learn.activity import STOP, active, reached, rounded
from syncml.learn.adjoint import adjoint
from syncml.learn.declared import alone, rules_of
from syncml.learn.flat import flattened
from syncml.learn.here import number
from syncml.learn.rules import Rule
from syncml.learn.tangent import tangent

X = TypeVar("X")
R = TypeVar("R")
Names: TypeAlias = str | tuple[str, ...] | None
OF_FIRST = object()
"""Stands for a change of 1 with the first result."""


def stop_gradient(x: X) -> X:
    """``x``, a constant for every derivative."""
    place = here()
    trace = trace_at(place, "`stop_gradient`")
    value = value_of(x, place)
    if value.atom is None:
        return x
    rhs = Apply(Op.COPY, (atom_of(value),), STOP)
    found: Any = stream(trace.define(rhs, value.type, place, "stopped", value.presence))
    return found


@overload
def grad(f: Node[..., Any], wrt: str | None = None) -> Callable[..., Stream[Any]]: ...
@overload
def grad(f: Node[..., Any], wrt: tuple[str, ...]) -> Callable[..., tuple[Stream[Any], ...]]: ...
def grad(f: Node[..., Any], wrt: Names = None) -> Callable[..., Any]:
    """The gradient of a node's first result, summed over the segment, by some of its inputs.

    Args:
        f: A node whose first result is a number (a scalar stream of floats).
        wrt: The name of a parameter, or several; the first stream by default.

    Returns:
        What takes the arguments of ``f`` and gives the adjoint of ``wrt``, a tuple if it is one.
    """

    def apply(*args: Any, **kwargs: Any) -> Any:
        return _Derivative(f, wrt, "grad").reverse(OF_FIRST, args, kwargs)[1]

    return apply


@overload
def value_and_grad(f: Node[..., R], wrt: str | None = None) -> Callable[..., tuple[R, Stream[Any]]]: ...
@overload
def value_and_grad(f: Node[..., R], wrt: tuple[str, ...]) -> Callable[..., tuple[R, tuple[Stream[Any], ...]]]: ...
def value_and_grad(f: Node[..., Any], wrt: Names = None) -> Callable[..., Any]:
    """As `grad`, with the results of ``f`` first: ``(results, gradient)``."""

    def apply(*args: Any, **kwargs: Any) -> Any:
        return _Derivative(f, wrt, "value_and_grad").reverse(OF_FIRST, args, kwargs)

    return apply


@overload
def vjp(f: Node[..., R], wrt: str | None = None) -> Callable[..., tuple[R, Stream[Any]]]: ...
@overload
def vjp(f: Node[..., R], wrt: tuple[str, ...]) -> Callable[..., tuple[R, tuple[Stream[Any], ...]]]: ...
def vjp(f: Node[..., Any], wrt: Names = None) -> Callable[..., Any]:
    """What takes changes of an objective with the results of ``f``, then the arguments of ``f``.

    It gives the results of ``f``, and the adjoint of ``wrt``. The changes have the form of the results.
    """

    def apply(changes: Any, /, *args: Any, **kwargs: Any) -> Any:
        return _Derivative(f, wrt, "vjp").reverse(changes, args, kwargs)

    return apply


def jvp(f: Node[..., R], wrt: Names = None) -> Callable[..., tuple[R, R]]:
    """What takes changes of the inputs ``wrt``, then the arguments of ``f``; it gives the results and their changes."""

    def apply(changes: Any, /, *args: Any, **kwargs: Any) -> Any:
        return _Derivative(f, wrt, "jvp").forward(changes, args, kwargs)

    return apply


@dataclass(frozen=True, slots=True)
class _Extra:
    """An input that a derivative has and the node has not."""

    var: Var
    clock: Clock
    presence: Presence
    value: Value


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A node as it is called: as traced, as flat equations, and what it is given."""

    made: Made
    ir: IrNode
    flat: IrNode
    rules: Mapping[str, Rule]
    arguments: tuple[Value, ...]

    def presence(self, var: Var) -> Presence | None:
        """Where an input or an output is present, in terms of the node."""
        if var in self.ir.inputs:
            return self.made.inputs[self.ir.inputs.index(var)]
        return self.made.presences[self.ir.outputs.index(var)]


class _WrongError(Exception):
    """A fault that has been reported."""


class _Derivative:
    """One derivative of one node, at one place."""

    def __init__(self, node: Node[..., Any], wrt: Names, what: str) -> None:
        self._place = here()
        self._trace = trace_at(self._place, f"`{what}`")
        if not isinstance(node, Node):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = f"`{what}` is applied to what is no node"
            help_ = "give a function with the decorator @node"
            raise DiagnosticError(error("G003", message, self._place.span, help=help_))
        self._node = node
        self._what = what
        streams = [p.name for p in node.interface.parameters if p.field is not None]
        self._single = not isinstance(wrt, tuple)
        self._wrt = wrt if isinstance(wrt, tuple) else (wrt or streams[0],)
        if unknown := [name for name in self._wrt if name not in streams]:
            message = f"`{node.label}` has no stream `{unknown[0]}` to differentiate by"
            help_ = f"its streams are {', '.join(f'`{name}`' for name in streams)}"
            secondary = definition_label(node)
            raise DiagnosticError(error("G003", message, self._place.span, secondary=secondary, help=help_))

    def reverse(self, changes: object, args: tuple[object, ...], kwargs: Mapping[str, Any]) -> Any:
        """The results, and the adjoints of ``wrt``."""
        fields = [p.field for p in self._node.interface.parameters if p.name in self._wrt]
        adjoints: Result = fields[0] if self._single else tuple(fields)  # pyright: ignore[reportAssignmentType]
        result: Result = (self._node.interface.result, adjoints)
        try:
            prepared = self._prepared(args, kwargs)
            extras, seeds = (
                self._objective(prepared)
                if changes is OF_FIRST
                else self._changes(prepared, prepared.flat.outputs, changes)
            )
            wrt = self._inputs(prepared)
            on_path = active(prepared.flat, wrt, seeds)
            self._check(prepared, wrt)
            if changes is OF_FIRST:
                self._check_effect(prepared, wrt, on_path)
            segment, borders_ = self._segment(prepared, on_path)
            extras += borders_
            derived, found = adjoint(_with_inputs(prepared.flat, extras), wrt, seeds, segment, prepared.rules)
        except _WrongError:
            return poisoned(result)
        return self._called(prepared, derived, result, extras, list(zip(wrt, found, strict=True)))

    def forward(self, changes: object, args: tuple[object, ...], kwargs: Mapping[str, Any]) -> Any:
        """The results, and their changes."""
        result: Result = (self._node.interface.result, self._node.interface.result)
        try:
            prepared = self._prepared(args, kwargs)
            wrt = self._inputs(prepared)
            extras, seeds = self._changes(prepared, wrt, changes)
            self._check(prepared, wrt)
            derived, found = tangent(_with_inputs(prepared.flat, extras), seeds, prepared.rules)
        except _WrongError:
            return poisoned(result)
        outputs = list(zip(prepared.flat.outputs, found, strict=True))
        return self._called(prepared, derived, result, extras, outputs)

    def _prepared(self, args: tuple[object, ...], kwargs: Mapping[str, Any]) -> _Prepared:
        """The node for these arguments, as equations."""
        session = self._trace.session
        bound = bind(self._node, self._node.interface, self._place, (*self._node.bound, *args), kwargs)
        if bound is None:
            raise _WrongError
        statics, arguments = bound
        made = make(self._node, session, statics, [value.type for value in arguments], self._place.span)
        if made.ir is None:
            raise _WrongError
        try:
            # A node that declares its derivative is seen from outside.
            flat = flattened(alone(made.ir) if made.ir.name in session.tangents else made.ir, session)
            rules = rules_of(flat, session)
        except DiagnosticError as wrong:
            session.collector.extend(wrong.diagnostics)
            raise _WrongError from wrong
        return _Prepared(made, made.ir, flat, rules, (*arguments, *borders(self._node, made, self._place)))

    def _inputs(self, prepared: _Prepared) -> list[Var]:
        """The leaves of ``wrt``, in their order."""
        found: dict[str, list[Var]] = {}
        inputs = iter(prepared.ir.inputs)
        for parameter in self._node.interface.parameters:
            if parameter.field is not None:
                found[parameter.name] = [next(inputs) for _ in leaves_of_field(parameter.field, parameter.name)]
        return [var for p in self._node.interface.parameters if p.name in self._wrt for var in found[p.name]]

    def _objective(self, prepared: _Prepared) -> tuple[list[_Extra], dict[Var, Atom]]:
        """A change of 1 with the first result."""
        first = prepared.flat.outputs[0] if prepared.flat.outputs else None
        if first is None or shape(first.type) or element(first.type) not in FRACTIONAL:
            found = "none" if first is None else f"`{type_text(first.type)}`"
            message = f"the first result of `{self._node.label}` is {found}, and `{self._what}` needs one number"
            help_ = "return the loss first, a scalar stream of floats; `vjp` takes changes of any results"
            fault("G003", message, self._place.span, secondary=definition_label(self._node), help=help_)
            raise _WrongError
        return [], {first: number(1.0, element(first.type))}

    def _changes(
        self, prepared: _Prepared, variables: Sequence[Var], changes: object
    ) -> tuple[list[_Extra], dict[Var, Atom]]:
        """Inputs for given changes, of the types and on the clocks of ``variables``."""
        given = list(values_of(changes))
        if len(given) != len(variables):
            message = f"`{self._what}` of `{self._node.label}` takes {len(variables)} changes, not {len(given)}"
            help_ = f"give those of {', '.join(f'`{var.name}`' for var in variables)}"
            fault("G003", message, self._place.span, secondary=definition_label(self._node), help=help_)
            raise _WrongError
        extras: list[_Extra] = []
        seeds: dict[Var, Atom] = {}
        for var, part in zip(variables, given, strict=True):
            value = value_of(part, self._place)
            if element(var.type) not in FRACTIONAL:
                continue
            if value.atom is not None:
                value = typed(value, element(var.type), self._place, shape(var.type))
            if value.atom is None:
                raise _WrongError
            if isinstance(value.atom, Const):
                seeds[var] = value.atom
                continue
            change = Var(f"{var.name}_change", var.type, var.span, True, var.unit)
            presence = prepared.presence(var)
            extras.append(_Extra(change, prepared.flat.clocks[var], presence or UNKNOWN, value))
            seeds[var] = change
        return extras, seeds

    def _check(self, prepared: _Prepared, wrt: Sequence[Var]) -> None:
        """Report what has no derivative."""
        whole = [var for var in wrt if element(var.type) not in FRACTIONAL]
        for var in whole:
            message = f"`{var.name}` of `{self._node.label}` is `{type_text(var.type)}`, which does not change a little"
            fault("G003", message, self._place.span, secondary=definition_label(self._node), help="take a float")
        found = rounded(prepared.flat, reached(prepared.flat, wrt))
        self._trace.session.collector.extend(found)
        if whole or found:
            raise _WrongError

    def _check_effect(self, prepared: _Prepared, wrt: Sequence[Var], on_path: frozenset[Var]) -> None:
        """A gradient that is 0 whatever happens is a slip: a forgotten term, or a `stop_gradient` too many."""
        without = [var for var in wrt if var not in on_path]
        for var in without:
            message = f"no change of `{var.name}` reaches the first result of `{self._node.label}`: its gradient is 0"
            secondary = (Label(var.span, f"`{var.name}`"), Label(prepared.flat.outputs[0].span, "the first result"))
            help_ = f"compute the loss from `{var.name}`, or leave it out of `wrt`"
            fault("G004", message, self._place.span, secondary=secondary, help=help_)
        if without:
            raise _WrongError

    def _segment(self, prepared: _Prepared, on_path: frozenset[Var]) -> tuple[Segment | None, list[_Extra]]:
        """The segment in which adjoints go back, if there is memory on the way, and inputs for its borders."""
        delayed = [
            e
            for e in prepared.flat.equations
            if ((isinstance(e.rhs, Fby) and e.rhs.following in on_path) or isinstance(e.rhs, Pack))
            and e.target in on_path
        ]
        if not delayed:
            return None, []
        scope = segment_around(self._trace)
        if scope is None:
            memory = delayed[0].target
            message = f"the gradient of `{self._node.label}` goes back through its memory, outside of a segment"
            secondary = (Label(memory.span, f"`{memory.name}` is remembered"),)
            help_ = "put it into a segment: `with segment(every=8) as seg:`"
            fault("K010", message, self._place.span, secondary=secondary, help=help_)
            raise _WrongError
        # A node that looks ahead itself has the borders among its last inputs.
        captured = prepared.made.captured
        inside = prepared.ir.inputs[len(prepared.ir.inputs) - len(captured) :]
        known = {value.atom: var for value, var in zip(captured, inside, strict=True)}
        extras: list[_Extra] = []
        ends: list[Var] = []
        for border in (scope.first, scope.last):
            assert isinstance(border.atom, Var)
            var = known.get(border.atom)
            if var is None:
                var = Var(f"{border.atom.name}_around", BOOL, border.atom.span)
                extras.append(_Extra(var, BASE, ON_BASE, value_of(stream(border), self._place)))
            ends.append(var)
        return replace(scope.ir, first=ends[0], last=ends[1]), extras

    def _called(
        self,
        prepared: _Prepared,
        derived: IrNode,
        result: Result,
        extras: Sequence[_Extra],
        outputs: Sequence[tuple[Var, Atom]],
    ) -> Any:
        """An instance of the derivative, whose further outputs are those, each on the clock of its variable."""
        session = self._trace.session
        equations: list[Equation] = []
        clocks = dict(derived.clocks)
        found: list[Var] = []
        for var, atom in outputs:
            target = atom
            if not isinstance(atom, Var) or atom in derived.inputs or atom in found:
                target = Var(f"{var.name}_derivative", var.type, var.span)
                clocks[target] = clocks[var]
                equations.append(Equation((target,), Apply(Op.COPY, (atom,)), var.span, clocks[var]))
            assert isinstance(target, Var)
            found.append(target)
        label = f"{self._node.label}_{self._what}"
        ir = replace(
            derived,
            name=session.names.fresh(label),
            label=label,
            outputs=(*derived.outputs, *found),
            # The clocks of all streams are declared: inference has to agree.
            equations=tuple(replace(e, clock=None) for e in (*derived.equations, *equations)),
            clocks=MappingProxyType(clocks),
        )
        session.nodes.append(ir)
        session.derived.add(prepared.ir.name)
        made = replace(
            prepared.made,
            ir=ir,
            interface=replace(self._node.interface, result=result),
            inputs=(*prepared.made.inputs, *(extra.presence for extra in extras)),
            presences=(*prepared.made.presences, *(prepared.presence(var) for var, _ in outputs)),
        )
        arguments = [*prepared.arguments, *(extra.value for extra in extras)]
        return call(self._place, self._trace, made, ir, arguments)


def _with_inputs(node: IrNode, extras: Sequence[_Extra]) -> IrNode:
    clocks = {**node.clocks, **{extra.var: extra.clock for extra in extras}}
    return replace(node, inputs=(*node.inputs, *(e.var for e in extras)), clocks=MappingProxyType(clocks))

"""Nodes: functions that are traced, and calls of them.

Rule: a call traces its node once for each set of Python-valued arguments and types of streams, and adds the equation
``(y1, .., yn) = f(x1, .., xm)``, one instance with its own state.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Label, Span, error
from syncml.lang import source
from syncml.lang.annotations import Field, Result, evaluate, field, is_stream, result, scope_of_caller
from syncml.lang.rates import Hz
from syncml.lang.source import Place, here
from syncml.lang.trace import Trace, trace_at
from syncml.lang.types import AnnotationFault

if TYPE_CHECKING:
    from syncml.lang.stream import Stream

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Options:
    """What ``@node(...)`` says; ``tangent`` is the derivative that `syncml.learn.with_tangent` declares."""

    rate: Hz | None = None
    at: tuple[tuple[str, object], ...] = ()
    abstract: bool = False
    external: str = ""
    memory: bool = True
    tangent: Node[..., Any] | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a node; ``field`` is None for a Python value."""

    name: str
    field: Field | None
    span: Span


@dataclass(frozen=True, slots=True)
class Interface:
    """What the annotations of a node's function say."""

    parameters: tuple[Parameter, ...]
    result: Result
    signature: inspect.Signature

    @property
    def statics(self) -> tuple[Parameter, ...]:
        """The parameters that are Python values."""
        return tuple(p for p in self.parameters if p.field is None)


class Node(Generic[P, R]):
    """A node: call it inside another node to make an instance."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type[Any]) -> Node[P, R]: ...
        @overload
        def __get__(self: Node[Concatenate[Any, Q], R], instance: object, owner: type[Any]) -> Node[Q, R]: ...
        def __get__(self, instance: Any, owner: Any) -> Any: ...
    else:

        def __get__(self, instance, owner):
            return self if instance is None else Node(self.function, self.options, self.scope, (instance,))

    def __init__(
        self, function: Callable[P, R], options: Options, scope: Mapping[str, Any], bound: tuple[object, ...] = ()
    ) -> None:
        self.function: Callable[..., Any] = function
        self.options = options
        self.scope = scope
        self.bound = bound
        self.outer: Trace | None = None
        """The node whose streams the function may read as they are; a function with `@node` reads none."""
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function
        self.__syncml_function__ = function

    def __repr__(self) -> str:
        return f"<node {self.label}>"

    @property
    def label(self) -> str:
        """The name that the user wrote; of a method ``__call__``, that of its class."""
        name = self.function.__name__
        return type(self.bound[0]).__name__ if name == "__call__" and self.bound else name

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Make an instance of the node, activated at the clock of its arguments."""
        from syncml.lang.instances import instantiate

        place = here()
        trace = trace_at(place, f"the node `{self.label}`")
        return instantiate(self, place, trace, (*self.bound, *args), dict(kwargs))

    def reset_every(self, condition: Stream[bool]) -> Callable[P, R]:
        """The node, its instances put back to their first state wherever ``condition`` is true."""
        from syncml.lang.resets import reset_every

        def restarted(*args: P.args, **kwargs: P.kwargs) -> R:
            with reset_every(condition):
                return self(*args, **kwargs)

        return restarted

    @cached_property
    def span(self) -> Span:
        """Where the function's name is."""
        found = source.definition(self.function.__code__)
        if found is None:
            return Span.point(self.function.__code__.co_filename, self.function.__code__.co_firstlineno)
        tree, definition = found
        start = definition.col_offset + len("def ")
        return tree.span_at((definition.lineno, start, definition.lineno, start + len(definition.name.encode())))

    @cached_property
    def interface(self) -> Interface:
        """The meaning of the annotations.

        Raises:
            DiagnosticError: L014, one is missing or no type of the language.
        """
        return _interface(self)

    def run(self, arguments: Mapping[str, object]) -> object:
        """What the function returns for streams and Python values by the names of its parameters."""
        return self.function(**arguments)

    def result_for(self, _returned: object) -> Result:
        """The form and the types of its results."""
        return self.interface.result

    def reset_cache(self) -> None:
        """Forget what was read from the source, which may have changed."""
        for name in ("span", "interface"):
            self.__dict__.pop(name, None)


def _interface(node: Node[..., Any]) -> Interface:
    function = node.function
    spans = _parameter_spans(node)
    try:
        hints = evaluate(function, node.scope)
    except AnnotationFault as wrong:
        raise DiagnosticError(error("L014", str(wrong), node.span, help=wrong.help or None)) from wrong
    signature = inspect.signature(function)
    found: list[Parameter] = []
    faults: list[Any] = []
    for position, (name, parameter) in enumerate(signature.parameters.items()):
        span = spans.get(name, node.span)
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            faults.append(error("L014", f"the parameter `{name}` of `{node.label}` takes any number of arguments", span,
                                help="write each parameter, or take a Python list of values"))  # fmt: skip
        elif name in hints:
            try:
                found.append(Parameter(name, field(hints[name]) if is_stream(hints[name]) else None, span))
            except AnnotationFault as wrong:
                faults.append(error("L014", str(wrong), span, f"the annotation of `{name}`", help=wrong.help or None))
        elif position < len(node.bound) or (position == 0 and name in ("self", "cls")):
            found.append(Parameter(name, None, span))
        else:
            faults.append(error("L014", f"the parameter `{name}` of `{node.label}` has no type", span,
                                help=f"write {name}: Stream[f32], or {name}: float for a Python value"))  # fmt: skip
    try:
        if "return" not in hints:
            raise AnnotationFault(f"the result of `{node.label}` has no type", "write -> Stream[f32], or -> None")
        returned = result(hints["return"])
    except AnnotationFault as wrong:
        faults.append(error("L014", str(wrong), spans.get("return", node.span), help=wrong.help or None))
        returned = ()
    if faults:
        raise DiagnosticError(*faults)
    return Interface(tuple(found), returned, signature)


def _parameter_spans(node: Node[..., Any]) -> dict[str, Span]:
    found = source.definition(node.function.__code__)
    if found is None:
        return {}
    tree, definition = found
    arguments = definition.args
    spans = {a.arg: tree.span(a) for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    if definition.returns is not None:
        spans["return"] = tree.span(definition.returns)
    return spans


@overload
def node(function: Callable[P, R], /) -> Node[P, R]: ...
@overload
def node(
    *, rate: Hz | None = None, at: Mapping[str, object] | None = None, abstract: bool = False
) -> Callable[[Callable[P, R]], Node[P, R]]: ...
def node(
    function: Callable[..., Any] | None = None,
    /,
    *,
    rate: Hz | None = None,
    at: Mapping[str, object] | None = None,
    abstract: bool = False,
) -> Any:
    """Make a node of a function whose parameters are streams.

    Args:
        function: The function; it runs once, on symbolic streams.
        rate: The rate of the node's base clock. Without it the node runs at the rate of whoever calls it, and no rate
            or time may stand in its body.
        at: The clocks of inputs that are not present at each tick: a rate (``Hz(25)``), the name of a Boolean input, or
            a pair of the name of an input and a member of its enumeration.
        abstract: The verifier uses the contract in place of the body.
    """
    decorate = _decorator(Options(rate, tuple((at or {}).items()), abstract), scope_of_caller(1))
    return decorate if function is None else decorate(function)


def external(name: str, *, memory: bool = False) -> Callable[[Callable[P, R]], Node[P, R]]:
    """Make a node whose code is a C function that the user supplies.

    The body is its *model*: the interpreter and the compiled simulation run it, exported C calls ``name`` in its place.
    Proofs rest on the contract alone, as for an abstract node. The C function has one parameter for each input and
    output leaf, as an internal function of the exported code has; its prototype is in the header.

    Args:
        name: The name of the C function.
        memory: It has a state: the registers of the model, in a struct that the function is given, and a function
            ``<name>_init`` that sets the initial one. Without, the model has no memory.
    """
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        message = f"`{name}` is no name of a C function"
        raise DiagnosticError(error("L023", message, here().span, help="write letters, digits and underscores"))
    return _decorator(Options(abstract=True, external=name, memory=memory), scope_of_caller(1))


def _decorator(options: Options, scope: Mapping[str, Any]) -> Callable[[Callable[..., Any]], Node[..., Any]]:
    def decorate(f: Callable[..., Any]) -> Node[..., Any]:
        if not inspect.isfunction(f):
            message = "`@node` is applied to something that is not a function"
            raise DiagnosticError(error("L014", message, here().span, help="decorate a function defined with `def`"))
        return Node(f, options, scope)

    return decorate


def definition_label(found: Node[..., Any]) -> tuple[Label, ...]:
    """Where a node is defined, for the secondary labels of a message."""
    return (Label(found.span, f"`{found.label}` is defined here"),)


__all__ = ["Interface", "Node", "Options", "Parameter", "Place", "definition_label", "external", "node"]

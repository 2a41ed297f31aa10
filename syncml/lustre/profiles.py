"""Interfaces that are declared apart from a body: of static parameters, of other names of nodes, of packages.

Rule: a node stands for a declared interface if it can be called with streams of the declared inputs and yields values
of the declared outputs, in number and type. So an operator of several types stands for each interface that it fits. A
package has what it provides: the nodes, constants and types, as it says they are. A function has no memory.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from syncml.diagnostics.model import DiagnosticError, Label, Span, error
from syncml.ir.clocks import BASE
from syncml.ir.equations.syntax import Call, Equation, Fby, Node
from syncml.lustre.builder import Builder
from syncml.lustre.calls import Calls
from syncml.lustre.context import Context
from syncml.lustre.delays import Delays
from syncml.lustre.operations import Operations, same_type
from syncml.lustre.scopes import Env, NodeRef, Scope, Static
from syncml.lustre.syntax import (
    Callee,
    ConstantDeclaration,
    Declaration,
    Declared,
    NodeDeclaration,
    StaticParameter,
    TypeDeclaration,
)
from syncml.lustre.types import LustreType, Value, leaves, plain
from syncml.lustre.walk import Walk


def check_argument(
    context: Context, parameter: StaticParameter, value: Static, owner: str, env: Env, span: Span
) -> Walk[None]:
    """Hold that ``value``, written at ``span``, can stand for a static parameter of ``owner``.

    Args:
        context: The program.
        parameter: A parameter of the same kind as the value.
        value: What is given for it.
        owner: The node or model that has the parameter.
        env: The values of all static parameters of the owner.
        span: Where the value is written.

    Raises:
        DiagnosticError: T001 or T007, it cannot.
    """
    place = Label(parameter.span, f"`{parameter.name}` is declared here")
    if isinstance(value, NodeRef):
        if parameter.inputs or parameter.outputs:
            yield check_interface(context, value, parameter, env, span)
    elif isinstance(value, Value) and parameter.type is not None:
        type_: LustreType = yield context.type_of(parameter.type, env)
        if plain(type_) != plain(value.type):
            message = f"the static parameter `{parameter.name}` of `{owner}` is {type_}, and {value.type} is given"
            raise DiagnosticError(error("T001", message, span, secondary=[place]))


def check_interface(
    context: Context, ref: NodeRef, declared: StaticParameter | NodeDeclaration, env: Env, span: Span
) -> Walk[None]:
    """Hold that a node or an operator can stand for a declared interface.

    Raises:
        DiagnosticError: T001 or T007, it cannot.
    """
    builder = Builder()
    inputs: list[Value] = []
    for stream in declared.inputs:
        type_: LustreType = yield context.type_of(stream.type, env)
        inputs.append(_given(builder, stream, type_))
    calls = Calls(context, builder, Operations(builder, context.rules.division), Delays(builder))
    results: list[Value] = yield calls.call(ref, inputs, span)
    wanted: list[LustreType] = []
    for stream in declared.outputs:
        wanted.append((yield context.type_of(stream.type, env)))
    if [plain(t) for t in wanted] != [plain(v.type) for v in results]:
        message = f"`{ref.name}` yields {_listed([v.type for v in results])}, `{declared.name}` {_listed(wanted)}"
        place = Label(declared.span, f"`{declared.name}` is declared here")
        raise DiagnosticError(error("T001", message, span, secondary=[] if span == declared.span else [place]))


def check_provided(context: Context, scope: Scope, declared: Declaration) -> Walk[None]:
    """Hold that a package has what it says that it provides.

    Raises:
        DiagnosticError: R003, T001 or T007, it does not.
    """
    env = Env(scope, {}, {}, {})
    match declared:
        case NodeDeclaration():
            own = scope.nodes.get(declared.name)
            if own is None:
                raise _missing(scope, "node", declared)
            if not (own.statics or declared.statics):
                ref: NodeRef = yield context.callee(Callee(declared.name, (), declared.span), env)
                yield check_interface(context, ref, declared, env, own.span)
        case ConstantDeclaration():
            if declared.name not in scope.constants:
                raise _missing(scope, "constant", declared)
            if declared.type is not None:
                value: Value | None = yield context.constant(declared.name, env)
                type_: LustreType = yield context.type_of(declared.type, env)
                assert value is not None
                same_type(type_, value.type, f"`{declared.name}` as it is provided and as it is", declared.span)
        case TypeDeclaration():
            if declared.name not in scope.types:
                raise _missing(scope, "type", declared)


def _missing(scope: Scope, kind: str, declared: Declaration) -> DiagnosticError:
    message = f"the package `{scope.name}` provides the {kind} `{declared.name}`, which it does not have"
    return DiagnosticError(error("R003", message, declared.span, help=f"declare the {kind} behind `body`"))


def memory_in(node: Node, remembering: Container[str]) -> Equation | None:
    """An equation of a node that remembers something, or that calls one of the nodes that are known to."""
    for equation in node.equations:
        rhs = equation.rhs
        if isinstance(rhs, Fby) or (isinstance(rhs, Call) and rhs.node in remembering):
            return equation
    return None


def has_memory(declaration: NodeDeclaration, memory: Equation) -> DiagnosticError:
    """The fault of a function with an equation that remembers something."""
    return DiagnosticError(
        error("R007", f"the function `{declaration.name}` has memory", memory.span, "this depends on earlier instants",
              secondary=[Label(declaration.span, f"`{declaration.name}` is a function")],
              help=f"declare it as a node: node {declaration.name}(...)")
    )  # fmt: skip


def _given(builder: Builder, declared: Declared, type_: LustreType) -> Value:
    """A stream of a declared input, for a call that only shows types."""
    atoms = tuple(builder.stream(f"{declared.name}{path}", kind, declared.span) for path, kind, _ in leaves(type_))
    for atom in atoms:
        builder.declare(atom, BASE)
    return Value(type_, atoms)


def _listed(types: Sequence[LustreType]) -> str:
    return ", ".join(map(str, types)) or "nothing"

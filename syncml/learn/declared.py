"""Derivatives that nodes declare.

    spike = with_tangent(step, surrogate)       surrogate(d_x, x) is the change of step(x) with the change d_x of x

Rule: a derivative does not look into a node with a declared tangent. ``y = f(x)`` gives

    dy  = rule(dx, x)              forwards
    x' += rule^T(y', x)            backwards

where ``rule^T`` is the adjoint of the rule by its changes. It exists because the rule is linear in them: a rule that
multiplies two changes, or chooses by one, is refused (G005). What a rule adds whatever the changes are, counts for
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NoReturn, ParamSpec, TypeVar

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Label, Span, error
from syncml.ir.clocks import BASE, On, steps
from syncml.ir.equations.syntax import Apply, Atom, Call, Equation, Fby, Node, Pack, Post, Var, atoms
from syncml.ir.operators import Op
from syncml.ir.types import Type
from syncml.lang.building import make
from syncml.lang.leaves import leaves_of_field
from syncml.lang.node import Node as SourceNode
from syncml.lang.node import definition_label
from syncml.lang.source import here
from syncml.lang.trace import Session
from syncml.lang.types import type_text
from syncml.learn.activity import active
from syncml.learn.adjoint import adjoint
from syncml.learn.flat import flattened
from syncml.learn.rules import Rule
from syncml.learn.structure import is_fractional
from syncml.learn.tangent import tangent

P = ParamSpec("P")
R = TypeVar("R")


def with_tangent(f: SourceNode[P, R], rule: SourceNode[..., Any]) -> SourceNode[P, R]:
    """A node that computes what ``f`` does, and whose derivatives are given by ``rule``.

    Args:
        f: The node; all of its inputs and results are on its base clock.
        rule: A node without memory of changes: from the changes of the inputs of ``f`` that are floats, in their order,
            and then all of its inputs, it computes the changes of the results that are floats. It takes the Python
            values of ``f`` by their names.
    """
    for given in (f, rule):
        if not isinstance(given, SourceNode):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "`with_tangent` is applied to what is no node"
            raise DiagnosticError(error("G003", message, here().span, help="give functions with the decorator @node"))
    return SourceNode(f.function, replace(f.options, tangent=rule), f.scope, f.bound)


def rules_of(flat: Node, session: Session) -> Mapping[str, Rule]:
    """The declared derivatives of the nodes that a flat node still calls.

    Raises:
        DiagnosticError: G005, one does not fit its node; or the rule has no derivative itself.
    """
    found: dict[str, Rule] = {}
    for equation in flat.equations:
        if isinstance(call := equation.rhs, Call):
            streams = (*equation.targets, *(a for a in call.arguments if isinstance(a, Var)))
            if slower := [var for var in streams if flat.clocks[var] != equation.clock]:
                _refuse(session, call.node, f"`{slower[0].name}` is on another clock than the instance", equation.span)
            if call.node not in found:
                found[call.node] = _rule(call.node, session)
    return found


def alone(node: Node) -> Node:
    """A node that calls ``node`` and nothing else, so that the derivative is the declared one."""
    name = f"{node.name}_alone"
    call = Call(node.name, node.inputs, node.label)
    no_clocks: Mapping[Var, Any] = MappingProxyType({v: c for v, c in node.clocks.items() if v in node.inputs})
    return replace(node, name=name, equations=(Equation(node.outputs, call, node.span),), properties=(),
                   clocks=no_clocks, within=MappingProxyType({}), beside=MappingProxyType({}))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Traced:
    """The rule of a node as flat equations, and which of its inputs are the changes."""

    name: str
    flat: Node
    changes: tuple[Var, ...]


def _rule(name: str, session: Session) -> Rule:
    traced = _traced(name, session)
    forward, found = tangent(traced.flat, {var: var for var in traced.changes}, {})
    inputs = traced.flat.inputs
    tangent_node = _node(forward, inputs, found, f"{traced.name}_tangent", session)
    seeds = {y: Var(f"d_{y.name}_given", y.type, y.span) for y in traced.flat.outputs}
    clocks = {**traced.flat.clocks, **{seed: traced.flat.clocks[y] for y, seed in seeds.items()}}
    given = (*seeds.values(), *(var for var in inputs if var not in traced.changes))
    seeded = replace(traced.flat, inputs=(*seeds.values(), *inputs), clocks=MappingProxyType(clocks))
    backward, returned = adjoint(seeded, traced.changes, seeds, None, {})
    adjoint_node = _node(backward, given, returned, f"{traced.name}_adjoint", session)
    if changing := [var for var in traced.changes if var in _read(adjoint_node)]:
        _refuse(session, name, f"its rule is not linear in the change `{changing[0].name}`", changing[0].span)
    session.nodes += [tangent_node, adjoint_node]
    return Rule(tangent_node.name, adjoint_node.name)


def _traced(name: str, session: Session) -> _Traced:
    """The rule that the node called ``name`` declares, for the types of its streams."""
    declared = session.tangents[name]
    node = next(n for n in session.nodes if n.name == name)
    types: list[Type] = [v.type for v in node.inputs if is_fractional(v)]
    count = len(types)
    types += [v.type for v in node.inputs]
    rule = declared.rule
    patterns = [leaf for p in rule.interface.parameters if p.field for leaf in leaves_of_field(p.field, p.name)]
    if len(patterns) != len(types):
        _refuse(session, name, f"its rule takes {len(patterns)} streams, not {len(types)}", rule.span)
    bindings: dict[Any, object] = {}
    for (leaf, pattern), type_ in zip(patterns, types, strict=True):
        if not pattern.match(type_, bindings):
            _refuse(session, name, f"`{leaf}` of its rule is {pattern}, not {type_text(type_)}", rule.span)
    wanted = {p.name for p in rule.interface.statics}
    statics = {key: value for key, value in declared.statics.items() if key in wanted}
    if missing := sorted(wanted - statics.keys()):
        _refuse(session, name, f"`{missing[0]}` of its rule is no Python value of the node", rule.span)
    made = make(rule, session, statics, types, rule.span)
    if made.ir is None:
        raise DiagnosticError
    given, needed = [v.type for v in made.ir.outputs], [v.type for v in node.outputs if is_fractional(v)]
    if given != needed:
        texts = [", ".join(f"`{type_text(t)}`" for t in found) or "nothing" for found in (given, needed)]
        _refuse(session, name, f"its rule gives changes of types {texts[0]}, not {texts[1]}", rule.span)
    flat = flattened(made.ir, session)
    changes = flat.inputs[:count]
    on_path = active(flat, changes, flat.outputs)
    for equation in flat.equations:
        if isinstance(equation.rhs, Fby | Post | Pack) and equation.target in on_path:
            _refuse(session, name, f"its rule remembers a change, `{equation.target.name}`", equation.span)
    return _Traced(node.label, flat, changes)


def _node(base: Node, inputs: Sequence[Var], results: Sequence[Atom], name: str, session: Session) -> Node:
    """A node of the equations that the results need."""
    makers = {target: equation for equation in base.equations for target in equation.targets}
    equations: dict[int, Equation] = {}
    waiting = [atom for atom in results if isinstance(atom, Var)]
    while waiting:
        equation = makers.get(waiting.pop())
        if equation is not None and id(equation) not in equations:
            equations[id(equation)] = replace(equation, clock=None)
            waiting += [atom for atom in atoms(equation.rhs) if isinstance(atom, Var)]
            waiting += [step.condition for step in steps(base.clocks[equation.targets[0]]) if isinstance(step, On)]
    outputs = tuple(Var(f"change_{k}", result.type, base.span) for k, result in enumerate(results, 1))
    copies = [
        Equation((output,), Apply(Op.COPY, (result,)), base.span)
        for output, result in zip(outputs, results, strict=True)
    ]
    clocks = {v: base.clocks[v] for e in equations.values() for v in e.targets} | dict.fromkeys(
        (*inputs, *outputs), BASE
    )
    made = session.names.fresh(name)
    return replace(
        base, name=made, label=made, inputs=tuple(inputs), outputs=outputs, equations=(*equations.values(), *copies),
        properties=(), clocks=MappingProxyType(clocks), within=MappingProxyType({}), beside=MappingProxyType({}),
    )  # fmt: skip


def _read(node: Node) -> set[Var]:
    """The streams that a node reads, its inputs among them."""
    return {atom for equation in node.equations for atom in atoms(equation.rhs) if isinstance(atom, Var)}


def _refuse(session: Session, name: str, message: str, at: Span) -> NoReturn:
    """Report that a declared derivative does not fit."""
    declared = session.tangents[name]
    node = next(n for n in session.nodes if n.name == name)
    raise DiagnosticError(
        error(
            "G005",
            f"the derivative that `{node.label}` declares does not fit: {message}",
            at,
            secondary=(Label(node.span, f"`{node.label}` is defined here"), *definition_label(declared.rule)),
            help="a rule takes the changes of the inputs that are floats, then all inputs, and gives the changes of "
            "the results that are floats",
        )
    )

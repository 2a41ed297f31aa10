"""The product of two nodes: one program that runs both on the same inputs and compares what they return.

Rule: the main node has the inputs of the first one, an instance of each, and for the i-th outputs x and y the promise

    x == y, or both are no number, in every element

at each instant of their clock, which has to be one. The duties of their callers are assumed, and so are their
assumptions; their lemmas stay, to be proved and used; their promises and goals are no part of the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType

from syncml.diagnostics.model import Diagnostic, DiagnosticError, Label, error
from syncml.ir.clocks import BASE
from syncml.ir.equations.inline import rebase
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Call,
    Equation,
    Iterate,
    Node,
    Program,
    Property,
    PropertyKind,
    Var,
)
from syncml.ir.operators import Op, result_type
from syncml.ir.types import FLOATS, element, shape, size
from syncml.ir.typing_rules import Attribute

EQUAL = "=="
"""Between the names of two nodes: their product."""


def product(first: Program, second: Program) -> Program:
    """The product of the main nodes of two programs that are not clocked yet.

    Raises:
        DiagnosticError: V012, their interfaces differ.
    """
    left, right = first.node(first.main), second.node(second.main)
    if faults := list(_differences(left, right)):
        raise DiagnosticError(*faults)
    taken = {n.name for n in first.nodes}
    names: dict[str, str] = {}
    for node in second.nodes:
        names[node.name] = _fresh(node.name, taken)
    others = [_renamed(n, names) for n in second.nodes]
    nodes = [_asked(n, is_main=n.name in (first.main, names[second.main])) for n in (*first.nodes, *others)]
    main = _Product(left, right, first.main, names[second.main], _fresh(f"{left.label}_and_{right.label}", taken))
    return replace(first, nodes=(*nodes, main.node()), main=main.name)


def _differences(left: Node, right: Node) -> Iterator[Diagnostic]:
    """V012 for each thing that makes the nodes impossible to compare."""
    both = f"`{left.label}` and `{right.label}`"
    if left.rate != right.rate:
        yield _fault(f"{both} have different rates", left, right)
    for what, ours, theirs in (("inputs", left.inputs, right.inputs), ("outputs", left.outputs, right.outputs)):
        if [v.type for v in ours] != [v.type for v in theirs]:
            shown = (", ".join(str(v.type) for v in side) or "nothing" for side in (ours, theirs))
            yield _fault(f"{both} have different {what}: {' and '.join(shown)}", left, right)
    if not left.outputs:
        yield _fault(f"{both} have no outputs to compare", left, right)


def _fault(message: str, left: Node, right: Node) -> Diagnostic:
    return error("V012", message, left.span, f"`{left.label}`", secondary=[Label(right.span, f"`{right.label}`")],
                 help="compare nodes of the same interface, or write a node around one of them")  # fmt: skip


def _fresh(base: str, taken: set[str]) -> str:
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    taken.add(name)
    return name


def _renamed(node: Node, names: dict[str, str]) -> Node:
    equations = tuple(
        replace(e, rhs=replace(e.rhs, node=names[e.rhs.node])) if isinstance(e.rhs, Call | Iterate) else e
        for e in node.equations
    )
    return replace(node, name=names[node.name], equations=equations)


def _asked(node: Node, *, is_main: bool) -> Node:
    """A node with what its contract contributes to the question."""

    def clauses(given: Iterable[Property]) -> Iterator[Property]:
        for clause in given:
            match clause.kind:
                case PropertyKind.REQUIRE if is_main:
                    yield replace(clause, kind=PropertyKind.ASSUME)
                case PropertyKind.ASSUME | PropertyKind.INVARIANT | PropertyKind.REQUIRE:
                    yield clause
                case PropertyKind.ENSURE if node.abstract and not is_main:
                    yield clause
                case _:
                    pass

    return replace(node, properties=tuple(clauses(node.properties)))


class _Product:
    """The main node of a product under construction."""

    def __init__(self, left: Node, right: Node, first: str, second: str, name: str) -> None:
        self.name = name
        self._left, self._right = left, right
        self._instances = (first, second)
        self._taken = {v.name for v in left.inputs}
        self._equations: list[Equation] = []

    def node(self) -> Node:
        """The node."""
        left, right = self._left, self._right
        inputs = {v: replace(v, user=True) for v in left.inputs}
        found = [self._instance(n, called, tuple(inputs.values()))
                 for n, called in zip((left, right), self._instances, strict=True)]  # fmt: skip
        properties: list[Property] = []
        for formal, x, y in zip(left.outputs, *found, strict=True):
            properties.append(Property(PropertyKind.ENSURE, f"{formal.name} is the same", self._same(x, y), x.span))
        clocks = {inputs[v]: rebase(c, BASE, lambda w: inputs[w]) for v, c in left.clocks.items() if v in inputs}
        return Node(
            self.name,
            f"{left.label} {EQUAL} {right.label}",
            tuple(inputs.values()),
            tuple(v for outputs in found for v in outputs),
            tuple(self._equations),
            tuple(properties),
            left.span,
            left.rate,
            clocks=MappingProxyType(clocks),
        )

    def _instance(self, node: Node, called: str, inputs: tuple[Var, ...]) -> tuple[Var, ...]:
        targets = tuple(replace(v, name=_fresh(f"{v.name}_{node.label}", self._taken), user=True) for v in node.outputs)
        self._equations.append(Equation(targets, Call(called, inputs, called), node.span))
        return targets

    def _same(self, x: Var, y: Var) -> Var:
        same = self._apply(x, Op.EQ, (x, y))
        if element(x.type) in FLOATS:
            neither = self._apply(x, Op.AND, (self._apply(x, Op.NE, (x, x)), self._apply(x, Op.NE, (y, y))))
            same = self._apply(x, Op.OR, (same, neither))
        if shape(x.type):
            flat = self._apply(x, Op.RESHAPE, (same,), (size(x.type),))
            same = self._apply(x, Op.ALL, (flat,), (0,))
        return same

    def _apply(self, at: Var, op: Op, arguments: tuple[Atom, ...], attribute: Attribute = None) -> Var:
        type_ = result_type(op, tuple(a.type for a in arguments), attribute)
        target = Var(_fresh(f"{at.name}_{op.value}", self._taken), type_, at.span)
        self._equations.append(Equation((target,), Apply(op, arguments, attribute), at.span))
        return target

"""Values that nothing is known of: ``any`` of Kind 2, and its ``pre`` at a first instant that no ``->`` guards.

Rule: each is an instance of an abstract node without inputs, so that a proof holds for whatever it yields and a
counterexample says what it was. A simulation and C have zero.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from syncml.diagnostics.model import Span
from syncml.ir.clocks import BASE
from syncml.ir.constants import zero
from syncml.ir.equations.syntax import Apply, Equation, Node, Var
from syncml.ir.operators import Op
from syncml.ir.types import Element

LABEL = "any"


class FreeNodes:
    """The nodes of a program whose outputs are free, one for each type."""

    def __init__(self, unique: Callable[[str], str], nodes: list[Node]) -> None:
        self._unique = unique
        self._nodes = nodes
        self._known: dict[Element, Node] = {}

    def of(self, kind: Element, span: Span) -> Node:
        """The node whose output has the type ``kind``; its place is the first use."""
        if kind not in self._known:
            output = Var("value", kind, span)
            equation = Equation((output,), Apply(Op.COPY, (zero(kind),)), span)
            node = Node(
                self._unique(f"{LABEL}_{kind}"), LABEL, (), (output,), (equation,), (), span, abstract=True,
                clocks=MappingProxyType({output: BASE}),
            )  # fmt: skip
            self._known[kind] = node
            self._nodes.append(node)
        return self._known[kind]

"""Calls that need the future, in the place of the call.

Rule: what a sweep computes has no instances, so a node that is called with arguments from the future of a segment, and
one that looks ahead in a segment of its caller, become equations of the caller.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncml.ir.equations.backward import backward_of
from syncml.ir.equations.inline import inline_where
from syncml.ir.equations.syntax import Call, Iterate, Node, Post, Program
from syncml.ir.equations.unroll import unroll


def open_future(program: Program) -> Program:
    """Inline the calls of a clocked program whose arguments need the future: a sweep has no instances.

    So are those of nodes that look ahead in a segment of their caller. An array of instances becomes calls first.
    """
    while True:
        borrowers = {node.name for node in program.nodes if _borrows(node)}
        chosen = {
            node.name: frozenset(
                e.rhs.instance
                for e in node.equations
                if isinstance(e.rhs, Call | Iterate)
                and (e.rhs.node in borrowers or not found.ahead.keys().isdisjoint(e.targets))
            )
            for node in program.nodes
            if (found := backward_of(node)).ahead or borrowers
        }
        if not any(chosen.values()):
            return program

        def is_chosen(node: Node, rhs: Call | Iterate, chosen: Mapping[str, frozenset[str]] = chosen) -> bool:
            return rhs.instance in chosen.get(node.name, frozenset())

        program = inline_where(unroll(program, is_chosen), is_chosen)


def _borrows(node: Node) -> bool:
    """Whether a node looks ahead in a segment whose borders its caller gives."""
    return any(isinstance(e.rhs, Post) and e.rhs.segment.last in node.inputs for e in node.equations)

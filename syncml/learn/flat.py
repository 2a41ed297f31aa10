"""A traced node as one flat list of clocked equations, which is what can be differentiated.

Rule: clocks are inferred, buffers become registers and rings, arrays of instances are unrolled and calls inlined, as
for the compiled program, but those of nodes that declare a derivative; the variables of the node's interface stay what
they are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from syncml.clock_calculus import crossing, lower_buffers
from syncml.clock_calculus.inference import infer_clocks
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import Buffer, Call, Equation, Iterate, Node, Program, Var
from syncml.lang.trace import Session


def flattened(node: Node, session: Session) -> Node:
    """The equations of ``node`` and of all that it calls, but for nodes that declare a derivative.

    Args:
        node: As it was traced.
        session: What it may call, callees first.

    Raises:
        DiagnosticError: clocks do not fit (C); G002, the size of a buffer depends on data and is not given.
    """
    others = session.nodes
    declared = frozenset(session.tangents)
    needed, looked_into = {node.name}, {node.name}
    kept: list[Node] = []
    for each in reversed((*others, node) if node not in others else others):
        if each.name in needed:
            kept.append(each)
            callees = {e.rhs.node for e in each.equations if isinstance(e.rhs, Call | Iterate)}
            needed |= callees
            looked_into |= callees - declared if each.name in looked_into else frozenset()
    clocked = _without_buffers(infer_clocks(Program(tuple(reversed(kept)), node.name)), looked_into)
    flat = inline(clocked, declared - {node.name})
    return flat.node(flat.main)


def _without_buffers(program: Program, looked_into: Collection[str]) -> Program:
    """``program`` with registers and rings for its buffers; nodes that are seen from outside have none here."""
    nodes: list[Node] = []
    for node in program.nodes:
        if node.name not in looked_into:
            nodes.append(replace(node, equations=tuple(e for e in node.equations if not isinstance(e.rhs, Buffer))))
            continue
        nodes.append(node)
        for equation in node.equations:
            if _is_open(node, equation):
                message = f"the size of the buffer `{equation.target.name}`, which a derivative passes, depends on data"
                help_ = "give its size: buffer(..., size=8)"
                raise DiagnosticError(error("G002", message, equation.span, help=help_))
    return lower_buffers(replace(program, nodes=tuple(nodes)))[0]


def _is_open(node: Node, equation: Equation) -> bool:
    """Whether an equation is a buffer whose size neither the clocks nor the user give."""
    rhs = equation.rhs
    if not isinstance(rhs, Buffer) or rhs.size is not None or not isinstance(rhs.source, Var):
        return False
    assert equation.clock is not None
    return crossing(node.clocks[rhs.source], equation.clock, is_reset=bool(rhs.resets)).words is None

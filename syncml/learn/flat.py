"""A traced node as one flat list of clocked equations, which is what can be differentiated.

Rule: clocks are inferred, arrays of instances unrolled and calls inlined, as for the compiled program, but those of
nodes that declare a derivative; the variables of the node's interface stay what they are.
"""

from __future__ import annotations

from syncml.clock_calculus.inference import infer_clocks
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import Buffer, Call, Iterate, Node, Program
from syncml.lang.trace import Session


def flattened(node: Node, session: Session) -> Node:
    """The equations of ``node`` and of all that it calls, but for nodes that declare a derivative.

    Args:
        node: As it was traced.
        session: What it may call, callees first.

    Raises:
        DiagnosticError: clocks do not fit (C); G002, there is a buffer, whose order of values has no adjoint here.
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
    program = Program(tuple(reversed(kept)), node.name)
    for each in program.nodes:
        for equation in each.equations if each.name in looked_into else ():
            if isinstance(equation.rhs, Buffer):
                message = f"`{equation.target.name}` is a buffer, of which no derivative is known"
                help_ = "differentiate what comes before it and what comes after it"
                raise DiagnosticError(error("G002", message, equation.span, help=help_))
    flat = inline(infer_clocks(program), declared - {node.name})
    return flat.node(flat.main)

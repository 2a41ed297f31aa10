"""External functions: nodes whose code the user supplies in C.

Rule: where nodes stay separate, a call of an external node stays one call, of a function whose results come from its
arguments and its memory at each instant at which it is called. So its inputs and outputs are on its base clock, nothing
it is given depends on its own results within the instant, and its body, the model, has no nodes of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncml.diagnostics.model import Diagnostic, DiagnosticError, Label, Span, error
from syncml.ir.clocks import BASE
from syncml.ir.equations.inline import inline_where
from syncml.ir.equations.syntax import Buffer, Call, Equation, Fby, Iterate, Node, Pack, Post, Program, Wave
from syncml.ir.equations.unroll import unroll


def whole_models(program: Program) -> Program:
    """``program`` with the nodes that the models of external nodes call in the place of the calls.

    Raises:
        DiagnosticError: X003, an external node is not a function of C.
    """
    if not any(n.external for n in program.nodes):
        return program
    program = unroll(program, lambda caller, _rhs: bool(caller.external))
    program = inline_where(program, lambda caller, _call: bool(caller.external))
    first: dict[str, Node] = {}
    faults: list[Diagnostic] = []
    for node in program.nodes:
        if not node.external or node.name == program.main:
            continue
        late = next((v for v in (*node.inputs, *node.outputs) if node.clocks[v] != BASE), None)
        if late is not None:
            what = f"`{late.name}` of the external node `{node.label}` is not present at each call"
            faults.append(_fault(what, late.span, node, "hold it, or sample where the node is called"))
        other = first.setdefault(node.external, node)
        if other is not node:
            what = f"two nodes are the C function `{node.external}`"
            faults.append(_fault(what, node.span, other, "give each its own name: a node that is called with several "
                                                         "types or Python values is several functions"))  # fmt: skip
    if faults:
        raise DiagnosticError(*faults)
    return program


def check_separate(before: Program, after: Program) -> None:
    """Hold that no call of an external node was put in place from ``before`` to ``after``.

    Raises:
        DiagnosticError: X003, with the node.
    """
    kept = _calls(after)
    for name, calls in _calls(before).items():
        node = before.node(name)
        if len(kept.get(name, ())) < len(calls):
            what = f"the external node `{node.label}` cannot be called as one function"
            raise DiagnosticError(
                error(
                    "X003",
                    what,
                    calls[0].span,
                    "what it is given depends on its results in the same tick, or it is in a part that is put in place",
                    secondary=[Label(node.span, f"`{node.label}` is defined here")],
                    help="cut the loop with a delay: pre(x, init=...)",
                )
            )


def _calls(program: Program) -> Mapping[str, list[Equation]]:
    external = {n.name for n in program.nodes if n.external}
    found: dict[str, list[Equation]] = {}
    for node in program.nodes:
        for equation in node.equations:
            if isinstance(equation.rhs, Call | Iterate) and equation.rhs.node in external:
                found.setdefault(equation.rhs.node, []).append(equation)
    return found


def has_memory(node: Node, nodes: Mapping[str, Node]) -> bool:
    """Whether an instance of ``node`` remembers anything; ``nodes`` has all that it calls."""
    stack, seen = [node], {node.name}
    while stack:
        for equation in stack.pop().equations:
            match equation.rhs:
                case Fby() | Wave() | Post() | Pack() | Buffer():
                    return True
                case Call(callee) | Iterate(callee) if callee not in seen and callee in nodes:
                    seen.add(callee)
                    stack.append(nodes[callee])
                case _:
                    pass
    return False


def _fault(message: str, at: Span, node: Node, help_: str) -> Diagnostic:
    return error("X003", message, at, secondary=[Label(node.span, f"`{node.label}` is defined here")], help=help_)

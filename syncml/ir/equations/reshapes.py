"""One reshape in the place of several.

Rule: ``y = reshape(x); z = reshape(y)`` is ``z = reshape(x)``, for both keep the elements in their order. What is read
by nobody any more is left out, unless somebody observes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from syncml.ir.equations.syntax import Apply, Node, Var, atoms
from syncml.ir.operators import Op


def merge_reshapes(node: Node, shown: Callable[[Var], bool]) -> Node:
    """``node`` with each reshape of a reshape a reshape of what that reads."""
    source = {
        e.target: e.rhs.arguments[0] for e in node.equations if isinstance(e.rhs, Apply) and e.rhs.op is Op.RESHAPE
    }
    passed: set[Var] = set()
    for var, read in source.items():
        while isinstance(read, Var) and read in source:
            passed.add(read)
            read = source[read]
        source[var] = read
    if not passed:
        return node
    equations = [
        replace(e, rhs=replace(e.rhs, arguments=(source[e.target],)))
        if isinstance(e.rhs, Apply) and e.rhs.op is Op.RESHAPE
        else e
        for e in node.equations
    ]
    needed = {a for e in equations for a in atoms(e.rhs) if isinstance(a, Var)}
    needed |= {*node.outputs, *(p.holds for p in node.properties)}
    gone = {v for v in passed if v not in needed and not shown(v)}
    return replace(node, equations=tuple(e for e in equations if not gone.intersection(e.targets)))

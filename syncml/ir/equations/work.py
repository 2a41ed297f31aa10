"""An estimate of the work of an instant, to choose between forms of a program.

Rule: every scalar that is computed or moved counts 1, an elementary function `FUNCTION`; views count nothing, and what
runs along an axis counts each term. Instances count nothing: forms that are compared have the same ones.
"""

from __future__ import annotations

from math import prod

from syncml.ir.elementary import ELEMENTARY
from syncml.ir.equations.syntax import Apply, Equation, Fby, Node
from syncml.ir.operators import Op
from syncml.ir.types import shape, size
from syncml.ir.typing_rules import contraction

FUNCTION = 12
"""The operations of an elementary function, about."""

_FREE = frozenset({Op.COPY, Op.INDEX, Op.SLICE, Op.TRANSPOSE, Op.RESHAPE, Op.UNFOLD, Op.AT, Op.WINDOW})


def work_of(node: Node) -> int:
    """The estimate for one instant of a node in which everything is present."""
    return sum(map(_work, node.equations))


def _work(equation: Equation) -> int:
    rhs = equation.rhs
    if isinstance(rhs, Fby):
        return size(equation.target.type)
    if not isinstance(rhs, Apply) or rhs.op in _FREE:
        return 0
    results = size(equation.target.type)
    match rhs.op:
        case Op.MATMUL:
            return 2 * results * shape(rhs.arguments[1].type)[0]
        case Op.EINSUM:
            form = contraction(rhs.attribute)
            extents = form.extents(tuple(a.type for a in rhs.arguments))
            return len(rhs.arguments) * results * prod(extents[letter] for letter in form.summed)
        case Op.SUM | Op.LEAST | Op.GREATEST | Op.ALL | Op.ANY:
            return size(rhs.arguments[0].type)
        case _:
            return results * (FUNCTION if rhs.op in ELEMENTARY else 1)

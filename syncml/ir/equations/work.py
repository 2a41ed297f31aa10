"""The work of an instant in which everything is present, counted on equations.

Rule: the *products* are the multiplications of contractions and of products of matrices, one for each term of each sum.
The *work* is an estimate to choose between forms of a program: every scalar that is computed or moved counts 1, an
elementary function `FUNCTION`; views count nothing, and what runs along an axis counts each term. An instance counts
what its node does.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from syncml.ir.elementary import ELEMENTARY
from syncml.ir.equations.syntax import Apply, Call, Equation, Fby, Iterate, Program
from syncml.ir.operators import Op
from syncml.ir.types import shape, size
from syncml.ir.typing_rules import contraction

FUNCTION = 12
"""The operations of an elementary function, about."""

_FREE = frozenset({Op.COPY, Op.INDEX, Op.SLICE, Op.TRANSPOSE, Op.RESHAPE, Op.UNFOLD, Op.AT, Op.WINDOW})


def work_of(program: Program) -> int:
    """The estimate for the main node."""
    return _total(program, _work)


def products_of(program: Program) -> int:
    """The products of the main node."""
    return _total(program, _products)


def terms_of(program: Program) -> int:
    """The operations on whole arrays of the main node, where each term of a sum of products is one."""
    return _total(program, _terms)


def equations_of(program: Program) -> int:
    """The equations of the main node, with those of what it calls."""
    return _total(program, lambda _: 1)


def _total(program: Program, measure: Callable[[Equation], int]) -> int:
    found: dict[str, int] = {}
    for node in program.nodes:
        total = 0
        for equation in node.equations:
            match equation.rhs:
                case Call(node=callee):
                    total += found[callee]
                case Iterate(node=callee, extent=extent):
                    total += extent * found[callee]
                case _:
                    total += measure(equation)
        found[node.name] = total
    return found[program.main]


def _products(equation: Equation) -> int:
    rhs = equation.rhs
    if not isinstance(rhs, Apply):
        return 0
    results = size(equation.target.type)
    if rhs.op is Op.MATMUL:
        return results * shape(rhs.arguments[1].type)[0]
    if rhs.op is Op.EINSUM:
        form = contraction(rhs.attribute)
        extents = form.extents(tuple(a.type for a in rhs.arguments))
        return (len(rhs.arguments) - 1) * results * prod(extents[letter] for letter in form.summed)
    return 0


def _terms(equation: Equation) -> int:
    rhs = equation.rhs
    if isinstance(rhs, Apply) and rhs.op in (Op.MATMUL, Op.EINSUM):
        factors = 1 if rhs.op is Op.MATMUL else max(1, len(rhs.arguments) - 1)
        return max(1, _products(equation) // (factors * size(equation.target.type)))
    if isinstance(rhs, Apply) and rhs.op in (Op.SUM, Op.LEAST, Op.GREATEST):
        return size(rhs.arguments[0].type) // size(equation.target.type)
    return 1


def _work(equation: Equation) -> int:
    rhs = equation.rhs
    results = sum(size(t.type) for t in equation.targets)
    if isinstance(rhs, Fby):
        return results
    if not isinstance(rhs, Apply) or rhs.op in _FREE:
        return 0
    match rhs.op:
        case Op.MATMUL | Op.EINSUM:
            return 2 * _products(equation)
        case Op.SUM | Op.LEAST | Op.GREATEST | Op.ALL | Op.ANY:
            return size(rhs.arguments[0].type)
        case _:
            return results * (FUNCTION if rhs.op in ELEMENTARY else 1)

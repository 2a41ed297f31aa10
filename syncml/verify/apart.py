"""What depends on no product of streams: counters, indices, modes. It is decided before what is hard, by itself.

Rule: a stream is *linear* if nothing in its cone multiplies or divides two streams, applies an elementary function, or
works on the bits of integers. The clauses about linear streams are a system of their own, which k-induction decides in
a moment, however many products there are beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from syncml.ir.equations.syntax import Apply, Equation, Node, Property, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL
from syncml.verify.cone import Cones

_PRODUCTS = frozenset({Op.MUL, Op.DIV, Op.FLOORDIV, Op.MOD, Op.POW, Op.MATMUL, Op.EINSUM})

_CURVES = frozenset({Op.SQRT, Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS, Op.ATAN2, Op.SHL, Op.SHR})

_TRUTH = frozenset({Op.AND, Op.OR, Op.XOR, Op.NOT})
"""On integers they are operations on bits."""


def linear_part(node: Node, cones: Cones, clauses: Sequence[Property]) -> list[Property]:
    """The clauses about linear streams, where there are others beside them; else none.

    Args:
        node: A flat node with its checks.
        cones: Those of the node.
        clauses: Some of its clauses.
    """
    hard = cones.followers(t for e in node.equations if _is_hard(e) for t in e.targets)
    # Every proof may use every assumption.
    if not hard or any(p.holds in hard for p in node.properties if p.kind is PropertyKind.ASSUME):
        return []
    found = [c for c in clauses if c.holds not in hard]
    return found if len(found) < len(clauses) else []


def within(node: Node, cones: Cones) -> Node:
    """The equations that the clauses of ``node`` depend on."""
    cone = cones.within(p.holds for p in node.properties)
    return replace(node, equations=tuple(e for e in node.equations if not cone.isdisjoint(e.targets)))


def _is_hard(equation: Equation) -> bool:
    rhs = equation.rhs
    if not isinstance(rhs, Apply):
        return False
    unknown = [a for a in rhs.arguments if isinstance(a, Var)]
    if rhs.op in _PRODUCTS:
        return len(unknown) > 1 or (rhs.op is not Op.MUL and bool(unknown) and rhs.arguments[0] not in unknown)
    return rhs.op in _CURVES or (rhs.op in _TRUTH and any(a.type is not BOOL for a in rhs.arguments))

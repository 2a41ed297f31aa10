"""How long statements take, roughly: what decides between ways to run them, never what they compute."""

from __future__ import annotations

from collections.abc import Sequence

from syncml.ir.step.syntax import Apply, Binary, BinaryOp, Expr, For, Stmt, Unary, UnaryOp
from syncml.ir.step.traverse import blocks, own_expressions, walk

SLOW = 10
"""About how many other operations a division or a square root takes."""


def cost(body: Sequence[Stmt], *, written: bool = False) -> int:
    """About how many operations ``body`` runs, functions included; or has, if only what is written counts."""
    total = 0
    stack = [(stmt, 1) for stmt in body]
    while stack:
        stmt, times = stack.pop()
        for expr in own_expressions(stmt):
            for part in walk(expr):
                total += times * (1 + (len(part.function.body) if isinstance(part, Apply) else 0))
                total += 0 if written or not _is_slow(part) else SLOW * times
        inner = times * stmt.count if isinstance(stmt, For) and not written else times
        stack += [(each, inner) for block in blocks(stmt) for each in block]
    return total


def _is_slow(expr: Expr) -> bool:
    match expr:
        case Binary(op=BinaryOp.DIV) | Unary(op=UnaryOp.SQRT):
            return True
        case _:
            return False

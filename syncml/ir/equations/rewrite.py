"""Right-hand sides with other streams in the places of those that they read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Fby,
    Iterate,
    Merge,
    Pack,
    Post,
    Rhs,
    Segment,
    Var,
    Wave,
    When,
)


def rewritten(rhs: Rhs, atom: Callable[[Atom], Atom], var: Callable[[Var], Var]) -> Rhs:
    """``rhs`` with ``atom`` applied to every operand and ``var`` to every condition and reset."""
    match rhs:
        case Apply():
            return Apply(rhs.op, tuple(map(atom, rhs.arguments)), rhs.attribute)
        case Call() | Iterate():
            return replace(rhs, arguments=tuple(map(atom, rhs.arguments)), resets=tuple(map(var, rhs.resets)))
        case Fby():
            return Fby(rhs.init, atom(rhs.following), tuple(map(var, rhs.resets)))
        case When():
            return replace(rhs, source=atom(rhs.source), condition=var(rhs.condition))
        case Merge():
            return replace(rhs, condition=var(rhs.condition), branches=tuple((c, atom(a)) for c, a in rhs.branches))
        case Wave():
            return replace(rhs, resets=tuple(map(var, rhs.resets)))
        case Buffer():
            condition = None if rhs.condition is None else var(rhs.condition)
            return replace(rhs, source=atom(rhs.source), condition=condition, resets=tuple(map(var, rhs.resets)))
        case Post():
            return Post(atom(rhs.following), atom(rhs.init), _segment(rhs.segment, var))
        case Pack():
            return Pack(atom(rhs.source), _segment(rhs.segment, var), tuple(map(var, rhs.resets)))
        case _:
            assert_never(rhs)


def _segment(segment: Segment, var: Callable[[Var], Var]) -> Segment:
    return replace(segment, first=var(segment.first), last=var(segment.last))

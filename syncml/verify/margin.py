"""Formulas that hold with room to spare, so that rounding does not undo them.

Rule: in a formula brought to negation normal form, ``a < b`` and ``a <= b`` on reals become ``a + e <= b``; every
other atom stays. The result implies the formula, so a model of it is a model of the formula.
"""

from __future__ import annotations

from fractions import Fraction

from syncml.verify.smt import Term, z3


def with_margin(term: Term, margin: Fraction) -> Term:
    """A formula that implies ``term``, and by ``margin`` where it compares reals."""
    if not margin:
        return term
    room = z3.RealVal(f"{margin.numerator}/{margin.denominator}", term.ctx)
    done: dict[tuple[int, bool], Term] = {}
    stack: list[tuple[Term, bool]] = [(term, True)]
    while stack:
        t, positive = stack[-1]
        key = (t.get_id(), positive)
        if key in done:
            stack.pop()
            continue
        parts = _parts(t, positive)
        missing = [p for p in parts if (p[0].get_id(), p[1]) not in done]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        done[key] = _built(t, positive, [done[p.get_id(), sign] for p, sign in parts], room)
    return done[term.get_id(), True]


def _is_choice(t: Term) -> bool:
    return bool(z3.is_app_of(t, z3.Z3_OP_ITE) and z3.is_bool(t))


def _parts(t: Term, positive: bool) -> list[tuple[Term, bool]]:
    if z3.is_and(t) or z3.is_or(t):
        return [(c, positive) for c in t.children()]
    if z3.is_not(t):
        return [(t.arg(0), not positive)]
    if z3.is_implies(t):
        return [(t.arg(0), not positive), (t.arg(1), positive)]
    if _is_choice(t):
        return [(t.arg(0), True), (t.arg(0), False), (t.arg(1), positive), (t.arg(2), positive)]
    return []


def _built(t: Term, positive: bool, parts: list[Term], room: Term) -> Term:
    if z3.is_and(t):
        return z3.And(parts) if positive else z3.Or(parts)
    if z3.is_or(t):
        return z3.Or(parts) if positive else z3.And(parts)
    if z3.is_not(t):
        return parts[0]
    if z3.is_implies(t):
        return z3.Or(parts) if positive else z3.And(parts)
    if _is_choice(t):
        return z3.Or(z3.And(parts[0], parts[2]), z3.And(parts[1], parts[3]))
    return _atom(t, positive, room)


def _atom(t: Term, positive: bool, room: Term) -> Term:
    if t.num_args() == 2 and z3.is_real(t.arg(0)):
        a, b = t.children()
        less = z3.is_lt(t) or z3.is_le(t)
        if less or z3.is_gt(t) or z3.is_ge(t):
            low, high = (a, b) if less == positive else (b, a)
            return low + room <= high
        if (z3.is_eq(t) and not positive) or (z3.is_distinct(t) and positive):
            return z3.Or(a + room <= b, b + room <= a)
    return t if positive else z3.Not(t)

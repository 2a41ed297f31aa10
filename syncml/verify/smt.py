"""The border to z3: the one place that loads it, and the helpers that every engine needs.

z3 carries no types, so terms are `Term` here; whatever leaves this package is typed. Modules that import this one are
themselves imported on demand, so that z3 is not loaded with syncml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from importlib import import_module
from typing import Any, TypeAlias

z3: Any = import_module("z3")

Term: TypeAlias = Any
"""A z3 expression."""


def sort_of(name: str, context: Any = None) -> Any:
    """The z3 sort written ``Bool``, ``Int``, ``Real`` or ``BitVec<width>``."""
    match name:
        case "Bool":
            return z3.BoolSort(context)
        case "Int":
            return z3.IntSort(context)
        case "Real":
            return z3.RealSort(context)
        case _:
            return z3.BitVecSort(int(name.removeprefix("BitVec")), context)


def constants_of(terms: Iterable[Term]) -> Iterator[Term]:
    """The uninterpreted constants that occur in ``terms``, each once, without recursion."""
    seen: set[int] = set()
    stack = list(terms)
    while stack:
        term = stack.pop()
        key = term.get_id()
        if key in seen:
            continue
        seen.add(key)
        if term.num_args():
            stack.extend(term.children())
        elif z3.is_const(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            yield term


def any_of(terms: Sequence[Term]) -> Term:
    """The disjunction of many Booleans; z3's own function looks at each of them several times."""
    context = terms[0].ctx
    return z3.BoolRef(z3.Z3_mk_or(context.ref(), len(terms), _array(terms)), context)


def check(solver: Any, assumptions: Sequence[Term]) -> Any:
    """The answer of a solver under many assumptions, which are Boolean constants."""
    answer = z3.Z3_solver_check_assumptions(solver.ctx.ref(), solver.solver, len(assumptions), _array(assumptions))
    return z3.CheckSatResult(answer)


def _array(terms: Sequence[Term]) -> Any:
    return (z3.Ast * len(terms))(*(t.as_ast() for t in terms))


def limit(solver: Any, seconds: float, steps_per_second: int = 400_000) -> None:
    """Bound the next query of ``solver``, by steps rather than by the clock so that the answer can be repeated.

    The clock is the second line of defence, generous enough for a machine with other work to do.
    """
    solver.set("rlimit", max(1000, int(seconds * steps_per_second)))
    solver.set("timeout", max(100, int(10_000 * seconds)))


def with_numerals(terms: Iterable[Term]) -> list[Term]:
    """``terms`` with numerals in place of the quotients and negations by which SMT-LIB text writes numbers."""
    result = list(terms)
    for kind in (z3.Z3_OP_UMINUS, z3.Z3_OP_DIV, z3.Z3_OP_UMINUS):
        result = [_folded(t, kind) for t in result]
    return result


def _folded(term: Term, kind: int) -> Term:
    found: dict[int, Term] = {}
    seen: set[int] = set()
    stack = [term]
    while stack:
        t = stack.pop()
        if t.get_id() in seen:
            continue
        seen.add(t.get_id())
        children = t.children()
        if children and z3.is_app_of(t, kind) and all(map(is_value, children)):
            found[t.get_id()] = t
        stack.extend(children)
    return z3.substitute(term, *((t, z3.simplify(t)) for t in found.values())) if found else term


def is_value(term: Term) -> bool:
    """Whether ``term`` is a numeral or a truth value."""
    return bool(
        z3.is_true(term) or z3.is_false(term) or z3.is_int_value(term) or z3.is_rational_value(term)
        or z3.is_bv_value(term)
    )  # fmt: skip


def value_of(term: Term) -> bool | int | Fraction:
    """The number or truth value that a model gives; an algebraic number is approximated to 30 digits."""
    if z3.is_true(term) or z3.is_false(term):
        return bool(z3.is_true(term))
    if z3.is_int_value(term):
        return int(term.as_long())
    if z3.is_bv_value(term):
        return int(term.as_long())
    if z3.is_algebraic_value(term):
        term = term.approx(30)
    return Fraction(term.numerator_as_long(), term.denominator_as_long())

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
# Otherwise a solver takes the interrupt of the user for itself, and the program never hears of it.
z3.set_param("ctrl_c", False)

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


def applications(terms: Iterable[Term]) -> Iterator[tuple[Any, int, list[Any]]]:
    """Every operation in ``terms`` once: its handle in the context, its kind, and the handles of its arguments.

    A constant is an operation without arguments. Programs spend much of their time here, so this calls the library
    itself: the methods of terms look at each several times.
    """
    roots = list(terms)
    if not roots:
        return
    context, seen = roots[0].ctx.ref(), set[int]()
    stack = [t.as_ast() for t in roots]
    while stack:
        node = stack.pop()
        key = z3.Z3_get_ast_id(context, node)
        if key in seen:
            continue
        seen.add(key)
        if z3.Z3_get_ast_kind(context, node) != z3.Z3_APP_AST:
            continue
        count = z3.Z3_get_app_num_args(context, node)
        arguments = [z3.Z3_get_app_arg(context, node, i) for i in range(count)]
        yield node, z3.Z3_get_decl_kind(context, z3.Z3_get_app_decl(context, node)), arguments
        stack += arguments


def constants_of(terms: Iterable[Term]) -> Iterator[Term]:
    """The uninterpreted constants that occur in ``terms``, each once, without recursion."""
    roots = list(terms)
    for node, kind, arguments in applications(roots):
        if kind == z3.Z3_OP_UNINTERPRETED and not arguments:
            yield z3.z3._to_expr_ref(node, roots[0].ctx)


def names_of(terms: Iterable[Term]) -> Iterator[str]:
    """The names of `constants_of`."""
    roots = list(terms)
    for node, kind, arguments in applications(roots):
        if kind == z3.Z3_OP_UNINTERPRETED and not arguments:
            context = roots[0].ctx.ref()
            yield z3.Z3_get_symbol_string(context, z3.Z3_get_decl_name(context, z3.Z3_get_app_decl(context, node)))


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
    written: dict[int, Term] = {}
    for node, kind, arguments in applications(result):
        if kind in (z3.Z3_OP_UMINUS, z3.Z3_OP_DIV):
            term = z3.ArithRef(node, result[0].ctx)
            if all(_is_number(term.ctx, a) for a in arguments):
                written[term.get_id()] = term
    if not written:
        return result
    context = result[0].ctx
    spelt = list(written.values())
    numerals = [z3.simplify(t) for t in spelt]
    before, after = _array(spelt), _array(numerals)
    # The solver's own function for Python looks at each pair again for each term.
    return [
        z3.z3._to_expr_ref(z3.Z3_substitute(context.ref(), t.as_ast(), len(spelt), before, after), context)
        for t in result
    ]


def _is_number(context: Any, node: Any) -> bool:
    """Whether a term is a numeral, or written as a quotient or negation of numbers."""
    kind = z3.Z3_get_ast_kind(context.ref(), node)
    if kind != z3.Z3_APP_AST:
        return bool(kind == z3.Z3_NUMERAL_AST)
    operation = z3.Z3_get_decl_kind(context.ref(), z3.Z3_get_app_decl(context.ref(), node))
    count = z3.Z3_get_app_num_args(context.ref(), node)
    arguments = (z3.Z3_get_app_arg(context.ref(), node, i) for i in range(count))
    return operation in (z3.Z3_OP_UMINUS, z3.Z3_OP_DIV) and all(_is_number(context, a) for a in arguments)


def is_value(term: Term) -> bool:
    """Whether ``term`` is a numeral or a truth value."""
    context, node = term.ctx.ref(), term.as_ast()
    kind = z3.Z3_get_ast_kind(context, node)
    if kind == z3.Z3_NUMERAL_AST:
        return True
    if kind != z3.Z3_APP_AST or z3.Z3_get_app_num_args(context, node):
        return False
    return z3.Z3_get_decl_kind(context, z3.Z3_get_app_decl(context, node)) in (z3.Z3_OP_TRUE, z3.Z3_OP_FALSE)


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

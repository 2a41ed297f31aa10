"""The border to z3: the one place that loads it, and the helpers that every engine needs.

z3 carries no types, so terms are `Term` here; whatever leaves this package is typed. Modules that import this one are
themselves imported on demand, so that z3 is not loaded with syncml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ctypes import PYFUNCTYPE, c_char_p, c_uint, c_void_p, cast
from fractions import Fraction
from importlib import import_module
from typing import Any, TypeAlias

z3: Any = import_module("z3")
# Otherwise a solver takes the interrupt of the user for itself, and the program never hears of it.
z3.set_param("ctrl_c", False)
# The library checks the sorts of what it is given; that the package in front of it does so too, as if it were run
# without -O, takes most of the time of a substitution.
z3.z3.Z3_DEBUG = False

Term: TypeAlias = Any
"""A z3 expression."""


def _direct(name: str, result: Any, *parameters: Any) -> Any:
    """A function of the library as it is, for what looks at a term that is there and so cannot fail.

    The package converts each argument in Python and asks for an error behind each call, which takes twice the time of
    the call itself.
    """
    function = getattr(z3, name).__defaults__[0].f
    prototype: Any = PYFUNCTYPE(result, *parameters)
    return prototype(cast(function, c_void_p).value)


_TERM = (c_void_p, c_void_p)
"""What most of them take: a context and a term, or what belongs to one."""

_id = _direct("Z3_get_ast_id", c_uint, *_TERM)
_kind = _direct("Z3_get_ast_kind", c_uint, *_TERM)
_count = _direct("Z3_get_app_num_args", c_uint, *_TERM)
_sort = _direct("Z3_get_sort", z3.Sort, *_TERM)
_argument = _direct("Z3_get_app_arg", z3.Ast, *_TERM, c_uint)
_declaration = _direct("Z3_get_app_decl", c_void_p, *_TERM)
_operation = _direct("Z3_get_decl_kind", c_uint, *_TERM)
_symbol = _direct("Z3_get_decl_name", c_void_p, *_TERM)
_text = _direct("Z3_get_symbol_string", c_char_p, *_TERM)


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

    A constant is an operation without arguments.
    """
    roots = list(terms)
    if not roots:
        return
    context, seen = roots[0].ctx.ref(), set[int]()
    stack = [t.as_ast() for t in roots]
    while stack:
        node = stack.pop()
        key = _id(context, node)
        if key in seen:
            continue
        seen.add(key)
        if _kind(context, node) != z3.Z3_APP_AST:
            continue
        arguments = [_argument(context, node, i) for i in range(_count(context, node))]
        yield node, _operation(context, _declaration(context, node)), arguments
        stack += arguments


def name_of(context: Any, node: Any) -> str:
    """The name of the function of an operation, both by their handles in the library."""
    name: bytes = _text(context, _symbol(context, _declaration(context, node)))
    return name.decode()


def is_constant(term: Term) -> bool:
    """Whether ``term`` is an uninterpreted constant."""
    context, node = term.ctx.ref(), term.as_ast()
    return (
        _kind(context, node) == z3.Z3_APP_AST
        and not _count(context, node)
        and _operation(context, _declaration(context, node)) == z3.Z3_OP_UNINTERPRETED
    )


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
            yield name_of(roots[0].ctx.ref(), node)


def any_of(terms: Sequence[Term]) -> Term:
    """The disjunction of many Booleans; z3's own function looks at each of them several times."""
    context = terms[0].ctx
    return z3.BoolRef(z3.Z3_mk_or(context.ref(), len(terms), _array(terms)), context)


def bundle(terms: Sequence[Term]) -> Term:
    """One term whose arguments are all of them, at least one."""
    context, handles = terms[0].ctx, _array(terms)
    sorts = (z3.Sort * len(terms))(*(_sort(context.ref(), each) for each in handles))
    name, truth = z3.to_symbol("bundle!", context), z3.BoolSort(context)
    made = z3.Z3_mk_func_decl(context.ref(), name, len(terms), sorts, truth.ast)
    declaration = z3.FuncDeclRef(made, context)
    return z3.BoolRef(z3.Z3_mk_app(context.ref(), declaration.ast, len(terms), handles), context)


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
    kind = _kind(context, node)
    if kind == z3.Z3_NUMERAL_AST:
        return True
    if kind != z3.Z3_APP_AST or _count(context, node):
        return False
    return _operation(context, _declaration(context, node)) in (z3.Z3_OP_TRUE, z3.Z3_OP_FALSE)


def number_of(term: Term) -> int | Fraction:
    """The number that a model gives; a bit vector has a sign."""
    return int(term.as_signed_long()) if z3.is_bv_value(term) else value_of(term)


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

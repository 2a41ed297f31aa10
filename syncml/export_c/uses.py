"""What a piece of C uses: the functions that it calls and the headers that it needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncml.export_c.ctree import (
    Branch,
    Call,
    Cast,
    CExpr,
    Choice,
    Conditional,
    ConstantArray,
    CStmt,
    CTop,
    Declare,
    Do,
    FunctionDefinition,
    Infix,
    Loop,
    Member,
    Name,
    Number,
    Prefix,
    Remark,
    Return,
    Set,
    Struct,
    Subscript,
    Text,
)
from syncml.export_c.helpers import HELPERS

_MATH = frozenset({"sqrt", "sqrtf", "fabs", "fabsf", "NAN", "INFINITY"})


def _statement_expressions(statements: Iterable[CStmt | ConstantArray]) -> Iterator[CExpr]:
    for statement in statements:
        match statement:
            case Declare():
                if statement.initial is not None and not isinstance(statement.initial, bool):
                    yield statement.initial
            case Set():
                yield statement.target
                yield statement.value
            case Do():
                yield statement.call
            case Return():
                yield statement.value
            case Branch():
                yield statement.condition
                yield from _statement_expressions((*statement.then, *statement.otherwise))
            case Choice():
                yield statement.scrutinee
                for body in (*(body for _, body in statement.cases), statement.default):
                    yield from _statement_expressions(body)
            case Loop():
                yield from _statement_expressions(statement.body)
            case Remark() | ConstantArray():
                pass


def _names(expression: CExpr) -> Iterator[str]:
    """Every name and every called function in ``expression``."""
    pending = [expression]
    while pending:
        match pending.pop():
            case Name(text):
                yield text
            case Number():
                pass
            case Member(inner) | Prefix(_, inner) | Cast(_, inner):
                pending.append(inner)
            case Subscript(array, index):
                pending += (index, array)
            case Call(function, arguments):
                yield function
                pending += arguments
            case Infix(_, left, right):
                pending += (right, left)
            case Conditional(condition, then, otherwise):
                pending += (otherwise, then, condition)


def names_in(statements: Iterable[CStmt | ConstantArray]) -> frozenset[str]:
    """Every name that the expressions of ``statements`` mention."""
    return frozenset(name for expression in _statement_expressions(statements) for name in _names(expression))


def called(items: Iterable[CTop]) -> frozenset[str]:
    """The names that the functions among ``items`` use."""
    found: set[str] = set()
    for item in items:
        if isinstance(item, FunctionDefinition):
            found |= names_in(item.body)
    return frozenset(found)


def headers(items: Iterable[CTop]) -> list[str]:
    """The ``#include`` lines for what ``items`` use, those of fixed-width types and Booleans always among them."""
    items = list(items)
    used = called(items)
    values = frozenset(value.lstrip("-").removeprefix("(double)") for value in _array_values(items))
    wanted = {"stdbool.h", "stdint.h"}
    if any(isinstance(item, FunctionDefinition) and _counts(item.body) for item in items):
        wanted.add("stddef.h")
    if _MATH & (used | values):
        wanted.add("math.h")
    if any("memcpy" in line for name in used & HELPERS.keys() for line in HELPERS[name].lines):
        wanted.add("string.h")
    return [f"#include <{name}>" for name in sorted(wanted)]


def _counts(body: Iterable[CStmt | ConstantArray]) -> bool:
    """Whether ``body`` has a loop, whose counter is a ``size_t``."""
    for statement in body:
        match statement:
            case Loop():
                return True
            case Branch():
                if _counts((*statement.then, *statement.otherwise)):
                    return True
            case Choice():
                if any(map(_counts, (*(inner for _, inner in statement.cases), statement.default))):
                    return True
            case _:
                pass
    return False


def _array_values(items: Iterable[CTop]) -> Iterator[str]:
    for item in items:
        match item:
            case ConstantArray():
                yield from item.values
            case FunctionDefinition():
                for statement in item.body:
                    if isinstance(statement, ConstantArray):
                        yield from statement.values
            case Struct() | Text():
                pass

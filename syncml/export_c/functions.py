"""Pure step functions as ``static inline`` C functions.

Rule: parameters and locals of a `Function` become parameters and ``const`` locals of one C function whose only
``return`` is its last statement; its tables become constant arrays inside of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncml.export_c.asides import Asides
from syncml.export_c.ctree import (
    CExpr,
    ConstantArray,
    CStmt,
    CTop,
    Declare,
    FunctionDefinition,
    Name,
    Return,
    Text,
    Variable,
)
from syncml.export_c.expressions import Scope, lower
from syncml.export_c.helpers import HELPERS, definitions
from syncml.export_c.naming import NameScope
from syncml.export_c.printer import print_top, text_of
from syncml.export_c.scalars import array_values, c_type
from syncml.export_c.uses import called, headers
from syncml.ir.constants import Array, Const
from syncml.ir.step.syntax import Apply, Function, Slot
from syncml.ir.step.traverse import walk
from syncml.ir.types import element, shape


def callees_first(functions: Iterable[Function]) -> tuple[Function, ...]:
    """``functions`` and all that they apply, each once and after those that it applies itself."""
    order: dict[Function, None] = {}
    stack = [(function, False) for function in functions][::-1]
    while stack:
        function, visited = stack.pop()
        if visited:
            order.setdefault(function)
        elif function not in order:
            stack.append((function, True))
            expressions = (*(assign.value for assign in function.body), function.result)
            applied = [part.function for e in expressions for part in walk(e) if isinstance(part, Apply)]
            stack.extend((callee, False) for callee in reversed(applied))
    return tuple(order)


def constant_array(slot: Slot, name: str, *, static: bool, comment: str = "", mark: str = "") -> ConstantArray:
    """The definition of the CONSTANT tensor ``slot`` under ``name``."""
    contents = slot.initial.value if isinstance(slot.initial, Const) else slot.initial
    if not isinstance(contents, Array):
        raise TypeError(f"constant {slot.name} has no contents")
    variable = Variable(c_type(element(slot.type)), name, shape(slot.type), const=True)
    return ConstantArray(variable, array_values(contents), static, comment, mark)


def lower_function(function: Function, name: str, names: dict[Function, str], files: NameScope) -> FunctionDefinition:
    """The C function ``name`` for ``function``; ``names`` has the functions that it applies."""
    scope = NameScope((files,))
    slots: dict[Slot, CExpr] = {}

    def claim(slot: Slot) -> str:
        claimed = scope.claim(slot.name)
        slots[slot] = Name(claimed)
        return claimed

    parameters = tuple(Variable(c_type(element(p.type)), claim(p)) for p in function.parameters)
    tables = [constant_array(table, claim(table), static=True) for table in function.tables]
    body: list[CStmt] = []

    def at(stem: str) -> Scope:
        return Scope(slots, names, {}, {}, Asides(scope, stem, declared=body))

    for assign in function.body:
        slot = assign.target.slot
        value = lower(assign.value, at(slot.name))
        body.append(Declare(Variable(c_type(element(slot.type)), claim(slot), const=True), value))
    result = Return(lower(function.result, at("result")))
    return FunctionDefinition(name, "static inline", c_type(function.result.type), parameters, (*tables, *body, result))


def lower_functions(functions: Iterable[Function], files: NameScope) -> Iterator[tuple[Function, FunctionDefinition]]:
    """The C functions for ``functions``, named in the scope of the file, in the order given (callees first)."""
    names: dict[Function, str] = {}
    for function in functions:
        names[function] = files.claim(function.name)
        yield function, lower_function(function, names[function], names, files)


def print_functions(functions: Iterable[Function]) -> str:
    """A piece of C99 that defines ``functions`` and all that they need, headers included.

    Each function is named as its step function (made a legal C name), is ``static inline`` and has one parameter
    for each of the step function's.
    """
    files = NameScope(fold_case=True)
    files.reserve(HELPERS)
    lowered = [definition for _, definition in lower_functions(callees_first(functions), files)]
    items: list[CTop] = [Text(tuple(headers(lowered))), *definitions(called(lowered)), *lowered]
    return text_of(print_top(items))


def print_function(function: Function) -> str:
    """`print_functions` of one function."""
    return print_functions((function,))

"""What constructs a piece of C is made of, by names that a list of idioms can be compared with.

Rule: a construct is a class of the C syntax tree with what distinguishes its forms in print: the operator, the flags
of a declaration, whether an ``if`` has an ``else``. `all_constructs` is derived from the classes of the tree and the
tables of the printer, so a class or an operator that is added there is missing from every list until an idiom has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args

from syncml.export_c.ctree import (
    Branch,
    Cast,
    CExpr,
    ConstantArray,
    CStmt,
    CTop,
    Declare,
    FunctionDefinition,
    Infix,
    Member,
    Prefix,
    Variable,
)
from syncml.export_c.printer import BINARY_OPERATORS

PREFIXES = ("-", "!", "~", "&", "*")
"""The operators that `ctree.Prefix` names."""

_FORMS: dict[type[Any], tuple[str, ...]] = {
    Prefix: tuple(f"Prefix {op}" for op in PREFIXES),
    Infix: tuple(f"Infix {op}" for op in sorted(BINARY_OPERATORS)),
    Member: ("Member .", "Member ->"),
    Cast: ("Cast", "Cast void", "Cast rows"),
    Declare: ("Declare", "Declare value", "Declare zero"),
    Branch: ("Branch", "Branch else"),
    ConstantArray: ("ConstantArray", "ConstantArray static"),
    FunctionDefinition: ("FunctionDefinition", "FunctionDefinition static", "FunctionDefinition static inline"),
}


def all_constructs() -> frozenset[str]:
    """Every construct that the printer can print."""
    classes = {*get_args(CExpr), *get_args(CStmt), *get_args(CTop)}
    whole = {form for kind in classes for form in _FORMS.get(kind, (kind.__name__,))}
    return frozenset(whole | {"Variable array", "Variable const", "Variable pointer", "Variable rows"})


def constructs(items: Iterable[Any]) -> frozenset[str]:
    """The constructs in trees."""
    return frozenset(name for item in _parts(items) for name in _names(item))


def _parts(items: Iterable[Any]) -> Iterator[Any]:
    """Every object of the syntax tree in ``items``."""
    pending = list(items)
    while pending:
        item = pending.pop()
        if isinstance(item, tuple):
            pending += item  # pyright: ignore[reportUnknownArgumentType]
        elif is_dataclass(item) and type(item).__module__.endswith("export_c.ctree"):
            yield item
            pending += [getattr(item, each.name) for each in fields(item)]


def _names(item: Any) -> Iterator[str]:
    match item:
        case Prefix() | Infix():
            yield f"{type(item).__name__} {item.op}"
        case Member():
            yield "Member ->" if item.arrow else "Member ."
        case Cast():
            yield "Cast void" if item.type == "void" else "Cast rows" if "(*)" in item.type else "Cast"
        case Declare():
            plain = item.initial is None or item.initial is False
            yield "Declare" if plain else "Declare zero" if item.initial is True else "Declare value"
        case Branch():
            yield "Branch else" if item.otherwise else "Branch"
        case ConstantArray():
            yield "ConstantArray static" if item.static else "ConstantArray"
        case FunctionDefinition():
            yield f"FunctionDefinition {item.qualifiers}".strip()
        case Variable():
            flags = {"const": item.const, "pointer": item.pointer, "array": len(item.extents) == 1}
            yield from (f"Variable {name}" for name, is_set in flags.items() if is_set)
            if len(item.extents) > 1:
                yield "Variable rows"
        case _:
            yield type(item).__name__

"""The parser of types.

Rule: a type is a name, perhaps with type arguments, a range, an enumeration, a record, a tuple or a subtype; behind it
stand the extents of an array, ``t^2^3``.
"""

from __future__ import annotations

from collections.abc import Callable

from syncml.diagnostics.model import Span
from syncml.lustre.cursor import Cursor, unread
from syncml.lustre.priorities import PRIORITIES
from syncml.lustre.syntax import (
    ArrayOf,
    EnumOf,
    Expression,
    NamedType,
    RangeOf,
    RecordOf,
    SubtypeOf,
    TupleOf,
    TypeExpression,
)
from syncml.lustre.tokens import Dialect, words

_CONTAINERS = words("map set sint uint")
"""Types of Kind 2 with parameters that are not read."""


class TypeParser:
    """Types from a cursor; ``expression`` reads an expression of at least a priority."""

    def __init__(self, cursor: Cursor, expression: Callable[[int], Expression]) -> None:
        self._c = cursor
        self._expression = expression

    def type(self) -> TypeExpression:
        """A type."""
        c = self._c
        start = c.span
        found: TypeExpression
        if c.accept("subrange"):
            c.expect("[")
            low = None if c.accept("*") else self._expression(0)
            c.expect(",")
            high = None if c.accept("*") else self._expression(0)
            c.expect("]")
            c.expect("of")
            c.name()
            found = RangeOf(low, high, c.since(start))
        elif c.accept("enum"):
            c.expect("{")
            names = [c.name("a constructor")]
            while c.accept(","):
                names.append(c.name("a constructor"))
            c.expect("}")
            found = EnumOf(tuple((n.text, n.span) for n in names), c.since(start))
        elif c.text in ("struct", "{"):
            c.accept("struct")
            found = self._record(start)
        elif c.text == "[":
            c.advance()
            items = [self.type()]
            while c.accept(","):
                items.append(self.type())
            c.expect("]")
            found = TupleOf(tuple(items), c.since(start))
        elif c.accept("subtype"):
            found = self.subtype(start)
        else:
            name = c.name("a type")
            if c.text == "<" and name.text in _CONTAINERS:
                raise unread(f"the type `{name.text}<...>`", start)
            arguments = self.arguments() if c.dialect is Dialect.KIND2 and c.text == "<" else ()
            found = NamedType(name.text, c.since(name.span), arguments)
        while c.accept("^"):
            size: Expression = self._expression(PRIORITIES[c.dialect].power + 1)
            found = ArrayOf(found, size, c.since(start))
        return found

    def arguments(self) -> tuple[TypeExpression, ...]:
        """``<t; u>``."""
        c = self._c
        c.expect("<")
        found = [self.type()]
        while c.accept(";", ","):
            found.append(self.type())
        c.close(">")
        return tuple(found)

    def subtype(self, start: Span) -> SubtypeOf:
        """``{ name : base | condition }``."""
        c = self._c
        c.expect("{")
        name = c.name("a name").text
        c.expect(":")
        base = self.type()
        c.expect("|")
        condition = self._expression(0)
        c.expect("}")
        return SubtypeOf(name, base, condition, c.since(start))

    def _record(self, start: Span) -> RecordOf:
        c = self._c
        c.expect("{")
        fields: list[tuple[str, TypeExpression, Expression | None]] = []
        while not c.accept("}"):
            names = [c.name("a field")]
            while c.accept(","):
                names.append(c.name("a field"))
            c.expect(":")
            type_ = self.type()
            default = self._expression(0) if c.accept("=") else None
            fields += [(n.text, type_, default) for n in names]
            if not c.accept(";", ","):
                c.expect("}", "after a field")
                break
        return RecordOf(tuple(fields), c.since(start))

"""The parser of calls that say when they run, and of static arguments.

    condact(c, f(x), d)    (activate f every c initial default (d))(x)    (restart f every r)(x)    f<<type, const, g>>

Rule: a static argument is a type, a node or an expression; what a name stands for is known only where it is
elaborated, so a name alone is an expression here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from syncml.diagnostics.model import Span
from syncml.lustre.cursor import Cursor
from syncml.lustre.priorities import OPERATORS, PRIORITIES
from syncml.lustre.syntax import (
    Callee,
    CallOf,
    Expression,
    Group,
    StaticArgument,
    TypeExpression,
)
from syncml.lustre.tokens import Kind, Token
from syncml.lustre.type_parser import TypeParser
from syncml.lustre.walk import Walk, run


class CallParser(ABC):
    """Calls and static arguments from a cursor; the rest of expressions is of those who know all forms."""

    def __init__(self, cursor: Cursor) -> None:
        self._c = cursor
        self._p = PRIORITIES[cursor.dialect]
        self._types = TypeParser(cursor, lambda least: run(self._above(least)))

    @abstractmethod
    def _above(self, least: int) -> Walk[Expression]:
        """An expression all of whose outer operators have at least priority ``least``."""

    @abstractmethod
    def _primary(self, token: Token) -> Walk[Expression]:
        """An expression that begins with ``token`` and has no operator outside."""

    def type(self) -> TypeExpression:
        """A type."""
        return self._types.type()

    def callee(self) -> Callee:
        """A node or operator with its static arguments."""
        return run(self._callee())

    def static_argument(self) -> StaticArgument:
        """A static argument of any kind."""
        return run(self._static_argument())

    def _list(self, closing: str) -> Walk[list[Expression]]:
        """Expressions with commas up to ``closing``."""
        items: list[Expression] = []
        while not self._c.accept(closing):
            items.append((yield self._above(0)))
            if not self._c.accept(","):
                self._c.expect(closing)
                break
        return items

    def _condact(self) -> Walk[Expression]:
        """``condact(c, f(x), default, ...)``, the call perhaps restarted."""
        c = self._c
        start = c.expect("condact").span
        c.expect("(")
        condition: Expression = yield self._above(0)
        c.expect(",")
        call: Expression = yield self._primary(c.token)
        if not isinstance(call, CallOf):
            raise c.fault("a call")
        defaults: list[Expression] = []
        if c.accept(","):
            defaults = yield self._list(")")
        else:
            c.expect(")")
        return CallOf(call.callee, call.arguments, c.since(start), call.restart, condition, tuple(defaults))

    def _activation(self, start: Span) -> Walk[Expression]:
        """Behind ``(``: ``activate N every c [initial default (d)] [restart every r])(x)``, or restarted."""
        c = self._c
        restart: Expression | None = None
        activation: Expression | None = None
        defaults: tuple[Expression, ...] | None = None
        if c.accept("restart"):
            callee: Callee = yield self._callee()
            c.expect("every")
            restart = yield self._above(0)
        else:
            c.expect("activate")
            if c.accept("("):
                c.expect("restart")
                callee = yield self._callee()
                c.expect("every")
                restart = yield self._above(0)
                c.expect(")")
            else:
                callee = yield self._callee()
            c.expect("every")
            activation = yield self._above(0)
            if c.accept("initial"):
                c.expect("default")
                values: list[Expression] = [(yield self._above(0))]
                while c.accept(","):
                    values.append((yield self._above(0)))
                first = values[0]
                alone = len(values) == 1 and isinstance(first, Group) and first.kind == "tuple"
                defaults = first.items if alone and isinstance(first, Group) else tuple(values)
            if c.accept("restart"):
                c.expect("every")
                restart = yield self._above(0)
        c.expect(")")
        c.expect("(")
        arguments: list[Expression] = yield self._list(")")
        return CallOf(callee, tuple(arguments), c.since(start), restart, activation, defaults)

    def _callee(self) -> Walk[Callee]:
        c = self._c
        start = c.span
        if c.text in OPERATORS:
            return Callee(c.advance().text, (), start)
        name = c.name("a node")
        statics: tuple[StaticArgument, ...] = ()
        if c.text == "<<":
            statics = yield self._statics()
        elif c.text == "@" and c.peek().text == "<":
            c.advance()
            statics = self._types.arguments()
        return Callee(name.text, statics, c.since(start))

    def _statics(self) -> Walk[tuple[StaticArgument, ...]]:
        c = self._c
        c.expect("<<")
        found: list[StaticArgument] = []
        while not c.accept(">>"):
            found.append((yield self._static_argument()))
            if not c.accept(",", ";"):
                c.expect(">>")
                break
        return tuple(found)

    def _static_argument(self) -> Walk[StaticArgument]:
        c = self._c
        if c.accept("type"):
            return self.type()
        if c.accept("const"):
            constant: Expression = yield self._above(0)
            return constant
        if c.accept("node", "function"):
            callee: Callee = yield self._callee()
            return callee
        behind = c.peek().text
        if c.text in OPERATORS and behind in (",", ";", ">>", ")"):
            operator = c.advance()
            return Callee(operator.text, (), operator.span)
        if c.text in ("bool", "int", "real") and behind in (",", ";", ">>", ")", "^"):
            return self.type()
        if c.token.kind is Kind.NAME and behind == "<<":
            callee = yield self._callee()
            return callee
        value: Expression = yield self._above(0)
        return value
